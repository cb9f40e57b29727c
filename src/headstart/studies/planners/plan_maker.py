"""The staged plan: how far both sides can be compared, and how much tuning the time allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headstart.core import Arm
from headstart.studies.planners.base import LeftOut, Plan, PlanRow
from headstart.studies.planners.open_trials import TUNING_SHARE
from headstart.studies.planners.tuning import SMALLEST_PER_CLASS, equal_effort
from headstart.studies.state import StudyState

WORTHWHILE_PER_CLASS, WORTHWHILE = 8, 100
PLANNED_SHARE = 0.85  # the rest is for what predictions miss
FINISHING_SHARE = 0.25  # of the budget, at most, for training the winner on everything


class StagedPlan(Plan):
    """A plan with its own figures.

    Attributes:
        sizes: Nested sizes up to the comparison size, ascending.
        tuning_size: Where recipes are chosen; None if only default recipes are used.
        evaluations: Recipes tried, by arm key.
        too_costly: Arms that it leaves out for their cost, with the reason, by key.
    """

    sizes: tuple[int, ...]
    tuning_size: int | None = None
    evaluations: Mapping[str, int] = {}
    too_costly: Mapping[str, str] = {}


class PlanMaker:
    """Finds the largest comparison that fits.

    Args:
        state: Everything that is known.
        earlier: The plan that a smaller budget had. What it has measured costs nothing more, and its choice of
            recipes stands.
    """

    def __init__(self, state: StudyState, earlier: StagedPlan | None = None) -> None:
        self.state, self.earlier = state, earlier
        self.arms, self.budget = state.alive, state.settings.budget_seconds

    def make(self, seconds_left: float) -> StagedPlan:
        """Find the arms, the comparison size and the tuning effort that the time allows.

        The fullest line-up whose comparison reaches a size worth having; where none does, the fullest
        that fits at all.
        """
        grid = self.state.grid
        if not self.arms:
            return StagedPlan(sizes=(grid[-1],), comparison_size=grid[-1], budget_seconds=self.budget)
        tried = [(arms, self._largest_plan(arms, seconds_left)) for arms in self._line_ups()]
        useful = [(arms, plan) for arms, plan in tried if plan and plan.sizes[-1] >= self._worthwhile()]
        possible = [(arms, plan) for arms, plan in tried if plan]
        last_resort = (tried[-1][0], self._plans_at(grid[-1], tried[-1][0])[-1])
        arms, plan = (useful or possible or [last_resort])[0]
        assert plan is not None
        too_costly = {
            arm.key: f"one run on all labels would take {self._whole(arm) / 60:.0f} min"
            for arm in self.arms
            if arm not in arms
        }
        return plan.model_copy(
            update={
                "too_costly": too_costly,
                "left_out": self._left_out(plan, too_costly),
                "rows": self._rows(plan, arms),
                "comparison_size": plan.sizes[-1],
            }
        )

    def _left_out(self, plan: StagedPlan, too_costly: Mapping[str, str]) -> tuple[LeftOut, ...]:
        names = {arm.key: arm.name for arm in self.arms}
        left_out = [LeftOut(what=names[key], reason=reason) for key, reason in too_costly.items()]
        if plan.tuning_size is None:
            left_out.append(LeftOut(what="tuning", reason="default recipes only: " + self._why_untuned(plan)))
        if plan.sizes[-1] < self.state.pool_size:
            left_out.append(
                LeftOut(
                    what=f"comparison beyond {plan.sizes[-1]:,} labels",
                    reason="both sides could not finish their schedules there in time; only the leading option trains "
                    f"on all {self.state.pool_size:,}",
                )
            )
        return tuple(left_out)

    def _whole(self, arm: Arm) -> float:
        return self.state.default_seconds(arm, self.state.pool_size)

    def _line_ups(self) -> list[list[Arm]]:
        """All arms, then without the costliest that is not the last of its side, and so on."""
        line_ups = [self.arms]
        while True:
            arms = line_ups[-1]
            spare = [arm for arm in arms if sum(other.paradigm == arm.paradigm for other in arms) > 1]
            if not spare:
                return line_ups
            costliest = max(spare, key=self._whole)
            line_ups.append([arm for arm in arms if arm != costliest])

    def _worthwhile(self) -> int:
        """A comparison size for which arms may be given up: eight of each class, or a quarter of the pool."""
        return min(self.state.pool_size // 4, max(WORTHWHILE_PER_CLASS * self.state.classes, WORTHWHILE))

    def _largest_plan(self, arms: list[Arm], seconds_left: float) -> StagedPlan | None:
        for size in self.state.grid:
            for plan in self._plans_at(size, arms):
                if plan.total_seconds <= PLANNED_SHARE * seconds_left:
                    return plan
        return None

    def _why_untuned(self, plan: StagedPlan) -> str:
        if plan.sizes[-1] < SMALLEST_PER_CLASS * self.state.classes:
            return f"below {SMALLEST_PER_CLASS} labels per class no held-out choice can be trusted"
        return "tuning would take more than a quarter of the budget"

    def _plans_at(self, size: int, arms: list[Arm]) -> list[StagedPlan]:
        """Plans with this comparison size, the most tuning first."""
        sizes = sorted({n for n in (size, size // 4, size // 16) if n >= self.state.smallest or n == size})
        tuning_size = self._tuning_size(sizes)
        efforts = equal_effort(self.state.line_up, arms, tuning_size or size)
        earlier = self.earlier
        if earlier and earlier.tuning_size and size >= earlier.tuning_size:
            tuning_size = earlier.tuning_size
            efforts = [{arm.key: earlier.evaluations.get(arm.key, 1) for arm in arms}]
        plans = []
        for effort in efforts:
            tuned = any(count > 1 for count in effort.values())
            if tuned and tuning_size is None:
                continue
            paid = earlier is not None and earlier.tuning_size == tuning_size
            tuning = self._tuning_seconds(arms, effort, tuning_size or size) if tuned and not paid else 0.0
            if tuning > TUNING_SHARE * self.budget:
                continue
            measuring = sum(self._open_seconds(arm, n) for arm in arms for n in sizes)
            plans.append(
                StagedPlan(
                    sizes=tuple(sizes),
                    tuning_size=tuning_size if tuned else None,
                    evaluations=effort,
                    total_seconds=tuning + measuring + self._finishing_seconds(arms, size),
                    budget_seconds=self.budget,
                )
            )
        return plans

    def _tuning_seconds(self, arms: Sequence[Arm], effort: Mapping[str, int], n: int) -> float:
        state = self.state
        return sum(
            state.prices.seconds(arm, recipe, n, "tuning")
            for arm in arms
            if effort[arm.key] > 1
            for recipe in state.line_up.recipes(arm, n)[: effort[arm.key]]
        )

    def _finishing_seconds(self, arms: Sequence[Arm], size: int) -> float:
        """Seconds to keep for training the winner on everything, beyond a comparison at ``size``."""
        if size >= self.state.pool_size:
            return 0.0
        return min(max(self._whole(arm) for arm in arms), FINISHING_SHARE * self.budget)

    def _open_seconds(self, arm: Arm, n: int) -> float:
        return 0.0 if n in self.state.evidence.sizes(arm.key) else self.state.default_seconds(arm, n)

    def _tuning_size(self, sizes: list[int]) -> int | None:
        """A quarter of the comparison size where that suffices for a held-out choice, else the whole."""
        usable = [n for n in sizes[-2:] if n >= SMALLEST_PER_CLASS * self.state.classes]
        return usable[0] if usable else None

    def _rows(self, plan: StagedPlan, arms: list[Arm]) -> tuple[PlanRow, ...]:
        rows = []
        for arm in arms:
            seconds = sum(self.state.default_seconds(arm, n) for n in plan.sizes)
            if plan.tuning_size:
                seconds += self._tuning_seconds([arm], plan.evaluations, plan.tuning_size)
            rows.append(
                PlanRow(
                    arm=arm.name,
                    sizes=plan.sizes,
                    repeats=self.state.evidence.repeats,
                    recipes=plan.evaluations[arm.key],
                    seconds=seconds,
                )
            )
        return tuple(rows)
