"""The contract of a strategy: a description of where weights come from and which may move when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

from headstart.core import Paradigm, Recipe
from headstart.modalities import Candidate, Regime
from headstart.models import Network
from headstart.strategies.phases import Grown, Phase

__all__ = ["ByModality", "Regime", "Strategy", "TransferStrategy"]


class ByModality:
    """A figure that modalities differ in, with one for those that nothing better is known of.

    Args:
        default: For any other modality.
        known: By the name of a modality.
    """

    def __init__(self, default: float, **known: float) -> None:
        self.default, self.known = default, known

    def of(self, modality: str) -> float:
        """The figure of a modality."""
        return self.known.get(modality, self.default)


class Strategy(ABC):
    """One way to get from a candidate to a classifier. Pure description: it never owns a loop.

    Attributes:
        name: As people write it.
        weights: Where the network starts.
        grows: Whether :meth:`grow` chooses what follows the first phase.
        longest: Steps it may take at most, search included, as a multiple of the recipe's.
        quantised: Whether the frozen weights are held in four bits.
        inserts: Whether it puts the module that a recipe may name before the head.
        by_default: Whether a study compares it without being asked to.
        words: The arm as a phrase, with ``{}`` for the candidate; its name if not given.
        trains: Which share of the weights moves, in words.
        idea, wins, loses, cost, paper: One line each, shown by ``headstart strategies``.
    """

    name: ClassVar[str]
    paradigm: ClassVar[Paradigm]
    weights: ClassVar[Literal["pretrained", "random"]]
    by_default: ClassVar[bool] = False
    grows: ClassVar[bool] = False
    inserts: ClassVar[bool] = False
    quantised: ClassVar[bool] = False
    longest: ClassVar[float] = 1.0
    words: ClassVar[str] = ""
    trains: ClassVar[str] = "as its phases say"
    idea: ClassVar[str]
    wins: ClassVar[str]
    loses: ClassVar[str]
    cost: ClassVar[str]
    paper: ClassVar[str]

    def phrase(self, candidate: str) -> str:
        """An arm of this strategy in words, such as ``fine-tuning all of builtin:image``."""
        return (self.words or f"{self.name} of {{}}").format(candidate)

    @abstractmethod
    def refuses(self, candidate: Candidate) -> str | None:
        """Say why the strategy does not apply to a candidate, or None if it does."""

    @abstractmethod
    def phases(self, family: str) -> tuple[Phase, ...]:
        """List what the training loop shall do, in order."""

    def grow(self, done: Sequence[Grown], stages: int, recipe: Recipe) -> Phase | None:
        """Say what follows, from what each phase so far showed on held-out labels; None ends the growth.

        A phase goes on from the network that the one before left. One without an inserted module goes on from the
        last network that had none: so a module is taken out again.

        Args:
            done: Every phase so far.
            stages: Of the network.
            recipe: Of the trial.
        """
        return None

    @abstractmethod
    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """List recipes by expected gain: the default first, then its neighbours.

        The tuning policy takes as many from the front as equal effort allows; one recipe means that
        there is nothing to tune.
        """

    def members(self, recipe: Recipe) -> tuple[Recipe, ...]:
        """Recipes of the networks whose predictions a trial averages: the trial's own alone, unless overridden."""
        return (recipe,)

    def prepare(self, network: Network, recipe: Recipe, seed: int) -> Network:
        """Change a network that was just built, before any phase: put in adapters, reinitialise stages.

        Args:
            network: With a fresh head; may be changed in place.
            recipe: Of the trial.
            seed: Of whatever is drawn.
        """
        return network

    def explain(self) -> str:
        """The strategy in a paragraph."""
        return f"{self.idea} Tends to win: {self.wins} Tends to lose: {self.loses} Cost: {self.cost} ({self.paper})"


class TransferStrategy(Strategy):
    """A strategy that starts from pretrained weights and needs nothing else."""

    paradigm: ClassVar[Paradigm] = "transfer"
    weights = "pretrained"

    def refuses(self, candidate: Candidate) -> str | None:
        """Needs pretrained weights."""
        return None if candidate.has_weights else candidate.missing or "there are no pretrained weights to start from"
