"""The planner: which trial next, so that each second helps the decision and none breaks the budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from headstart.core import Arm, Recipe
from headstart.strategies import FitHead, Setting, get_strategy
from headstart.studies.cost import CostModel
from headstart.studies.tuning import (
    LONGER,
    SMALLEST_PER_CLASS,
    chosen_recipe,
    equal_effort,
    recipes_for,
    widened,
)
from headstart.studies.view import StudyView
from headstart.training import TrialContext

TUNING_SHARE = 0.25
PLANNED_SHARE = 0.85  # the rest is for what predictions miss
FINISHING_SHARE = 0.35
CLEARLY = 0.02
CLEARLY_SMALL_TEST = 0.002  # a small test part is looked at again and again: demand far more


@dataclass(frozen=True)
class Proposal:
    """A trial that the planner wants, with its predicted seconds."""

    role: str
    arm: Arm
    recipe: Recipe
    n: int
    repeat: int
    fold: int
    seconds: float
    informed: bool = False


@dataclass
class Plan:
    """What the study intends to do.

    Attributes:
        sizes: Nested sizes up to ``comparison_size``, ascending.
        comparison_size: Largest n at which both paradigms can finish their own schedules.
        tuning_size: Where recipes are chosen; None if only centre recipes are used.
        evaluations: Recipes tried, by arm key.
        left_out: (what, why) pairs.
        fixed: The comparison size neither grows nor is exceeded: a comparison, not a search for a winner.
    """

    sizes: tuple[int, ...]
    comparison_size: int
    tuning_size: int | None
    evaluations: dict[str, int]
    total_seconds: float
    left_out: list[tuple[str, str]] = field(default_factory=list)
    rows: list[dict] = field(default_factory=list)
    fixed: bool = False


class Planner:
    """Proposes trials in the order of their worth.

    Args:
        view: What is known.
        context: Data and candidates.
        cost: Predictions.
        mirrored: Whether mirror images keep their label.
        budget_seconds: Allowed in all.
    """

    def __init__(
        self, view: StudyView, context: TrialContext, cost: CostModel, mirrored: bool, budget_seconds: float
    ) -> None:
        self.view, self.context, self.cost, self.mirrored = view, context, cost, mirrored
        self.budget_seconds = budget_seconds
        self.dropped: dict[str, str] = {}

    def setting(self, arm: Arm, n: int) -> Setting:
        """The setting of an arm at a size."""
        candidate = self.context.candidates[arm.candidate]
        return Setting(
            modality=candidate.modality, family=candidate.family, n=n, num_classes=len(self.view.data.class_names),
            mirrored=self.mirrored,
        )  # fmt: skip

    def cheap(self, arm: Arm) -> bool:
        """Whether an arm needs no gradient descent."""
        family = self.context.candidates[arm.candidate].family
        return all(isinstance(phase, FitHead) for phase in get_strategy(arm.strategy).phases(family))

    def seconds(self, arm: Arm, recipe: Recipe, n: int, role: str) -> float:
        """Predicted seconds of a trial."""
        split = self.view.splits[0]
        measured = len(split.test) if role == "measuring" else n // 5
        embed = 0
        if self.cheap(arm) and self.context.candidates[arm.candidate].family != "tfidf":
            rows = np.concatenate([split.pool[:n], split.test])
            embed = len(self.context.feature_cache(arm.candidate).missing(rows, len(self.view.data.labels)))
        return self.cost.predict(arm, recipe, n, measured, self.context, embed)

    def grid(self) -> list[int]:
        """Pool size, its half, its quarter ... down to a few examples of each class."""
        floor = max(5 * len(self.view.data.class_names), 20)
        sizes = [self.view.pool_size]
        while sizes[-1] // 2 >= floor:
            sizes.append(sizes[-1] // 2)
        return sizes

    def make_plan(self, seconds_left: float) -> Plan:
        """Find the arms, the comparison size and the tuning effort that the time allows.

        All arms take part if the comparison still reaches a quarter of the pool with them. Otherwise
        the costliest arm that is not the last of its paradigm stays out, and so on.
        """
        arms = list(self.view.arms)
        out: list[tuple[Arm, str]] = []
        plan = self._largest_plan(arms, seconds_left)
        while plan is None or plan.comparison_size < self.view.pool_size // 4:
            spare = [arm for arm in arms if sum(other.paradigm == arm.paradigm for other in arms) > 1]
            if not spare:
                break
            costliest = max(spare, key=lambda arm: self._measuring_seconds(arm, self.view.pool_size))
            fewer = [arm for arm in arms if arm != costliest]
            smaller_plan = self._largest_plan(fewer, seconds_left)
            if plan and (smaller_plan is None or smaller_plan.comparison_size <= plan.comparison_size):
                break
            seconds = self._measuring_seconds(costliest, self.view.pool_size)
            out.append((costliest, f"one run on all labels would take {seconds / 60:.0f} min"))
            arms, plan = fewer, smaller_plan
        if plan is None:
            plan = self._plans_at(self.grid()[-1], arms)[-1]
        self.dropped.update({arm.key: reason for arm, reason in out})
        plan.left_out += [(arm.name, reason) for arm, reason in out]
        plan.rows = self._rows(plan, arms)
        if plan.tuning_size is None:
            plan.left_out.append(("tuning", "centre recipes only: " + self._why_untuned(plan)))
        if plan.comparison_size < self.view.pool_size:
            plan.left_out.append((
                f"comparison beyond {plan.comparison_size:,} labels",
                "both paradigms could not finish their schedules there in time; only the leading arm trains on all "
                f"{self.view.pool_size:,}",
            ))  # fmt: skip
        return plan

    def _largest_plan(self, arms: list[Arm], seconds_left: float) -> Plan | None:
        for size in self.grid():
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
        floor = max(5 * len(self.view.data.class_names), 20)
        sizes = sorted({n for n in (size, size // 4, size // 16) if n >= floor or n == size})
        tuning_size = self._tuning_size(sizes)
        settings = {arm.key: self.setting(arm, tuning_size or size) for arm in arms}
        plans = []
        for effort in equal_effort(arms, settings):
            tuned = any(count > 1 for count in effort.values())
            if tuned and tuning_size is None:
                continue
            tuning = self._tuning_seconds(arms, settings, effort, tuning_size or size) if tuned else 0.0
            if tuning > TUNING_SHARE * self.budget_seconds:
                continue
            measuring = sum(self._measuring_seconds(arm, n) for arm in arms for n in sizes)
            total = tuning + measuring + self._finishing_seconds(arms, size)
            plans.append(Plan(tuple(sizes), size, tuning_size if tuned else None, effort, total))
        return plans

    def _tuning_size(self, sizes: list[int]) -> int | None:
        """A quarter of the comparison size where that suffices for a held-out choice, else the whole."""
        enough = SMALLEST_PER_CLASS * len(self.view.data.class_names)
        usable = [n for n in sizes[-2:] if n >= enough]
        return usable[0] if usable else None

    def _tuning_seconds(
        self, arms: list[Arm], settings: dict[str, Setting], effort: dict[str, int], size: int
    ) -> float:
        return sum(
            self.seconds(arm, recipe, size, "tuning")
            for arm in arms
            if effort[arm.key] > 1
            for recipe in recipes_for(arm, settings[arm.key])[: effort[arm.key]]
        )

    def _measuring_seconds(self, arm: Arm, n: int) -> float:
        return self.seconds(arm, recipes_for(arm, self.setting(arm, n))[0], n, "measuring")

    def _finishing_seconds(self, arms: list[Arm], size: int) -> float:
        if size >= self.view.pool_size:
            return 0.0
        longest = max(self._measuring_seconds(arm, self.view.pool_size) for arm in arms)
        return min(longest, FINISHING_SHARE * self.budget_seconds)

    def _rows(self, plan: Plan, arms: list[Arm]) -> list[dict]:
        rows = []
        for arm in arms:
            seconds = sum(self._measuring_seconds(arm, n) for n in plan.sizes)
            if plan.tuning_size:
                settings = {arm.key: self.setting(arm, plan.tuning_size)}
                seconds += self._tuning_seconds([arm], settings, plan.evaluations, plan.tuning_size)
            rows.append({
                "arm": arm.name, "sizes": list(plan.sizes), "repeats": self.view.repeats,
                "recipes": plan.evaluations[arm.key], "seconds": seconds,
            })  # fmt: skip
        return rows

    def grow(self, plan: Plan, seconds_left: float) -> bool:
        """Raise the comparison size when everything planned is done and a larger one still fits.

        Predictions lean to the long side, so time is often left over; the plan is changed in place.

        Returns:
            Whether there is something new to do.
        """
        arms = [arm for arm in self.view.arms if arm.key not in self.dropped]
        for size in [] if plan.fixed else self.grid():
            if size <= plan.comparison_size:
                return False
            open_arms = [arm for arm in arms if not self._done("measuring", arm, size, 0)]
            if sum(self._measuring_seconds(arm, size) for arm in open_arms) <= PLANNED_SHARE * seconds_left:
                plan.sizes, plan.comparison_size = (*plan.sizes, size), size
                return True
        return False

    def next(self, plan: Plan, seconds_left: float) -> Proposal | None:
        """The first trial in the order of worth that has not been run and can end in time."""
        for proposal, reserve in self._wanted(plan):
            if proposal.seconds + reserve <= seconds_left:
                return proposal
        return None

    def _wanted(self, plan: Plan) -> Iterator[tuple[Proposal, float]]:
        """Open trials in the order of their worth, each with the seconds to keep back behind it."""
        arms = [arm for arm in self.view.arms if arm.key not in self.dropped]
        cheap = [arm for arm in arms if self.cheap(arm)]
        reserve = self._finishing_reserve(plan)
        size = plan.comparison_size
        # 1. seconds of work that already give a valid answer
        for n in plan.sizes:
            for arm in cheap:
                if plan.evaluations[arm.key] == 1:
                    yield from self._measuring(plan, arm, n, 0, 0.0)
        # 2. equal tuning
        yield from self._tuning(plan, arms)
        # 3. every arm once, up to the comparison size
        for n in plan.sizes:
            for arm in arms:
                yield from self._measuring(plan, arm, n, 0, reserve if n < size else 0.0)
        # 4. a second look at the comparison size, then the winner on everything, then the rest
        yield from self._repeats(plan, arms, 1, reserve)
        yield from self._finish(plan)
        yield from self._convergence(plan, arms)
        for repeat in range(2, self.view.repeats):
            yield from self._repeats(plan, arms, repeat, 0.0)
        for n in plan.sizes[:-1]:
            for arm in arms:
                yield from self._measuring(plan, arm, n, 1, 0.0)

    def _repeats(self, plan: Plan, arms: list[Arm], repeat: int, reserve: float) -> Iterator[tuple[Proposal, float]]:
        for arm in sorted(arms, key=lambda arm: -self._standing(arm, plan.comparison_size)):
            yield from self._measuring(plan, arm, plan.comparison_size, repeat, reserve)

    def _standing(self, arm: Arm, n: int) -> float:
        draws = self.view.draws(n, part="judge")
        return draws.p_best(arm.key) if draws and arm.key in draws.arms else 0.0

    def _done(self, role: str, arm: Arm, n: int, repeat: int, recipe: Recipe | None = None) -> bool:
        return any(
            trial.spec.role == role and trial.spec.arm == arm and trial.spec.n == n and trial.spec.repeat == repeat
            and (recipe is None or trial.spec.recipe == recipe)
            for trial in self.view.store.trials()
        )  # fmt: skip

    def _measuring(
        self, plan: Plan, arm: Arm, n: int, repeat: int, reserve: float
    ) -> Iterator[tuple[Proposal, float]]:
        if self._done("measuring", arm, n, repeat):
            return
        recipe, tuned_at = chosen_recipe(self.view, arm, self.setting(arm, n))
        informed = tuned_at is not None and (n < tuned_at or repeat > 0)
        fold = repeat % len(self.view.splits)
        yield Proposal(
            "measuring", arm, recipe, n, repeat, fold, self.seconds(arm, recipe, n, "measuring"), informed
        ), reserve  # fmt: skip

    def _tuning(self, plan: Plan, arms: list[Arm]) -> Iterator[tuple[Proposal, float]]:
        if plan.tuning_size is None:
            return
        n = plan.tuning_size
        for rank in range(max(plan.evaluations.values())):
            for arm in arms:
                recipes = recipes_for(arm, self.setting(arm, n))
                if plan.evaluations[arm.key] > 1 and rank < plan.evaluations[arm.key]:
                    yield from self._tuning_trial(arm, recipes[rank], n)
        yield from self._widening(plan, arms, n)

    def _widening(self, plan: Plan, arms: list[Arm], n: int) -> Iterator[tuple[Proposal, float]]:
        """When a best recipe lies at the edge, one further; the other paradigm gets one more as well."""
        tuned = [arm for arm in arms if plan.evaluations[arm.key] > 1]
        beyond = {}
        for arm in tuned:
            recipes = recipes_for(arm, self.setting(arm, n))
            best, _ = chosen_recipe(self.view, arm, self.setting(arm, n))
            further = widened(recipes, best)
            if further is not None:
                beyond[arm.key] = further
        sides = {arm.paradigm for arm in tuned if arm.key in beyond}
        if not sides or self._tuning_spent() > TUNING_SHARE * self.budget_seconds * 0.8:
            return
        for arm in tuned:
            recipes = recipes_for(arm, self.setting(arm, n))
            untried = recipes[plan.evaluations[arm.key] :]
            if arm.key in beyond:
                yield from self._tuning_trial(arm, beyond[arm.key], n)
            elif arm.paradigm not in sides and untried:
                yield from self._tuning_trial(arm, untried[0], n)

    def _tuning_spent(self) -> float:
        return sum(trial.ended - trial.started for trial in self.view.store.trials() if trial.spec.role == "tuning")

    def _tuning_trial(self, arm: Arm, recipe: Recipe, n: int) -> Iterator[tuple[Proposal, float]]:
        if not self._done("tuning", arm, n, 0, recipe):
            yield Proposal("tuning", arm, recipe, n, 0, 0, self.seconds(arm, recipe, n, "tuning")), 0.0

    def leader(self, n: int) -> Arm | None:
        """The arm that is best at a size on the judge part, as far as is known."""
        draws = self.view.draws(n, part="judge")
        if draws is None:
            return None
        best = draws.arms[int(np.argmax(draws.estimates))]
        return next(arm for arm in self.view.arms if arm.key == best)

    def _finish(self, plan: Plan) -> Iterator[tuple[Proposal, float]]:
        leader = self.leader(plan.comparison_size)
        if leader is None or plan.fixed or plan.comparison_size >= self.view.pool_size:
            return
        if self.view.sizes(leader.key)[-1] > plan.comparison_size:
            return
        for n in self.grid():
            if n > plan.comparison_size:
                yield from self._measuring(plan, leader, n, 0, 0.0)

    def _finishing_reserve(self, plan: Plan) -> float:
        leader = self.leader(plan.comparison_size)
        if plan.fixed or plan.comparison_size >= self.view.pool_size:
            return 0.0
        if leader is None:
            return self._finishing_seconds(list(self.view.arms), plan.comparison_size)
        if self.view.sizes(leader.key)[-1] > plan.comparison_size:
            return 0.0
        return min(self._measuring_seconds(leader, self.view.pool_size), FINISHING_SHARE * self.budget_seconds)

    def _convergence(self, plan: Plan, arms: list[Arm]) -> Iterator[tuple[Proposal, float]]:
        """Twice the steps for the best from-scratch arm at the tuning size."""
        scratch = [arm for arm in arms if arm.paradigm == "scratch" and not self.cheap(arm)]
        if plan.tuning_size is None or not scratch:
            return
        best = max(scratch, key=lambda arm: self._standing(arm, plan.comparison_size))
        if plan.evaluations[best.key] < 2:
            return
        recipe, _ = chosen_recipe(self.view, best, self.setting(best, plan.tuning_size))
        longer = recipe.model_copy(update={"steps": recipe.steps * 2, "label": recipe.label + LONGER})
        yield from self._tuning_trial(best, longer, plan.tuning_size)

    def drop_clearly_worse(self, plan: Plan) -> list[tuple[Arm, str]]:
        """Drop arms that are clearly behind another of their paradigm and are not catching up.

        Judged at the largest size below the comparison size that all have reached. An arm whose gap
        shrinks with n stays: frozen features lead at few labels by construction.
        """
        news = []
        for paradigm in ("transfer", "scratch", "hybrid"):
            alive = [arm for arm in self.view.arms if arm.paradigm == paradigm and arm.key not in self.dropped]
            common = [n for n in plan.sizes[:-1] if all(n in self.view.sizes(arm.key) for arm in alive)]
            if len(alive) < 2 or len(common) < 2:
                continue
            news += self._drop_among(alive, common[-2], common[-1])
        return news

    def _drop_among(self, alive: list[Arm], earlier: int, later: int) -> list[tuple[Arm, str]]:
        before, after = (self.view.draws(n, alive, "judge") for n in (earlier, later))
        assert before is not None
        assert after is not None
        best = after.arms[int(np.argmax(after.estimates))]
        limit = CLEARLY if self.view.judged[1] else CLEARLY_SMALL_TEST
        news = []
        for arm in alive:
            if arm.key == best:
                continue
            gap, _, high, p_better = after.difference(arm.key, best)
            gap_before, *_ = before.difference(arm.key, best)
            if p_better < limit and high < -self.view.settings.margin and gap <= gap_before:
                reason = f"{-100 * gap:.1f} points behind {best} at {later:,} labels and not catching up"
                self.dropped[arm.key] = reason
                news.append((arm, reason))
        return news
