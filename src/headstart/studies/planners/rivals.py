"""Leader and challenger of a study at one moment, and the trials that would tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from headstart.core import Arm, TrialSpec
from headstart.evidence import JointDraws
from headstart.studies.planners.open_trials import OpenTrials
from headstart.studies.state import StudyState

CHEAPER = 1.1  # a size below the knee saves less than this share of the smallest size's price
FIRST_PASS_SHARE = 0.25  # of the budget, for a first look at every arm
CLOSED_SHARE = 0.3  # of the budget, for one trial of an arm without gradient descent: features are computed once
TUNING_SHARE = 0.22  # of the budget, for the two contenders together
HELD_OUT, HELD_OUT_PART = 40, 5  # examples that a choice of recipe needs; one in so many labels is held out
RECIPES = 3  # of each contender at most
STEP_UP = 4  # from the knee to the second look; and how far the outlook reaches beyond what was measured
CLIMB = 2.0  # a challenger is measured again only at so many times the labels it has had
PAIRING_SHARE = 0.15  # of the time left: below it the leader is measured at the challenger's size too
SURE_HERE, SURE_THERE = 0.95, 0.8  # P(side) at the compared size and at the target, at which a study is decided
REFIT_MARGIN, REFIT_SHARE = 1.3, 0.35  # a fifth more labels than a fold has; share of the budget at most
SMALL_SHARE = 0.1  # of the budget: a trial below it may be off
TINY_SHARE = 0.02  # of the budget: what hardly matters
UNPROVEN = 1.4  # x the price of an arm of which no trial has ended: a look at a few steps is easily wrong
OPEN = 0.05  # P(side) between this and its complement: repeats may still decide
POSSIBLE = 0.1  # P(best at the target) that makes an arm a challenger


def knee(state: StudyState, arm: Arm) -> int:
    """The largest size that costs hardly more than the smallest: schedules have a floor."""
    sizes = sorted(state.grid)
    floor = state.default_seconds(arm, sizes[0])
    return max(n for n in sizes if state.default_seconds(arm, n) <= CHEAPER * floor)


class Rivals:
    """What is open between leader and challenger.

    Args:
        state: Everything that is known.
        running: Trials in flight.
        seconds: Left for trials.
    """

    def __init__(self, state: StudyState, running: Sequence[TrialSpec], seconds: float) -> None:
        self.state, self.running, self.seconds = state, running, seconds
        self.evidence, self.budget = state.evidence, state.settings.budget_seconds
        self.sizes = sorted(state.grid)
        self.gradient = [arm for arm in state.alive if not state.closed_form(arm)]
        self.closed = [arm for arm in state.alive if state.closed_form(arm)]
        self.open = OpenTrials(state, running, self.tuning_size, self._evaluations)

    # -- the first pass ---------------------------------------------------------------------------------------------

    def first_pass(self) -> Iterator[TrialSpec]:
        """Arms without gradient descent at every size, then each other arm at its knee and at four times that."""
        for n in self.sizes:
            for arm in self.closed:
                if self.price(arm, n) <= CLOSED_SHARE * self.budget:
                    yield from self.open.measuring(arm, n)
        for arm, n in self._first_looks:
            yield from self.open.measuring(arm, n)

    @cached_property
    def _first_looks(self) -> list[tuple[Arm, int]]:
        """Looks that a quarter of the budget pays for; the cheapest of each side if it fits at all."""
        spent = self._spent("measuring", self.gradient)
        allowed = FIRST_PASS_SHARE * self.budget
        by_price = sorted(self.gradient, key=lambda arm: self.price(arm, knee(self.state, arm)))
        looks: list[tuple[Arm, int]] = []
        sides = {arm.paradigm for arm in self.closed}
        for arm in by_price:
            n, price = knee(self.state, arm), self.price(arm, knee(self.state, arm))
            seen = bool(self.evidence.sizes(arm.key))
            first_of_side = arm.paradigm not in sides
            if seen or (first_of_side and price <= self.seconds) or spent + price <= allowed:
                sides.add(arm.paradigm)
                looks += [] if seen else [(arm, n)]
                spent += 0.0 if seen else price
        for arm in by_price:
            second = self._second_look(arm)
            if second is None or any(size >= second for size in self.evidence.sizes(arm.key)):
                continue
            if spent + self.price(arm, second) <= allowed:
                looks.append((arm, second))
                spent += self.price(arm, second)
        return looks

    def _second_look(self, arm: Arm) -> int | None:
        first = knee(self.state, arm)
        above = [n for n in self.sizes if first < n <= STEP_UP * first]
        return above[-1] if above else None

    @property
    def waiting(self) -> bool:
        """Whether trials are under way while an arm or a side has no result yet."""
        unseen = [spec for spec in self.running if not self.evidence.sizes(spec.arm.key)]
        return bool(unseen) or self.leader is None

    # -- who they are -----------------------------------------------------------------------------------------------

    @cached_property
    def target(self) -> int:
        """The size the choice is for: all labels, or the furthest the outlook reaches."""
        wanted = self.state.target_size
        reached = max(self.evidence.all_sizes, default=wanted)
        largest = max(
            (self.evidence.sizes(arm.key)[-1] for arm in self.gradient if self.evidence.sizes(arm.key)), default=reached
        )
        return min(wanted, STEP_UP * largest)

    @cached_property
    def outlook(self) -> JointDraws | None:
        """Draws of the metric at the target."""
        return self.evidence.outlook(self.target, "judge")

    @cached_property
    def ranked(self) -> list[Arm]:
        """Measured arms by their expected metric at the target, the best first."""
        if self.outlook is None:
            return []
        known = dict(zip(self.outlook.arms, self.outlook.estimates, strict=True))
        measured = [arm for arm in self.state.alive if arm.key in known]
        return sorted(measured, key=lambda arm: -known[arm.key])

    @property
    def leader(self) -> Arm | None:
        """The best arm at the target, as far as is known."""
        return self.ranked[0] if self.ranked else None

    @cached_property
    def challenger(self) -> Arm | None:
        """The best of the other side while the side is open, else the second most probable best."""
        if self.leader is None or self.outlook is None:
            return None
        others = [arm for arm in self.ranked if arm.paradigm != self.leader.paradigm]
        rest = sorted(self.ranked[1:], key=lambda arm: -self.p_best(arm))
        side_open = self.p_side_there < SURE_THERE or not self._pair_sizes(others[:1])
        if others and side_open:
            return others[0]
        if rest and self.p_best(rest[0]) >= POSSIBLE:
            return rest[0]
        return next(iter([*others, *rest]), None)

    def p_best(self, arm: Arm) -> float:
        """P(best at the target)."""
        return self.outlook.p_best(arm.key) if self.outlook is not None and arm.key in self.outlook.arms else 0.0

    @cached_property
    def p_side_there(self) -> float:
        """P(the leader's side is better at the target)."""
        return self._p_side(self.outlook)

    @cached_property
    def compared(self) -> int | None:
        """The largest size at which the leader and the best of the other side were both measured."""
        others = [arm for arm in self.ranked if self.leader and arm.paradigm != self.leader.paradigm]
        common = self._pair_sizes(others[:1])
        return common[-1] if common else None

    def _pair_sizes(self, others: Sequence[Arm]) -> list[int]:
        if self.leader is None or not others:
            return []
        return [n for n in self.evidence.sizes(self.leader.key) if n in self.evidence.sizes(others[0].key)]

    @cached_property
    def p_side_here(self) -> float:
        """P(the leader's side is better at the compared size), untuned recipes accounted for."""
        if self.compared is None:
            return 0.5
        draws = self.evidence.draws(self.compared, part="judge")
        if draws is None:
            return 0.5
        untuned = {key: self.evidence.untuned(key) for key in draws.arms}
        return self._p_side(draws.widened(untuned, self.state.settings.seed))

    def _p_side(self, draws: JointDraws | None) -> float:
        if draws is None or self.leader is None:
            return 0.5
        sides = {arm.key: arm.paradigm for arm in self.state.arms}
        mine = [key for key in draws.arms if sides[key] == self.leader.paradigm]
        others = [key for key in draws.arms if sides[key] != self.leader.paradigm]
        return draws.p_side(mine, others) if mine and others else 0.5

    @cached_property
    def decided(self) -> bool:
        """Whether both statements are sure, and the leader has been trained as far as it can be."""
        if self.leader is None or self.challenger is None:
            return False
        sure = self.p_side_here >= SURE_HERE and self.p_side_there >= SURE_THERE
        return sure and self.evidence.sizes(self.leader.key)[-1] >= self.state.pool_size

    # -- tuning -----------------------------------------------------------------------------------------------------

    @cached_property
    def tuned(self) -> list[Arm]:
        """Arms that recipes are chosen for: those begun, and the contenders until there are two."""
        begun = [arm for arm in self.gradient if self._tries(arm)]
        pair = [arm for arm in (self.leader, self.challenger) if arm is not None and arm in self.gradient]
        for arm in pair:
            if arm not in begun and len(begun) < len(pair):
                begun.append(arm)
        return begun

    def _tries(self, arm: Arm) -> int:
        return len(self.evidence.trials(arm.key, "tuning")) + sum(
            spec.role == "tuning" and spec.arm == arm for spec in self.running
        )

    @cached_property
    def tuning_size(self) -> int | None:
        """The smallest size that holds out enough examples and is not dearer than it need be."""
        known = [trial.spec.n for trial in self.evidence.trials(role="tuning")]
        if known:
            return known[0]
        enough = [n for n in self.sizes if n // HELD_OUT_PART >= HELD_OUT]
        if not enough or not self.tuned:
            return None
        knees = min(knee(self.state, arm) for arm in self.tuned)
        return max([n for n in enough if n <= knees], default=enough[0])

    @cached_property
    def _evaluations(self) -> dict[str, int]:
        """Recipes for each tuned arm: as many for one as for the other, as far as the share allows."""
        n, tuned = self.tuning_size, self.tuned
        if n is None or not tuned:
            return {}
        for count in range(RECIPES, 1, -1):
            lists = {arm.key: self.state.line_up.recipes(arm, n)[:count] for arm in tuned}
            if min(len(recipes) for recipes in lists.values()) < min(count, 2):
                continue
            needed = sum(
                self.state.prices.seconds(arm, recipe, n, "tuning") for arm in tuned for recipe in lists[arm.key]
            )
            begun = max(self._tries(arm) for arm in tuned) >= count
            if begun or needed <= TUNING_SHARE * self.budget:
                return {key: len(recipes) for key, recipes in lists.items()}
        return {}

    def tuning(self) -> Iterator[TrialSpec]:
        """The contenders' recipes, in turn."""
        yield from self.open.listed(self.tuned)

    # -- the pair ---------------------------------------------------------------------------------------------------

    def pair(self) -> Iterator[TrialSpec]:
        """Leader and challenger at the sizes that carry the leader as far as it goes (the challenger runs first)."""
        leader, challenger = self.leader, self.challenger
        if leader is None:
            return
        top = self._reached(leader)
        best: tuple[int, int] | None = None
        ups = [n for n in self.sizes if n > top] or [0]
        downs = self._climbs(challenger) or [0]
        for up in sorted(ups, reverse=True):
            for down in sorted(downs, reverse=True):
                if self._cost(leader, up) + self._cost(challenger, down) <= self.seconds:
                    best = (up, down)
                    break
            if best is not None:
                break
        if best is None:
            best = max(((n, 0) for n in ups if self._cost(leader, n) <= self.seconds), default=(0, 0))
        up, down = best
        if challenger is not None and down:
            yield from self.open.measuring(challenger, down)
            if down != up and self._cost(leader, down) <= PAIRING_SHARE * self.seconds:
                yield from self.open.measuring(leader, down)
        if up:
            yield from self.open.measuring(leader, up)
        elif challenger is not None:
            both = min(self._reached(challenger), top)
            if both in self.sizes and self._cost(leader, both) <= PAIRING_SHARE * max(self.seconds, 0):
                yield from self.open.measuring(leader, both)

    def _climbs(self, arm: Arm | None) -> list[int]:
        if arm is None:
            return []
        reached = self._reached(arm)
        return [n for n in self.sizes if n >= CLIMB * reached or (n == self.sizes[-1] and n > reached)]

    def _reached(self, arm: Arm) -> int:
        sizes = self.evidence.sizes(arm.key)
        running = [spec.n for spec in self.running if spec.arm == arm and spec.role == "measuring"]
        return max([*sizes, *running], default=0)

    def _cost(self, arm: Arm | None, n: int) -> float:
        return self.price(arm, n) if arm is not None and n else 0.0

    # -- what is left -----------------------------------------------------------------------------------------------

    def paired_repeats(self) -> Iterator[TrialSpec]:
        """One more repeat of both contenders at the compared size, if both fit and the side is open there."""
        n, leader, other = self.compared, self.leader, self._other_side
        if n is None or leader is None or other is None or not OPEN < self.p_side_here < 1 - OPEN:
            return
        for repeat in range(1, self.evidence.repeats):
            specs = [spec for arm in (leader, other) for spec in self.open.measuring(arm, n, repeat)]
            if specs and sum(self.state.seconds(spec) for spec in specs) <= self.seconds:
                yield from specs
                return

    @property
    def _other_side(self) -> Arm | None:
        return next((arm for arm in self.ranked if self.leader and arm.paradigm != self.leader.paradigm), None)

    def next_challengers(self) -> Iterator[TrialSpec]:
        """Arms that may be the best, of all or of their side, and have not been measured as far as the contenders.

        Those that were too dear for the first pass come back here, those of the side that is behind first.
        """
        possible = [arm for arm in self.ranked[1:] if self.p_best(arm) >= POSSIBLE or self._may_lead_its_side(arm)]
        for arm in sorted(possible, key=lambda arm: (self._same_side(arm), -self.p_best(arm))):
            fitting = [n for n in self._climbs(arm) if self.price(arm, n) <= self.seconds]
            if self.compared in fitting:
                yield from self.open.measuring(arm, self.compared)
            elif fitting:
                yield from self.open.measuring(arm, fitting[-1])
        unseen = [arm for arm in self.gradient + self.closed if not self.evidence.sizes(arm.key)]
        for arm in sorted(unseen, key=lambda arm: (self._same_side(arm), self.price(arm, knee(self.state, arm)))):
            yield from self.open.measuring(arm, knee(self.state, arm))

    def _same_side(self, arm: Arm) -> bool:
        return self.leader is not None and arm.paradigm == self.leader.paradigm

    def _may_lead_its_side(self, arm: Arm) -> bool:
        """Whether an arm of the side that is behind may be its best at the target."""
        if self.outlook is None or self._same_side(arm):
            return False
        mates = [one.key for one in self.ranked if one.paradigm == arm.paradigm and one != arm]
        return not mates or self.outlook.p_side([arm.key], mates) >= POSSIBLE

    def whatever_fits(self) -> Iterator[TrialSpec]:
        """Repeats of the contenders, larger sizes of other arms, then repeats of anything: time is there to be used."""
        contenders = [arm for arm in (self.leader, self._other_side, self.challenger) if arm is not None]
        order = [*dict.fromkeys(contenders), *(arm for arm in self.ranked if arm not in contenders)]
        top = self.compared or max(self.evidence.all_sizes, default=0)
        for repeat in range(1, self.evidence.repeats):
            for arm in order[: max(2, len(contenders))]:
                for n in (top, self._reached(arm)):
                    if n in self.sizes and self.evidence.sizes(arm.key):
                        yield from self.open.measuring(arm, n, repeat)
        for repeat in range(self.evidence.repeats):
            for n in sorted(self.sizes, reverse=True):
                for arm in order:
                    if n >= knee(self.state, arm):
                        yield from self.open.measuring(arm, n, repeat)
        for arm in self.state.alive:  # not even a knee fitted
            if not self.evidence.sizes(arm.key):
                yield from self.open.measuring(arm, self.sizes[0])

    # -- prices -----------------------------------------------------------------------------------------------------

    def price(self, arm: Arm, n: int) -> float:
        """Predicted seconds of a measuring trial at the default recipe."""
        return self.state.default_seconds(arm, n)

    def reach(self, seconds: float) -> int | None:
        """The largest size at which the cheapest arm of each side could be compared in so many seconds."""
        sides = {arm.paradigm for arm in self.state.alive}
        if len(sides) < 2:
            return None
        for n in reversed(self.sizes):
            cheapest = [min(self.price(arm, n) for arm in self.state.alive if arm.paradigm == side) for side in sides]
            if sum(cheapest) <= seconds:
                return n
        return None

    def fits(self, spec: TrialSpec) -> bool:
        """Whether a trial ends in the time that is left, with some more for arms whose price is not proven."""
        proven = self.state.closed_form(spec.arm) or any(
            trial.spec.arm == spec.arm for trial in self.evidence.table.trials()
        )
        needed = self.state.seconds(spec)
        if needed <= TINY_SHARE * self.budget:  # these may use what is kept for training on every label
            return needed <= self.seconds + self.refit_seconds
        return needed * (1.0 if proven or needed < SMALL_SHARE * self.budget else UNPROVEN) <= self.seconds

    @property
    def refit_seconds(self) -> float:
        """Seconds to keep for training the leader on every label, where test parts rotate and it fits at all."""
        if not self.evidence.rotating or self.leader is None:
            return 0.0
        needed = REFIT_MARGIN * self.price(self.leader, self.state.pool_size)
        return needed if needed <= REFIT_SHARE * self.budget else 0.0

    def _spent(self, role: str, arms: Sequence[Arm]) -> float:
        keys = {arm.key for arm in arms}
        trials = self.evidence.trials(role=role)
        return sum(trial.ended - trial.started for trial in trials if trial.spec.arm.key in keys)
