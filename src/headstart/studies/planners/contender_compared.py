"""The comparison of the sides, far enough up, beside the model that is handed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headstart.core import Arm, TrialSpec
from headstart.studies.planners.base import SHORTENED
from headstart.studies.planners.open_for_rivals import OpenForRivals

KEPT = (1.0, 0.8, 0.6, SHORTENED)  # of the steps with all labels, for the model: as many as leave enough to compare


class FarEnough(OpenForRivals):
    """Lists what it takes that the comparison says something about all labels."""

    def trials(self) -> Iterator[TrialSpec]:
        """Both sides far enough up that the comparison says something about all labels.

        What the model that is handed over needs to be trained on all labels stays, or as much of it as leaves enough.
        Where the rest does not pay for a whole run of the other side, it has a part of the steps, which the verdict
        allows for; where not even for that, both sides have the same part; where an arm of the leader's side was run
        there, that one has to do; else the next best of the other side is taken.
        """
        leader, n = self.rivals.leader, self.rivals.far_enough
        if leader is None:
            return
        others = [arm for arm in (self.rivals.other_side,) if arm is not None and self.conceivable(arm)]
        may_win = (leader, *self.mates[:1], *others)
        handed_over = max(self.rivals.whole_cost(arm, self.state.pool_size) for arm in may_win)
        for other in self.rivals.ranked:
            if self.same_side(other):
                continue
            theirs, own = ([*self.open.measuring(arm, n)] for arm in (other, leader))
            for mine in (own, []) if self._side_was_at(n) else (own,):
                specs = self._compared_within(theirs, mine, self._part(other, n), handed_over)
                if specs or not (theirs or mine):
                    yield from specs
                    return

    def _compared_within(
        self, theirs: list[TrialSpec], own: list[TrialSpec], part: float, handed_over: float
    ) -> list[TrialSpec]:
        """Trials of both sides, with all steps or fewer, that leave enough for the model; none where nothing does.

        Args:
            theirs: Of the other side; none if it was run.
            own: Of the leader; none if it was run.
            part: Of its steps that the other side did, if it was run.
            handed_over: Seconds of the model with all its steps.
        """
        of_own = sum(self.rivals.price(spec.arm, spec.n) for spec in own)
        for kept in KEPT:
            share = self._share(theirs, self.rivals.seconds - kept * handed_over - of_own)
            if share:
                return [*self._shortened(theirs, share), *own]
        for kept in KEPT if theirs else (SHORTENED,):  # where the other side was run, the leader has its part
            share = min(self._share([*theirs, *own], self.rivals.seconds - kept * handed_over), part)
            if share:
                return [*self._shortened([*theirs, *own], share)]
        return []

    def _side_was_at(self, n: int) -> bool:
        """Whether an arm of the leader's side, but not the leader, was measured with n labels."""
        return any(self.same_side(arm) and n in self.evidence.sizes(arm.key) for arm in self.rivals.ranked[1:])

    def _part(self, arm: Arm, n: int) -> float:
        """Of its steps, what an arm did at n."""
        return 1 - min((trial.shortened for trial in self.evidence.trials(arm.key, "measuring", n)), default=0.0)

    def _share(self, specs: Sequence[TrialSpec], seconds: float) -> float:
        """Of their steps that trials may do in so many seconds: all, a part that is worth it, or none."""
        whole = {spec: self.rivals.price(spec.arm, spec.n) for spec in specs}
        fixed = sum(price for spec, price in whole.items() if self.state.closed_form(spec.arm))
        steps = sum(whole.values()) - fixed
        share = (seconds - fixed) / steps if steps else float(seconds >= fixed)
        return 0.0 if share < SHORTENED else min(share, 1.0)

    def _shortened(self, specs: Sequence[TrialSpec], share: float) -> Iterator[TrialSpec]:
        """Trials with a share of their steps, as far as they have any."""
        yield from (spec if share == 1 else self.state.shortened(spec, share) or spec for spec in specs)
