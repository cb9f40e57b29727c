"""The planner: which trial next, so that each second helps the decision and none breaks the budget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headstart.core import Arm, Recipe
from headstart.studies.dropping import clearly_worse
from headstart.studies.plan import PLANNED_SHARE, TUNING_SHARE, Plan, PlanMaker
from headstart.studies.pricing import FINISHING_SHARE, Pricing
from headstart.studies.tuning import LONGER, chosen_recipe, further_recipes, recipes_for
from headstart.studies.worth import by_worth


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


class Planner:
    """Proposes trials in the order of their worth.

    Attributes:
        dropped: Arms that take no further part, with the reason.
    """

    def __init__(self, pricing: Pricing) -> None:
        self.pricing, self.view = pricing, pricing.view
        self.dropped: dict[str, str] = {}

    def make_plan(self, seconds_left: float) -> Plan:
        """Make the plan, or go on with the stored one of this budget.

        Arms that are too costly for a plan are dropped at once; a larger budget takes them in again.
        """
        known = self.view.store.fact("plan")
        plan = Plan.from_json(known) if known else None
        self.dropped.update(self.view.dropped)
        if plan is None or plan.budget_seconds != self.pricing.budget_seconds:
            plan = PlanMaker(self.pricing, self.dropped, earlier=plan).make(seconds_left)
            self.view.store.set_fact("plan", plan.to_json())
        self.dropped.update(plan.too_costly)
        return plan

    def drop_clearly_worse(self, plan: Plan) -> list[tuple[Arm, str]]:
        """Drop arms that are clearly behind in their paradigm; returns the news."""
        alive = [arm for arm in self.view.arms if arm.key not in self.dropped]
        news = clearly_worse(self.view, plan.sizes[:-1], alive)
        self.dropped.update({arm.key: reason for arm, reason in news})
        return news

    def grow(self, plan: Plan, seconds_left: float) -> bool:
        """Raise the comparison size when everything planned is done and a larger one still fits.

        Predictions lean to the long side, so time is often left over; the plan is changed in place.

        Returns:
            Whether there is something new to do.
        """
        arms = [arm for arm in self.view.arms if arm.key not in self.dropped]
        for size in [] if plan.fixed else self.pricing.grid():
            if size <= plan.comparison_size:
                return False
            open_arms = [arm for arm in arms if not self._done("measuring", arm, size, 0)]
            if sum(self.pricing.measuring_seconds(arm, size) for arm in open_arms) <= PLANNED_SHARE * seconds_left:
                plan.sizes, plan.comparison_size = (*plan.sizes, size), size
                self.view.store.set_fact("plan", plan.to_json())
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
        cheap = [arm for arm in arms if self.pricing.cheap(arm)]
        reserve = self._finishing_reserve(plan)
        size = plan.comparison_size
        # 1. seconds of work that already give a valid answer
        if plan.tuning_size is not None:
            yield from self._listed(plan, cheap, plan.tuning_size)
        for n in plan.sizes:
            for arm in cheap:
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
        yield from self._third_size(plan, arms)
        yield from self._rest(plan, arms)

    def _repeats(self, plan: Plan, arms: list[Arm], repeat: int, reserve: float) -> Iterator[tuple[Proposal, float]]:
        for arm in sorted(arms, key=lambda arm: -self._standing(arm, plan.comparison_size)):
            yield from self._measuring(plan, arm, plan.comparison_size, repeat, reserve)

    def _third_size(self, plan: Plan, arms: list[Arm]) -> Iterator[tuple[Proposal, float]]:
        """A size between the two of a small plan, for the leader of each paradigm: two sizes carry no curve."""
        between = [n for n in self.pricing.grid() if plan.sizes[0] < n < plan.sizes[-1]]
        if plan.fixed or len(plan.sizes) != 2 or not between:
            return
        for paradigm in ("scratch", "transfer"):
            mine = [arm for arm in arms if arm.paradigm == paradigm and self._done("measuring", arm, plan.sizes[-1], 0)]
            if mine:
                leader = max(mine, key=lambda arm: self._standing(arm, plan.comparison_size))
                yield from self._measuring(plan, leader, between[0], 0, 0.0)

    def _rest(self, plan: Plan, arms: list[Arm]) -> Iterator[tuple[Proposal, float]]:
        """Further repeats, by what each is expected to do for the choice in its seconds."""
        rest = [wanted for repeat in range(2, self.view.repeats) for wanted in self._repeats(plan, arms, repeat, 0.0)]
        rest += [wanted for n in plan.sizes[:-1] for arm in arms for wanted in self._measuring(plan, arm, n, 1, 0.0)]
        trials = [(proposal.arm.key, proposal.n) for proposal, _ in rest]
        seconds = [proposal.seconds for proposal, _ in rest]
        yield from by_worth(self.view, plan.comparison_size, rest, trials, seconds)

    def _standing(self, arm: Arm, n: int) -> float:
        draws = self.view.draws(n, part="judge")
        return draws.p_best(arm.key) if draws and arm.key in draws.arms else 0.0

    def _done(self, role: str, arm: Arm, n: int, repeat: int, recipe: Recipe | None = None) -> bool:
        return any(
            trial.spec.role == role
            and trial.spec.arm == arm
            and trial.spec.n == n
            and trial.spec.repeat == repeat
            and (recipe is None or trial.spec.recipe == recipe)
            for trial in self.view.store.trials()
        )

    def _measuring(self, plan: Plan, arm: Arm, n: int, repeat: int, reserve: float) -> Iterator[tuple[Proposal, float]]:
        if self._done("measuring", arm, n, repeat):
            return
        recipe, tuned_at = chosen_recipe(self.view, arm, self.pricing.setting(arm, n))
        informed = tuned_at is not None and (n < tuned_at or repeat > 0)
        fold = repeat % len(self.view.splits)
        yield (
            Proposal(
                "measuring", arm, recipe, n, repeat, fold, self.pricing.seconds(arm, recipe, n, "measuring"), informed
            ),
            reserve,
        )

    def _tuning(self, plan: Plan, arms: list[Arm]) -> Iterator[tuple[Proposal, float]]:
        if plan.tuning_size is None:
            return
        yield from self._listed(plan, arms, plan.tuning_size)
        yield from self._widening(plan, arms, plan.tuning_size)

    def _listed(self, plan: Plan, arms: list[Arm], n: int) -> Iterator[tuple[Proposal, float]]:
        for rank in range(max(plan.evaluations.values())):
            for arm in arms:
                recipes = recipes_for(arm, self.pricing.setting(arm, n))
                if plan.evaluations[arm.key] > 1 and rank < plan.evaluations[arm.key]:
                    yield from self._tuning_trial(arm, recipes[rank], n)

    def _widening(self, plan: Plan, arms: list[Arm], n: int) -> Iterator[tuple[Proposal, float]]:
        """Once the list is through: one recipe beyond each best one at an edge, as many for either paradigm."""
        known = self.view.store.fact("widening")
        if known is None:
            if any(True for _ in self._listed(plan, arms, n)):
                return
            extra = {}
            if self._tuning_spent() <= TUNING_SHARE * self.pricing.budget_seconds * 0.8:
                tuned = [arm for arm in arms if plan.evaluations[arm.key] > 1]
                extra = further_recipes(self.view, tuned, {arm.key: self.pricing.setting(arm, n) for arm in tuned})
            known = json.dumps({key: recipe.to_json() for key, recipe in extra.items()})
            self.view.store.set_fact("widening", known)
        by_key = {arm.key: arm for arm in arms}
        for key, recipe in json.loads(known).items():
            if key in by_key:
                yield from self._tuning_trial(by_key[key], Recipe.from_json(recipe), n)

    def _tuning_spent(self) -> float:
        return sum(trial.ended - trial.started for trial in self.view.store.trials() if trial.spec.role == "tuning")

    def _tuning_trial(self, arm: Arm, recipe: Recipe, n: int) -> Iterator[tuple[Proposal, float]]:
        if not self._done("tuning", arm, n, 0, recipe):
            yield Proposal("tuning", arm, recipe, n, 0, 0, self.pricing.seconds(arm, recipe, n, "tuning")), 0.0

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
        for n in self.pricing.grid():
            if n > plan.comparison_size:
                yield from self._measuring(plan, leader, n, 0, 0.0)

    def _finishing_reserve(self, plan: Plan) -> float:
        leader = self.leader(plan.comparison_size)
        if plan.fixed or plan.comparison_size >= self.view.pool_size:
            return 0.0
        if leader is None:
            return self.pricing.finishing_seconds(list(self.view.arms), plan.comparison_size)
        if self.view.sizes(leader.key)[-1] > plan.comparison_size:
            return 0.0
        whole = self.pricing.measuring_seconds(leader, self.view.pool_size)
        return min(whole, FINISHING_SHARE * self.pricing.budget_seconds)

    def _convergence(self, plan: Plan, arms: list[Arm]) -> Iterator[tuple[Proposal, float]]:
        """Twice the steps for the best from-scratch arm at the tuning size."""
        scratch = [arm for arm in arms if arm.paradigm == "scratch" and not self.pricing.cheap(arm)]
        if plan.tuning_size is None or not scratch:
            return
        best = max(scratch, key=lambda arm: self._standing(arm, plan.comparison_size))
        if plan.evaluations[best.key] < 2:
            return
        recipe, _ = chosen_recipe(self.view, best, self.pricing.setting(best, plan.tuning_size))
        longer = recipe.model_copy(update={"steps": recipe.steps * 2, "label": recipe.label + LONGER})
        yield from self._tuning_trial(best, longer, plan.tuning_size)
