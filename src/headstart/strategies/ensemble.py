"""A hyper-parameter ensemble: the same strategy at several rates, predictions averaged, nothing chosen."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core import Recipe, SettingsError
from headstart.models import Candidate, Network
from headstart.strategies.base import Regime, Strategy
from headstart.strategies.phases import FitHead, Grown, Phase
from headstart.strategies.schedules import at_other_rates

PREFIX = "ensemble:"


class Ensemble(Strategy):
    """Another strategy's recipe at three rates, the three networks averaged.

    With very few labels no held-out choice between recipes can be trusted; averaging over the grid needs none
    (Luo 2026, arXiv 2603.00478).

    Args:
        inner: What the members do.
    """

    idea = "Train at three rates and average the predictions, so that no rate has to be chosen."
    wins = "with so few labels that none can be held out to choose a rate."
    loses = "where held-out labels can choose the rate: it costs the same and predicts three times slower."
    cost = "three times its strategy, in training and in predicting."
    paper = "Luo 2026, arXiv 2603.00478"

    def __init__(self, inner: Strategy) -> None:
        self.inner = inner
        self.name = f"{PREFIX}{inner.name}"  # type: ignore[misc]
        self.words = f"{inner.phrase('{}')} at three rates, averaged"  # type: ignore[misc]
        self.paradigm, self.weights = inner.paradigm, inner.weights  # type: ignore[misc]
        self.grows, self.inserts, self.trains = inner.grows, inner.inserts, inner.trains  # type: ignore[misc]
        self.longest = inner.longest  # type: ignore[misc]

    def refuses(self, candidate: Candidate) -> str | None:
        """Whatever its strategy refuses, and what is fitted in closed form."""
        if all(isinstance(phase, FitHead) for phase in self.phases(candidate.family)):
            return f"{self.inner.name} has no rate to average over"
        return self.inner.refuses(candidate)

    def phases(self, family: str) -> tuple[Phase, ...]:
        """Those of its strategy."""
        return self.inner.phases(family)

    def grow(self, done: Sequence[Grown], stages: int, recipe: Recipe) -> Phase | None:
        """As its strategy does, for each member."""
        return self.inner.grow(done, stages, recipe)

    def prepare(self, network: Network, recipe: Recipe, seed: int) -> Network:
        """As its strategy does."""
        return self.inner.prepare(network, recipe, seed)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """The default alone: there is nothing to choose."""
        return self.inner.recipes(regime)[:1]

    def members(self, recipe: Recipe) -> tuple[Recipe, ...]:
        """The recipe's rate, three times and a third of it."""
        return at_other_rates(recipe, (3.0, 1 / 3))


def ensemble_of(inner: Strategy) -> Ensemble:
    """The ensemble of a strategy.

    Raises:
        SettingsError: It is one already.
    """
    if isinstance(inner, Ensemble):
        raise SettingsError(f"{PREFIX}{inner.name} averages averages", place="--strategy", hint=f"Use {inner.name}")
    return Ensemble(inner)
