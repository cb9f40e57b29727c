"""Leader and challenger of a study at one moment, and how sure it is between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from headstart.core import Arm, TrialSpec
from headstart.evidence import JointDraws
from headstart.studies.comparing import FAR_ENOUGH, SideComparison, compare, tuning_counted, untried_starts
from headstart.studies.planners.base import SHORTENED
from headstart.studies.state import StudyState

CHEAPER = 1.1  # a size below the knee saves less than this share of the smallest size's price
STEP_UP = 4  # from the knee to the second look; and how far the outlook reaches beyond what was measured
CLIMB = 2.0  # a challenger is measured again only at so many times the labels it has had
SURE_HERE, SURE_THERE = 0.95, 0.8  # P(side) at the compared size and at the target, at which a study is decided
REFIT_KEPT = 1.3  # x the price at all labels of a fold: a little more than a refit asks for, as prices err
REFIT_SHARE = 0.35  # of the budget at most
TINY_SHARE = 0.02  # of the budget: what hardly matters
POSSIBLE = 0.1  # P(best at the target) that makes an arm a challenger


def knee(state: StudyState, arm: Arm) -> int:
    """The largest size that costs hardly more than the smallest: schedules have a floor."""
    sizes = sorted(state.grid)
    floor = state.default_seconds(arm, sizes[0])
    return max(n for n in sizes if state.default_seconds(arm, n) <= CHEAPER * floor)


class Rivals:
    """Who leads, who challenges, and what a trial of theirs costs.

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

    @property
    def goes_on(self) -> bool:
        """Whether the study ended before, and was given a larger budget."""
        return self.state.record.looks > 0

    @property
    def waiting(self) -> bool:
        """Whether trials are under way while an arm or a side has no result yet."""
        unseen = [spec for spec in self.running if not self.evidence.sizes(spec.arm.key)]
        return bool(unseen) or self.leader is None

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
        side_open = self.p_side_there < SURE_THERE or not self.pair_sizes(others[:1])
        if others and side_open:
            return others[0]
        if rest and self.p_best(rest[0]) >= POSSIBLE:
            return rest[0]
        return next(iter([*others, *rest]), None)

    def p_best(self, arm: Arm) -> float:
        """P(best at the target)."""
        return self.outlook.p_best(arm.key) if self.outlook is not None and arm.key in self.outlook.arms else 0.0

    def may_lead_its_side(self, arm: Arm) -> bool:
        """Whether an arm may be the best of its side at the target."""
        if self.outlook is None or arm.key not in self.outlook.arms:
            return False
        mates = [one.key for one in self.ranked if one.paradigm == arm.paradigm and one != arm]
        return not mates or self.outlook.p_side([arm.key], mates) >= POSSIBLE

    @cached_property
    def p_side_there(self) -> float:
        """P(the leader's side is better at the target)."""
        return self._p_side(self.outlook)

    @cached_property
    def compared(self) -> int | None:
        """The largest size at which the leader and the best of the other side were both measured."""
        others = [arm for arm in self.ranked if self.leader and arm.paradigm != self.leader.paradigm]
        common = self.pair_sizes(others[:1])
        return common[-1] if common else None

    def pair_sizes(self, others: Sequence[Arm]) -> list[int]:
        """Sizes at which the leader and the first of the others were both measured."""
        if self.leader is None or not others:
            return []
        return [n for n in self.evidence.sizes(self.leader.key) if n in self.evidence.sizes(others[0].key)]

    @cached_property
    def p_side_here(self) -> float:
        """P(the leader's side is better at the compared size), untuned recipes accounted for."""
        if self.compared is None:
            return 0.5
        return self._p_side(tuning_counted(self.evidence, self.compared, "judge"))

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
        sure = self.p_side_here >= SURE_HERE and self.p_side_there >= SURE_THERE and not self.untried
        return sure and self.evidence.sizes(self.leader.key)[-1] >= self.state.pool_size

    @cached_property
    def seen(self) -> SideComparison | None:
        """What the verdict would say by the half of the test examples that planners read."""
        return compare(self.evidence, self.state.record.looks, "judge")

    @property
    def settled(self) -> bool:
        """Whether a study that goes on has the answer that it was given more time for."""
        return self.goes_on and self.seen is not None and self.seen.kind != "undetermined"

    @cached_property
    def untried(self) -> tuple[Arm, ...]:
        """Options without which from scratch is not said to win, the cheapest first."""
        found = untried_starts(self.evidence, self.leader) if self.leader is not None else ()
        return tuple(sorted(found, key=lambda arm: self.price(arm, knee(self.state, arm))))

    @property
    def other_side(self) -> Arm | None:
        """The best arm of the side that is not the leader's."""
        return next((arm for arm in self.ranked if self.leader and arm.paradigm != self.leader.paradigm), None)

    @cached_property
    def far_enough(self) -> int:
        """The smallest size at which a comparison says something about all labels."""
        return min(n for n in self.sizes if FAR_ENOUGH * n >= self.state.pool_size)

    def worth_a_look(self, arm: Arm) -> bool:
        """Whether an option that was never run can still be measured where the sides are compared.

        A look at a few labels alone leaves behind an option that may be best, of which nothing more is found out: it
        opens what was decided.
        """
        first, there = knee(self.state, arm), self.compared
        beyond = self.price(arm, there) if there is not None and there > first else 0.0
        return self.price(arm, first) + beyond <= self.seconds

    def answer_seconds(self, leader: Arm | None, other: Arm | None) -> float:
        """Seconds that both sides take far enough up, and the leader with all labels."""
        common = self.cost(leader, self.far_enough) + self.cost(other, self.far_enough)
        return common + self.whole_cost(leader, self.state.pool_size)

    def climbs(self, arm: Arm | None) -> list[int]:
        """Sizes far enough above what an arm has had to be worth a trial."""
        if arm is None:
            return []
        reached = self.reached(arm)
        return [n for n in self.sizes if n >= CLIMB * reached or (n == self.sizes[-1] and n > reached)]

    def second_look(self, arm: Arm) -> int:
        """The size of a look beyond an arm's knee; 0 where there is none, or where it was measured so far up."""
        first = knee(self.state, arm)
        above = [n for n in self.sizes if first < n <= STEP_UP * first]
        return above[-1] if above and self.evidence.sizes(arm.key)[-1:] < [above[-1]] else 0

    def reached(self, arm: Arm) -> int:
        """The most labels that an arm was, or is being, measured with."""
        sizes = self.evidence.sizes(arm.key)
        running = [spec.n for spec in self.running if spec.arm == arm and spec.role == "measuring"]
        return max([*sizes, *running], default=0)

    def cost(self, arm: Arm | None, n: int) -> float:
        """Seconds that a measuring trial takes at least; nothing where there is no arm or size, or it was done.

        With all labels a schedule that is ended early is worth more than a whole one with fewer.
        """
        if arm is None or not n or n in self.evidence.sizes(arm.key):
            return 0.0
        shortened = n == self.state.pool_size and not self.state.closed_form(arm)
        return self.price(arm, n) * (SHORTENED if shortened else 1.0)

    def whole_cost(self, arm: Arm | None, n: int) -> float:
        """Seconds that a measuring trial takes with all its steps; nothing where :meth:`cost` is nothing."""
        return self.price(arm, n) if arm is not None and self.cost(arm, n) else 0.0

    # -- prices -------------------------------------------------------------------------------------------------------

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
        """Whether a trial ends in the time that is left, with a shorter schedule if it is the first with all labels."""
        needed = self.state.seconds(spec)
        if needed <= TINY_SHARE * self.budget:  # these may use what is kept for training on every label
            return needed <= self.seconds + self.refit_seconds
        first = spec.role == "measuring" and spec.n not in self.evidence.sizes(spec.arm.key)
        if first and spec.n == self.state.pool_size:
            needed = self.cost(spec.arm, spec.n)
        return needed <= self.seconds

    def _part_done(self, arm: Arm) -> float:
        """Of its steps with all labels, what an arm did; all where it was not run with them."""
        return 1 - min(
            (trial.shortened for trial in self.evidence.trials(arm.key, "measuring", self.sizes[-1])), default=0.0
        )

    @cached_property
    def refit_seconds(self) -> float:
        """Seconds to keep for training on every label what is handed over, where test parts rotate.

        That is the leader, or the most probable other that may turn out best, where the leader would take too much.
        """
        if not self.evidence.rotating or self.leader is None:
            return 0.0
        likely = sorted(self.ranked[1:], key=lambda arm: -self.p_best(arm))
        for arm in (self.leader, *(other for other in likely if self.p_best(other) >= POSSIBLE)):
            needed = REFIT_KEPT * self.price(arm, self.state.pool_size) * self._part_done(arm)
            if needed <= REFIT_SHARE * self.budget:
                return needed
        return 0.0
