"""What is open in a study, and how its options stand to the leader."""

from __future__ import annotations

from headstart.core import Arm
from headstart.studies.planners.open_trials import OpenTrials
from headstart.studies.planners.rivals import Rivals

CONCEIVABLE = 0.03  # P(best at the target) from which on an arm is worth carrying up before anything is repeated


class OpenForRivals:
    """What is open in a study, as its stages read it.

    Args:
        rivals: The study at this moment.
        open_trials: What was neither run nor started.
    """

    def __init__(self, rivals: Rivals, open_trials: OpenTrials) -> None:
        self.rivals, self.state, self.evidence, self.open = rivals, rivals.state, rivals.evidence, open_trials

    def same_side(self, arm: Arm) -> bool:
        """Whether an arm is of the leader's side."""
        return self.rivals.leader is not None and arm.paradigm == self.rivals.leader.paradigm

    @property
    def mates(self) -> list[Arm]:
        """Arms of the leader's side that may be better than it, the most probable first."""
        mates = [arm for arm in self.rivals.ranked[1:] if self.same_side(arm)]
        return sorted(filter(self.conceivable, mates), key=lambda arm: -self.rivals.p_best(arm))

    def conceivable(self, arm: Arm) -> bool:
        """Whether an arm may well be the best of all."""
        return self.rivals.p_best(arm) >= CONCEIVABLE
