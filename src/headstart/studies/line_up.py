"""What a planner may ask about arms without knowing strategies or networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from headstart.core import Arm, HeadstartError, Recipe, SettingsError, reason_of
from headstart.models import Candidate
from headstart.strategies import FitHead, Regime, get_strategy, only_heads


class LineUp(Protocol):
    """The arms of a study and how each may be trained."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every arm that may be compared."""

    def recipes(self, arm: Arm, n: int) -> tuple[Recipe, ...]:
        """An arm's recipes at n labels, the default first."""

    def closed_form(self, arm: Arm) -> bool:
        """Whether an arm needs no gradient descent."""

    def members(self, arm: Arm, recipe: Recipe) -> int:
        """Networks that one trial of an arm trains."""

    def may_end_early(self, arm: Arm, recipe: Recipe) -> bool:
        """Whether a trial of an arm is one run of steps, which can be brought to its end before all are done."""


@dataclass(frozen=True)
class StrategyLineUp:
    """Arms of installed strategies on resolved candidates.

    Attributes:
        candidates: By name.
        classes: Number of classes of the data.
        mirrored: Whether mirror images keep their label; recipes depend on it.
        prior: Power to which the classes' shares count in the predictions of every arm.
    """

    arms: tuple[Arm, ...]
    candidates: Mapping[str, Candidate]
    classes: int
    mirrored: bool
    prior: float = 1.0

    def regime(self, arm: Arm, n: int) -> Regime:
        """What an arm's recipes depend on at n labels."""
        candidate = self.candidates[arm.candidate]
        return Regime(candidate.modality, candidate.family, n, self.classes, self.mirrored)

    def recipes(self, arm: Arm, n: int) -> tuple[Recipe, ...]:
        """An arm's recipes at n labels, the default first."""
        try:
            recipes = get_strategy(arm.strategy).recipes(self.regime(arm, n))
        except HeadstartError:
            raise
        except Exception as error:
            raise SettingsError(
                f"strategy {arm.strategy!r} cannot list its recipes: {reason_of(error, kind=True)}",
                place="--strategy",
                hint="Repair or leave out the package that brings it",
            ) from error
        if not recipes:
            raise SettingsError(
                f"strategy {arm.strategy!r} lists no recipes",
                place="--strategy",
                hint="Repair or leave out the package that brings it",
            )
        if self.prior == 1:
            return recipes
        return tuple(recipe.model_copy(update={"prior": self.prior}) for recipe in recipes)

    def closed_form(self, arm: Arm) -> bool:
        """Whether an arm needs no gradient descent."""
        return only_heads(get_strategy(arm.strategy).phases(self.candidates[arm.candidate].family))

    def members(self, arm: Arm, recipe: Recipe) -> int:
        """Networks that one trial of an arm trains."""
        return len(get_strategy(arm.strategy).members(recipe))

    def may_end_early(self, arm: Arm, recipe: Recipe) -> bool:
        """Whether a trial of an arm is one run of steps, with nothing after it."""
        strategy = get_strategy(arm.strategy)
        *before, last = strategy.phases(self.candidates[arm.candidate].family)
        one_run = not isinstance(last, FitHead) and all(isinstance(phase, FitHead) for phase in before)
        return one_run and not strategy.grows and self.members(arm, recipe) == 1
