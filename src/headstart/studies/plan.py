"""The plan: how far both paradigms can be compared, and how much tuning the time allows."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field

from headstart.core import Arm
from headstart.studies.pricing import Pricing
from headstart.studies.tuning import SMALLEST_PER_CLASS, equal_effort

TUNING_SHARE = 0.25
WORTHWHILE_PER_CLASS, WORTHWHILE = 8, 100
PLANNED_SHARE = 0.85  # the rest is for what predictions miss


@dataclass
class Plan:
    """What the study intends to do.

    Attributes:
        sizes: Nested sizes up to ``comparison_size``, ascending.
        comparison_size: Largest n at which both paradigms can finish their own schedules.
        tuning_size: Where recipes are chosen; None if only default recipes are used.
        evaluations: Recipes tried, by arm key.
        budget_seconds: The budget it was made for.
        left_out: (what, why) pairs.
        too_costly: Arms that it leaves out for their cost, with the reason, by key.
        fixed: The comparison size neither grows nor is exceeded: a comparison, not a search for a winner.
    """

    sizes: tuple[int, ...]
    comparison_size: int
    tuning_size: int | None
    evaluations: dict[str, int]
    total_seconds: float
    budget_seconds: float = 0.0
    left_out: list[tuple[str, str]] = field(default_factory=list)
    too_costly: dict[str, str] = field(default_factory=dict)
    rows: list[dict] = field(default_factory=list)
    fixed: bool = False

    def to_json(self) -> str:
        """As the store keeps it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """What :meth:`to_json` wrote."""
        values = json.loads(text)
        pairs = [(what, why) for what, why in values.pop("left_out")]
        return cls(**{**values, "sizes": tuple(values["sizes"]), "left_out": pairs})


class PlanMaker:
    """Finds the largest comparison that fits.

    Args:
        pricing: What trials cost.
        dropped: Keys of arms that take no part.
        earlier: The plan that a smaller budget had. What it has measured costs nothing more, and its choice of
            recipes stands.
    """

    def __init__(self, pricing: Pricing, dropped: Collection[str] = (), earlier: Plan | None = None) -> None:
        self.pricing, self.view, self.earlier = pricing, pricing.view, earlier
        self.arms = [arm for arm in self.view.arms if arm.key not in dropped]

    def make(self, seconds_left: float) -> Plan:
        """Find the arms, the comparison size and the tuning effort that the time allows.

        The fullest line-up whose comparison reaches a size worth having; where none does, the fullest
        that fits at all.
        """
        if not self.arms:
            return Plan((self.pricing.grid()[-1],), self.pricing.grid()[-1], None, {}, 0.0, self.pricing.budget_seconds)
        tried = [(arms, self._largest_plan(arms, seconds_left)) for arms in self._line_ups()]
        useful = [(arms, plan) for arms, plan in tried if plan and plan.comparison_size >= self._worthwhile()]
        possible = [(arms, plan) for arms, plan in tried if plan]
        last_resort = (tried[-1][0], self._plans_at(self.pricing.grid()[-1], tried[-1][0])[-1])
        arms, plan = (useful or possible or [last_resort])[0]
        for arm in self.arms:
            if arm not in arms:
                minutes = self.pricing.measuring_seconds(arm, self.view.pool_size) / 60
                plan.too_costly[arm.key] = f"one run on all labels would take {minutes:.0f} min"
                plan.left_out.append((arm.name, plan.too_costly[arm.key]))
        plan.rows = self._rows(plan, arms)
        if plan.tuning_size is None:
            plan.left_out.append(("tuning", "default recipes only: " + self._why_untuned(plan)))
        if plan.comparison_size < self.view.pool_size:
            plan.left_out.append(
                (
                    f"comparison beyond {plan.comparison_size:,} labels",
                    "both paradigms could not finish their schedules there in time; only the leading arm trains on all "
                    f"{self.view.pool_size:,}",
                )
            )
        return plan

    def _line_ups(self) -> list[list[Arm]]:
        """All arms, then without the costliest that is not the last of its paradigm, and so on."""
        line_ups = [self.arms]
        while True:
            arms = line_ups[-1]
            spare = [arm for arm in arms if sum(other.paradigm == arm.paradigm for other in arms) > 1]
            if not spare:
                return line_ups
            costliest = max(spare, key=lambda arm: self.pricing.measuring_seconds(arm, self.view.pool_size))
            line_ups.append([arm for arm in arms if arm != costliest])

    def _worthwhile(self) -> int:
        """A comparison size for which arms may be given up: eight of each class, or a quarter of the pool."""
        wanted = max(WORTHWHILE_PER_CLASS * len(self.view.data.class_names), WORTHWHILE)
        return min(self.view.pool_size // 4, wanted)

    def _largest_plan(self, arms: list[Arm], seconds_left: float) -> Plan | None:
        for size in self.pricing.grid():
            for plan in self._plans_at(size, arms):
                if plan.total_seconds <= PLANNED_SHARE * seconds_left:
                    return plan
        return None

    def _why_untuned(self, plan: Plan) -> str:
        classes = len(self.view.data.class_names)
        if plan.comparison_size < SMALLEST_PER_CLASS * classes:
            return f"below {SMALLEST_PER_CLASS} labels per class no held-out choice can be trusted"
        return "tuning would take more than a quarter of the budget"

    def _plans_at(self, size: int, arms: list[Arm]) -> list[Plan]:
        """Plans with this comparison size, the most tuning first."""
        floor = self.pricing.smallest
        sizes = sorted({n for n in (size, size // 4, size // 16) if n >= floor or n == size})
        tuning_size = self._tuning_size(sizes)
        settings = {arm.key: self.pricing.setting(arm, tuning_size or size) for arm in arms}
        efforts = equal_effort(arms, settings)
        if self.earlier and self.earlier.tuning_size and size >= self.earlier.tuning_size:
            tuning_size = self.earlier.tuning_size
            efforts = [{arm.key: self.earlier.evaluations.get(arm.key, 1) for arm in arms}]
        plans = []
        for effort in efforts:
            tuned = any(count > 1 for count in effort.values())
            if tuned and tuning_size is None:
                continue
            known = self.earlier is not None and self.earlier.tuning_size == tuning_size
            costs = tuned and not known
            tuning = self.pricing.tuning_seconds(arms, settings, effort, tuning_size or size) if costs else 0.0
            if tuning > TUNING_SHARE * self.pricing.budget_seconds:
                continue
            measuring = sum(self._open_seconds(arm, n) for arm in arms for n in sizes)
            total = tuning + measuring + self.pricing.finishing_seconds(arms, size)
            tuned_at = tuning_size if tuned else None
            plans.append(Plan(tuple(sizes), size, tuned_at, effort, total, self.pricing.budget_seconds))
        return plans

    def _open_seconds(self, arm: Arm, n: int) -> float:
        return 0.0 if n in self.view.sizes(arm.key) else self.pricing.measuring_seconds(arm, n)

    def _tuning_size(self, sizes: list[int]) -> int | None:
        """A quarter of the comparison size where that suffices for a held-out choice, else the whole."""
        enough = SMALLEST_PER_CLASS * len(self.view.data.class_names)
        usable = [n for n in sizes[-2:] if n >= enough]
        return usable[0] if usable else None

    def _rows(self, plan: Plan, arms: list[Arm]) -> list[dict]:
        rows = []
        for arm in arms:
            seconds = sum(self.pricing.measuring_seconds(arm, n) for n in plan.sizes)
            if plan.tuning_size:
                settings = {arm.key: self.pricing.setting(arm, plan.tuning_size)}
                seconds += self.pricing.tuning_seconds([arm], settings, plan.evaluations, plan.tuning_size)
            rows.append(
                {
                    "arm": arm.name,
                    "sizes": list(plan.sizes),
                    "repeats": self.view.repeats,
                    "recipes": plan.evaluations[arm.key],
                    "seconds": seconds,
                }
            )
        return rows
