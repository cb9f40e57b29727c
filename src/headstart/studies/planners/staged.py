"""The planner in stages: a valid answer first, equal tuning, the comparison, then the winner on everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from headstart.core import Arm, TrialSpec
from headstart.studies.planners.base import Drop, Step, Stop
from headstart.studies.planners.dropping import clearly_worse
from headstart.studies.planners.open_trials import OpenTrials
from headstart.studies.planners.plan_maker import FINISHING_SHARE, PLANNED_SHARE, PlanMaker, StagedPlan
from headstart.studies.planners.tuning import chosen_recipe
from headstart.studies.planners.worth import by_worth
from headstart.studies.state import StudyState

Wanted = tuple[TrialSpec, float]  # a trial, and the seconds to keep back behind it


class StagedPlanner:
    """Compares all arms at a common size that the budget allows, then trains the leader on the whole pool."""

    name = "staged"

    def plan(self, state: StudyState, seconds: float) -> StagedPlan:
        """Find arms, comparison size and tuning effort; a stored plan of the same budget is kept."""
        earlier = _plan_of(state)
        if earlier is not None and earlier.budget_seconds == state.settings.budget_seconds:
            return earlier
        return PlanMaker(state, earlier).make(seconds)

    def suggest(self, state: StudyState, seconds: float, running: Sequence[TrialSpec]) -> Step:
        """The first trial in the order of the stages that is open and can end in time."""
        plan = _plan_of(state)
        assert plan is not None, "a study plans before it asks for trials"
        for arm in state.alive:
            if arm.key in plan.too_costly:
                return Drop(arm, plan.too_costly[arm.key], lasting=False)
        for arm, reason in clearly_worse(state.evidence, plan.sizes[:-1], state.alive):
            return Drop(arm, reason)
        moment = _Moment(state, plan, running)
        while True:
            for spec, reserve in moment.wanted():
                if state.seconds(spec) + reserve <= seconds:
                    return spec
            if running:
                return Stop("what comes next depends on what is running")
            if not moment.grow(seconds):
                return Stop("nothing that is open fits into the time that is left")


def _plan_of(state: StudyState) -> StagedPlan | None:
    return None if state.record.plan is None else StagedPlan.model_validate(state.record.plan)


class _Moment:
    """The open trials at one moment, in the order of the stages.

    Args:
        state: Everything that is known.
        plan: Made for this budget.
        running: Trials in flight.
    """

    def __init__(self, state: StudyState, plan: StagedPlan, running: Sequence[TrialSpec]) -> None:
        self.state, self.plan = state, plan
        self.evidence, self.arms = state.evidence, state.alive
        self.open = OpenTrials(state, running, plan.tuning_size, plan.evaluations)
        self.sizes, self.size = plan.sizes, plan.sizes[-1]

    def grow(self, seconds: float) -> bool:
        """Raise the comparison size when everything planned is done and a larger one still fits.

        Predictions lean to the long side, so time is often left over. Nothing is remembered: a size that several arms
        have begun is the comparison size again in the next run.
        """
        for size in self.state.grid:
            if size <= self.size:
                return False
            missing = [arm for arm in self.arms if not self.open.done("measuring", arm, size, 0)]
            begun = len(self.arms) - len(missing) > 1
            needed = sum(self.state.default_seconds(arm, size) for arm in missing)
            if needed <= (1.0 if begun else PLANNED_SHARE) * max(seconds, 0.0):
                self.sizes, self.size = (*self.sizes, size), size
                return True
        return False

    def wanted(self) -> Iterator[Wanted]:
        """Open trials in the order of their worth."""
        arms = self.arms
        cheap = [arm for arm in arms if self.state.closed_form(arm)]
        reserve = self._finishing_reserve()
        # 1. seconds of work that already give a valid answer
        yield from _all(self.open.listed(cheap))
        for n in self.sizes:
            for arm in cheap:
                yield from _all(self.open.measuring(arm, n))
        # 2. equal tuning
        yield from _all(self.open.listed(arms))
        yield from _all(self.open.widened(arms))
        # 3. every arm once, up to the comparison size
        for n in self.sizes:
            for arm in arms:
                yield from _all(self.open.measuring(arm, n), reserve if n < self.size else 0.0)
        # 4. a second look at the comparison size, then the winner on everything, then the rest
        yield from self._repeats(1, reserve)
        yield from _all(self._finish())
        yield from _all(self._convergence())
        yield from _all(self._third_size())
        yield from self._rest()

    def _repeats(self, repeat: int, reserve: float) -> Iterator[Wanted]:
        for arm in sorted(self.arms, key=lambda arm: -self._standing(arm)):
            yield from _all(self.open.measuring(arm, self.size, repeat), reserve)

    def _third_size(self) -> Iterator[TrialSpec]:
        """A size between the two of a small plan, for the leader of each side: two sizes carry no curve."""
        between = [n for n in self.state.grid if self.sizes[0] < n < self.sizes[-1]]
        if len(self.sizes) != 2 or not between:
            return
        for side in ("scratch", "transfer"):
            mine = [arm for arm in self.arms if arm.paradigm == side and self._measured(arm, self.sizes[-1])]
            if mine:
                yield from self.open.measuring(max(mine, key=self._standing), between[0])

    def _rest(self) -> Iterator[Wanted]:
        """Further repeats, by what each is expected to do for the choice in its seconds."""
        rest = [spec for repeat in range(2, self.evidence.repeats) for spec, _ in self._repeats(repeat, 0.0)]
        rest += [spec for n in self.sizes[:-1] for arm in self.arms for spec in self.open.measuring(arm, n, 1)]
        trials = [(spec.arm.key, spec.n) for spec in rest]
        seconds = [self.state.seconds(spec) for spec in rest]
        yield from _all(by_worth(self.evidence, self.size, rest, trials, seconds))

    def _measured(self, arm: Arm, n: int) -> bool:
        return n in self.evidence.sizes(arm.key)

    def _standing(self, arm: Arm) -> float:
        draws = self.evidence.draws(self.size, part="judge")
        return draws.p_best(arm.key) if draws and arm.key in draws.arms else 0.0

    def _leader(self) -> Arm | None:
        """The arm that is best at the comparison size on the judge part, as far as is known."""
        draws = self.evidence.draws(self.size, part="judge")
        if draws is None:
            return None
        best = draws.arms[int(np.argmax(draws.estimates))]
        return next(arm for arm in self.state.arms if arm.key == best)

    def _beyond(self, arm: Arm) -> bool:
        """Whether an arm was measured, or is being measured, beyond the comparison size."""
        return any(n > self.size and self.open.done("measuring", arm, n, 0) for n in self.state.grid)

    def _finish(self) -> Iterator[TrialSpec]:
        leader = self._leader()
        if leader is None or self.size >= self.state.pool_size or self._beyond(leader):
            return
        for n in self.state.grid:
            if n > self.size:
                yield from self.open.measuring(leader, n)

    def _finishing_reserve(self) -> float:
        """Seconds to keep for training the leader on everything."""
        whole, leader = self.state.pool_size, self._leader()
        if self.size >= whole or (leader is not None and self._beyond(leader)):
            return 0.0
        arms = [leader] if leader is not None else list(self.state.arms)
        longest = max(self.state.default_seconds(arm, whole) for arm in arms)
        return min(longest, FINISHING_SHARE * self.state.settings.budget_seconds)

    def _convergence(self) -> Iterator[TrialSpec]:
        """Twice the steps for the best from-scratch arm at the tuning size."""
        scratch = [arm for arm in self.arms if arm.paradigm == "scratch" and not self.state.closed_form(arm)]
        if self.plan.tuning_size is None or not scratch:
            return
        best = max(scratch, key=self._standing)
        if self.plan.evaluations.get(best.key, 1) < 2:
            return
        recipe, _ = chosen_recipe(self.evidence, self.state.line_up, best, self.plan.tuning_size)
        longer = recipe.model_copy(update={"steps": recipe.steps * 2, "label": f"{recipe.label}, steps x 2"})
        yield from self.open.tuning(best, longer, convergence_check=True)


def _all(specs: Iterator[TrialSpec] | Sequence[TrialSpec], reserve: float = 0.0) -> Iterator[Wanted]:
    return ((spec, reserve) for spec in specs)
