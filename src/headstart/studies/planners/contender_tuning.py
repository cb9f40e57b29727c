"""The recipes of contenders: as many for one as for the other, inside their share of the budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from headstart.core import Arm, TrialSpec
from headstart.studies.planners.halving import halved, halving_seconds
from headstart.studies.planners.open_trials import OpenTrials
from headstart.studies.planners.rivals import Rivals, knee
from headstart.studies.planners.tuning import SMALLEST_PER_CLASS
from headstart.studies.state import StudyState

TUNING_SHARE = 0.22  # of the budget, for the two contenders together
HELD_OUT, HELD_OUT_PART = 40, 5  # examples that a choice of recipe needs; one in so many labels is held out
CLOSED_TUNING_SHARE = 0.05  # of the budget, for each arm without gradient descent
RECIPES = 5  # of each contender at most; those that are not promising cost a part of their steps
CLOSED_RECIPES = 3  # of each arm without gradient descent at most


def recipes_to_try(state: StudyState, arms: Sequence[Arm], n: int) -> int:
    """Recipes that each of some arms tries: as many as the shortest of their lists has."""
    return min((RECIPES, *(len(state.line_up.recipes(arm, n)) for arm in arms)))


def tuning_seconds(state: StudyState, arms: Sequence[Arm], n: int, count: int) -> float:
    """Predicted seconds of a choice among the first recipes of each arm."""
    return sum(halving_seconds(state, arm, state.line_up.recipes(arm, n)[:count], n) for arm in arms)


class ContenderTuning:
    """Chooses what is tuned, where and how far.

    Args:
        rivals: The study at this moment.
    """

    def __init__(self, rivals: Rivals) -> None:
        self.rivals, self.state, self.evidence = rivals, rivals.state, rivals.evidence
        self.open = OpenTrials(rivals.state, rivals.running, self.size, self.evaluations)

    @cached_property
    def tuned(self) -> list[Arm]:
        """Arms that recipes are chosen for: those begun, and the contenders until there are two."""
        begun = self.begun
        pair = [
            arm
            for arm in (self.rivals.leader, self.rivals.challenger)
            if arm is not None and arm in self.rivals.gradient
        ]
        for arm in pair:
            if arm not in begun and len(begun) < len(pair):
                begun.append(arm)
        return begun

    def _tries(self, arm: Arm) -> int:
        return len({spec.recipe for spec in self._tuning_specs(arm)})

    @cached_property
    def size(self) -> int | None:
        """The smallest size that holds out enough examples and is not dearer than it need be."""
        known = [spec.n for arm in self.rivals.gradient for spec in self._tuning_specs(arm)]
        if known:
            return known[0]
        enough = [n for n in self.rivals.sizes if self._holds_out_enough(n)]
        if not enough or not self.tuned:
            return None
        knees = min(knee(self.state, arm) for arm in self.tuned)
        return max([n for n in enough if n <= knees], default=enough[0])

    @cached_property
    def evaluations(self) -> dict[str, int]:
        """Recipes of each tuned arm: as many for one as for the other, where the share allows it or they were begun."""
        n, tuned = self.size, self.tuned
        if n is None or not tuned:
            return {}
        count = recipes_to_try(self.state, tuned, n)
        needed = tuning_seconds(self.state, tuned, n, count)
        affordable = self.begun or needed <= min(TUNING_SHARE * self.rivals.budget, self._spare)
        return {arm.key: count for arm in tuned} if affordable and count > 1 else {}

    @property
    def begun(self) -> list[Arm]:
        """Arms with gradient descent whose recipes were begun."""
        return [arm for arm in self.rivals.gradient if self._tries(arm)]

    @property
    def _spare(self) -> float:
        """Seconds that the answer itself leaves: both sides far enough up, the leader with all labels."""
        return self.rivals.seconds - self.rivals.answer_seconds(self.rivals.leader, self.rivals.other_side)

    def trials(self) -> Iterator[TrialSpec]:
        """The contenders' recipes, in turn."""
        if self.size is not None:
            yield from halved(self.open, self.tuned, self.size, self.evaluations)

    def closed_trials(self) -> Iterator[TrialSpec]:
        """Recipes of arms without gradient descent, before they are measured: each takes a fit, not a training run."""
        for arm in self.rivals.closed:
            n = self._closed_size(arm)
            if n is not None:
                for part in range(self._parts):
                    for recipe in self.state.line_up.recipes(arm, n)[:CLOSED_RECIPES]:
                        yield from self.open.choosing(arm, n, recipe, part * len(self.evidence.splits))

    @property
    def _parts(self) -> int:
        """Parts that are held out in turn: several where one holds few groups, which say little about the others."""
        return HELD_OUT_PART if self.evidence.learns_from_few_groups else 1

    def _closed_size(self, arm: Arm) -> int | None:
        """The largest size at which an arm's recipes fit their share; None where there is nothing to choose."""
        begun = [spec.n for spec in self._tuning_specs(arm)]
        if begun or self.evidence.sizes(arm.key):
            return begun[0] if begun else None
        for n in reversed(self.rivals.sizes):
            recipes = self.state.line_up.recipes(arm, n)[:CLOSED_RECIPES]
            enough = self._holds_out_enough(n) and n >= SMALLEST_PER_CLASS * self.state.classes
            needed = self._parts * sum(self.state.prices.seconds(arm, recipe, n, "tuning") for recipe in recipes)
            if len(recipes) > 1 and enough and needed <= CLOSED_TUNING_SHARE * self.rivals.budget:
                return n
        return None

    def _holds_out_enough(self, n: int) -> bool:
        """Whether a choice can be made at a size; fewer labels of few groups may be of one, which cannot be divided."""
        whole = n == self.state.pool_size or not self.evidence.learns_from_few_groups
        return whole and n // HELD_OUT_PART >= HELD_OUT

    def _tuning_specs(self, arm: Arm) -> list[TrialSpec]:
        done = [trial.spec for trial in self.evidence.trials(arm.key, "tuning")]
        return done + [spec for spec in self.rivals.running if spec.role == "tuning" and spec.arm == arm]
