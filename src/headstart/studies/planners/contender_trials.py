"""The trials that tell leader and challenger apart, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from headstart.core import Arm, TrialSpec
from headstart.studies.deciding import deciding_steps
from headstart.studies.planners.contender_compared import KEPT
from headstart.studies.planners.contender_looks import FITTING, GLIMPSE
from headstart.studies.planners.halving import halved
from headstart.studies.planners.open_for_rivals import OpenForRivals
from headstart.studies.planners.rivals import POSSIBLE, STEP_UP, knee
from headstart.training.schedule import COOLDOWN

PAIRING_SHARE = 0.15  # of the time left: below it the leader is measured at the challenger's size too
LOOKS_SHARE = 0.4  # of the time left, that second looks at all arms in question may take
AS_LIKELY = 0.5  # of the leader's P(best at the target), for an arm that can do all its steps where the leader cannot
OPEN = 0.05  # P(side) between this and its complement: repeats may still decide
DECIDING_SHARE = 0.5  # of the time left: what a step that likely decides may take before the challenger is carried up
WORTH_MORE = 0.05  # of its steps, that a run is gone on with for
TINY_SECONDS = 1e-3
PARTS_SHARE = 0.7  # of the time left: what testing both contenders on every group may take


class ContenderTrials(OpenForRivals):
    """Lists what is open in each stage."""

    def every_part(self) -> Iterator[TrialSpec]:
        """Where test examples come in few groups: both sides on every test part, at the largest size that fits.

        One speaker or patient says little about others, and nothing that is learnt from more labels makes up for that.
        Where the best of a side cannot be tested on all of them in time, the next best that may lead it is.
        """
        if not self.evidence.few_groups or self.rivals.other_side is None:
            return
        for one, other in self._pairs():
            for n in reversed(self.rivals.sizes):
                specs = [
                    spec
                    for repeat in range(min(len(self.evidence.splits), self.evidence.repeats))
                    for arm in (one, other)
                    for spec in self.open.measuring(arm, n, repeat)
                ]
                if sum(self.state.seconds(spec) for spec in specs) <= PARTS_SHARE * self.rivals.seconds:
                    yield from specs
                    return

    def untried(self) -> Iterator[TrialSpec]:
        """A look at what has to be run before from scratch can win; with fewer steps where all of them do not fit.

        What the leader needs to be trained on all labels, or most of it, stays; where that leaves too little for a
        look, the look is a short one, and where not even for that, the leader comes first.
        """
        model = self.rivals.whole_cost(self.rivals.leader, self.state.pool_size)
        for arm in self.rivals.untried:
            n = knee(self.state, arm)
            price = self.rivals.price(arm, n)
            rooms = [FITTING * (self.rivals.seconds - kept * model) / price for kept in KEPT]
            share = next((room for room in rooms[:-1] if room >= GLIMPSE), min(rooms[-1], GLIMPSE))
            if share >= GLIMPSE:
                for spec in self.open.measuring(arm, n):
                    yield spec if share >= FITTING else self.state.shortened(spec, share) or spec

    def _pairs(self) -> list[tuple[Arm, Arm]]:
        """Arms of both sides that may lead them, the most promising pairs first."""
        mine = [arm for arm in self.rivals.ranked if self.same_side(arm) and self.rivals.may_lead_its_side(arm)]
        others = [arm for arm in self.rivals.ranked if not self.same_side(arm) and self.rivals.may_lead_its_side(arm)]
        places = [(i, j) for i in range(len(mine)) for j in range(len(others))]
        return [(mine[i], others[j]) for i, j in sorted(places, key=sum)]

    def extended(self) -> Iterator[TrialSpec]:
        """What was ended early in a run with less time, where there is time now."""
        for arm in (self.rivals.leader, self.rivals.other_side, *self.mates):
            if arm is not None:
                yield from self.open.whole(arm)

    def longer(self) -> Iterator[TrialSpec]:
        """Where nothing else fits any more: more of the steps of a run that was ended early, from where its end began.

        All that it lacks if that fits, else so many that a twentieth of its steps are new.
        """
        left = self.rivals.seconds
        contenders = (self.rivals.leader, self.rivals.other_side, *self.mates)
        for arm in dict.fromkeys(arm for arm in (*contenders, *self.rivals.ranked) if arm is not None):
            for trial in self.evidence.trials(arm.key, "measuring"):
                if not trial.spec.stopped_at:
                    continue
                whole, done = trial.spec.whole, 1 - trial.shortened
                kept = (1 - COOLDOWN) * done
                price = max(self.state.prices.seconds(arm, whole.recipe, whole.n), TINY_SECONDS)
                share = min(1.0, kept + FITTING * left / price)
                spec = whole if share == 1 else self.state.shortened(whole, share)
                worth = share >= min(1.0, done + WORTH_MORE)
                if spec is not None and worth and self.state.seconds(spec) <= left:
                    yield spec

    def deciding(self) -> Iterator[TrialSpec]:
        """The cheapest step that likely decides; in a study that goes on, the one that is most likely to.

        Not before the leader's model is as good as it will be: a study that goes on has handed one over.
        """
        leader, goes_on = self.rivals.leader, self.rivals.goes_on
        if not goes_on and self.rivals.cost(leader, self.state.pool_size):
            return
        seen = self.rivals.seen
        if seen is None or seen.rival is None:
            return
        allowed = self.rivals.seconds * (1.0 if goes_on else DECIDING_SHARE)
        steps = deciding_steps(self.state, seen, seen.needed)
        affordable = [step for step in steps if step.seconds <= allowed]
        chosen = next((step for step in affordable if step.likely), None)
        if chosen is None and goes_on and affordable:
            chosen = max(affordable, key=lambda step: step.chance)
        if chosen is None:
            return
        counts = {arm.key: chosen.recipes for arm in chosen.tuned}
        yield from halved(self.open, chosen.tuned, chosen.tuned_at, counts)
        for arm in chosen.arms:
            yield from self.open.measuring(arm, chosen.n)
        for arm in chosen.whole:
            yield from self.open.whole(arm, chosen.n)
        for repeat in range(1, chosen.repeats):
            for arm in (seen.winner, seen.rival):
                yield from self.open.measuring(arm, chosen.n, repeat)

    def confirming(self) -> Iterator[TrialSpec]:
        """In a study that goes on and has its answer: the leader with all labels, missing steps, and paired repeats.

        Anything else - another option with more labels, a first look - would ask a question that nobody waits for, and
        leave it open.
        """
        leader, seen = self.rivals.leader, self.rivals.seen
        if leader is not None and self.rivals.cost(leader, self.state.pool_size) <= self.rivals.seconds:
            yield from self.open.measuring(leader, self.state.pool_size)
        yield from self.extended()
        if seen is None or seen.rival is None:
            return
        for repeat in range(1, self.evidence.repeats):
            for arm in (seen.winner, seen.rival):
                yield from self.open.measuring(arm, seen.n, repeat)

    def carried(self) -> Iterator[TrialSpec]:
        """Other arms of the leader's side that may be better with more labels, as far up as they can go.

        Not before the leader itself has been. Where it cannot be trained on all labels in time, the model that is
        handed over is one that can: of either side, and before anything else. So it is where the leader would have
        time for a part of its steps, and another that is nearly as likely the best for all of its own.
        """
        yield from self._whole_instead()
        if any(self.rivals.cost(self.rivals.leader, n) <= self.rivals.seconds for n in self._above_leader):
            return
        for arm in self.rivals.ranked if self._above_leader else ():
            if self.conceivable(arm) and self.rivals.cost(arm, self.state.pool_size) <= self.rivals.seconds:
                yield from self.open.measuring(arm, self.state.pool_size)
        for arm in self.mates:
            fitting = [n for n in self.rivals.climbs(arm) if self.rivals.cost(arm, n) <= self.rivals.seconds]
            if fitting:
                yield from self.open.measuring(arm, fitting[-1])

    def _whole_instead(self) -> Iterator[TrialSpec]:
        """With all labels, the first arm that has time for all its steps and is nearly as likely the best."""
        leader, pool = self.rivals.leader, self.state.pool_size
        if self.rivals.whole_cost(leader, pool) <= self.rivals.seconds:
            return
        least = AS_LIKELY * max(map(self.rivals.p_best, self.rivals.ranked), default=0.0)
        likely = [arm for arm in self.rivals.ranked if self.rivals.p_best(arm) >= least]
        if all(self.rivals.cost(arm, pool) for arm in likely):
            fitting = [arm for arm in likely if self.rivals.price(arm, pool) <= self.rivals.seconds]
            for arm in fitting[:1]:
                yield from self.open.measuring(arm, pool)

    @property
    def _above_leader(self) -> list[int]:
        leader = self.rivals.leader
        return [] if leader is None else [n for n in self.rivals.sizes if n > self.rivals.reached(leader)]

    def second_looks(self) -> Iterator[TrialSpec]:
        """A look beyond the knee at arms that may be the best and have not been seen to beat guessing.

        Where several have learnt nothing at their knees, what they have there says nothing about which of them will
        learn: carrying one of them to all labels is a guess that costs more than a look at each.
        """
        looks = [
            (arm, n)
            for arm in self.rivals.ranked
            if self.rivals.p_best(arm) >= POSSIBLE and (n := self.rivals.second_look(arm)) and self._only_guesses(arm)
        ]
        looks = [(arm, n) for arm, n in looks if STEP_UP * n <= self.state.pool_size]
        if sum(self.rivals.price(arm, n) for arm, n in looks) <= LOOKS_SHARE * self.rivals.seconds:
            for arm, n in looks:
                yield from self.open.measuring(arm, n)

    def _only_guesses(self, arm: Arm) -> bool:
        """Whether an arm, as far as it was measured, may be no better than naming the commonest class."""
        draws = self.evidence.draws(self.evidence.sizes(arm.key)[-1], part="judge")
        return draws is not None and draws.interval(arm.key)[0] <= self.evidence.baseline

    def pair(self) -> Iterator[TrialSpec]:
        """Leader and challenger at the sizes that carry the leader as far as it goes (the challenger runs first)."""
        leader, challenger = self.rivals.leader, self.rivals.challenger
        if leader is None:
            return
        top = self.rivals.reached(leader)
        best: tuple[int, int] | None = None
        ups = self._above_leader or [0]
        downs = self._worth_climbing(challenger) or [0]
        for up, down in product(sorted(ups, reverse=True), sorted(downs, reverse=True)):
            if self.rivals.cost(leader, up) + self.rivals.whole_cost(challenger, down) <= self.rivals.seconds:
                best = (up, down)
                break
        if best is None:
            best = max(((n, 0) for n in ups if self.rivals.cost(leader, n) <= self.rivals.seconds), default=(0, 0))
        up, down = best
        if challenger is not None and down:
            yield from self.open.measuring(challenger, down)
            if down != up and self.rivals.cost(leader, down) <= PAIRING_SHARE * self.rivals.seconds:
                yield from self.open.measuring(leader, down)
        if up:
            yield from self.open.measuring(leader, up)
        elif challenger is not None:
            both = min(self.rivals.reached(challenger), top)
            if both in self.rivals.sizes and self.rivals.cost(leader, both) <= PAIRING_SHARE * max(
                self.rivals.seconds, 0
            ):
                yield from self.open.measuring(leader, both)

    def _worth_climbing(self, arm: Arm | None) -> list[int]:
        """Sizes for an arm that are not below one that another arm of its side, with steps, was measured at."""
        if arm is None:
            return []
        mates = [one for one in self.rivals.gradient if one.paradigm == arm.paradigm and one != arm]
        above = max((self.rivals.reached(mate) for mate in mates), default=0)
        return [n for n in self.rivals.climbs(arm) if n >= above]

    def paired_repeats(self) -> Iterator[TrialSpec]:
        """One more repeat of both contenders at the compared size, if both fit and the side is open there."""
        n, leader, other = self.rivals.compared, self.rivals.leader, self.rivals.other_side
        if n is None or leader is None or other is None or not OPEN < self.rivals.p_side_here < 1 - OPEN:
            return
        for repeat in range(1, self.evidence.repeats):
            specs = [spec for arm in (leader, other) for spec in self.open.measuring(arm, n, repeat)]
            if specs and sum(self.state.seconds(spec) for spec in specs) <= self.rivals.seconds:
                yield from specs
                return

    def next_challengers(self) -> Iterator[TrialSpec]:
        """Arms that may be the best, of all or of their side, and have not been measured as far as the contenders.

        Those that were too dear for the first pass come back here, those of the side that is behind first.
        """
        possible = [
            arm
            for arm in self.rivals.ranked[1:]
            if self.rivals.p_best(arm) >= POSSIBLE or (not self.same_side(arm) and self.rivals.may_lead_its_side(arm))
        ]
        possible.sort(key=lambda arm: (self.same_side(arm), -self.rivals.p_best(arm)))
        for arm in possible:
            fitting = [n for n in self.rivals.climbs(arm) if self.rivals.price(arm, n) <= self.rivals.seconds]
            if self.rivals.compared in fitting:
                yield from self.open.measuring(arm, self.rivals.compared)
            elif fitting:
                yield from self.open.measuring(arm, fitting[-1])
        unseen = [arm for arm in self.rivals.gradient + self.rivals.closed if not self.evidence.sizes(arm.key)]
        for arm in sorted(unseen, key=lambda arm: (self.same_side(arm), self.rivals.price(arm, knee(self.state, arm)))):
            if not self.rivals.goes_on or self.rivals.worth_a_look(arm):
                yield from self.open.measuring(arm, knee(self.state, arm))

    def whatever_fits(self) -> Iterator[TrialSpec]:
        """Repeats of the contenders, larger sizes of other arms, then repeats of anything: time is there to be used."""
        contenders = [
            arm for arm in (self.rivals.leader, self.rivals.other_side, self.rivals.challenger) if arm is not None
        ]
        order = [*dict.fromkeys(contenders), *(arm for arm in self.rivals.ranked if arm not in contenders)]
        top = self.rivals.compared or max(self.evidence.all_sizes, default=0)
        for repeat in range(1, self.evidence.repeats):
            for arm in order[: max(2, len(contenders))]:
                for n in (top, self.rivals.reached(arm)):
                    if n in self.rivals.sizes and self.evidence.sizes(arm.key):
                        yield from self.open.measuring(arm, n, repeat)
        for repeat in range(self.evidence.repeats):
            for n in sorted(self.rivals.sizes, reverse=True):
                for arm in order:
                    if n >= knee(self.state, arm):
                        yield from self.open.measuring(arm, n, repeat)
        for arm in self.state.alive:  # not even a knee fitted
            if not self.evidence.sizes(arm.key) and not self.rivals.goes_on:
                yield from self.open.measuring(arm, self.rivals.sizes[0])
