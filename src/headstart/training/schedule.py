"""How the rate changes over the steps, and how a run that is late is brought to an early end."""

from __future__ import annotations

import math
from dataclasses import dataclass

COOLDOWN = 0.2  # of the steps of a run that ends early: the rate falls to zero over them (Haegele 2024, section 3.2)
SHORTEST = 0.1  # of a schedule: what is shorter says too little to be measured
SLACK = 0.05  # of the time that a run has taken: steps are not all alike
NEXT_STEP = 1.5  # x a step: with less time left, none is begun
ROUNDING = 1e-9  # of the whole run: what is exactly enough time is enough


def rate_share(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate at a step: linear warm-up, then a cosine to zero (Loshchilov & Hutter 2017)."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


@dataclass
class Schedule:
    """The rates of one run, which may be ended early.

    A run that ends at k steps has the rates of the whole schedule, times a factor that falls from 1 to 0 over the last
    fifth of the k steps. So a whole run can go on from where a shorter one began to cool down. A run that is broken off
    on the way has the rates of the one that it was to be.

    Attributes:
        steps: Of the whole schedule.
        warmup: Share of them over which the rate rises.
        stopped_at: Where the run ends instead; 0 if nowhere.
        aimed_at: Where it was to end when it was broken off; 0 if it was not.
    """

    steps: int
    warmup: float
    stopped_at: int = 0
    aimed_at: int = 0

    @property
    def end(self) -> int:
        """Steps that this run does."""
        return min(self.stopped_at or self.steps, self.steps)

    def share(self, step: int) -> float:
        """Share of the peak rate at a step."""
        share, aim = rate_share(step, self.steps, self.warmup), self.aimed_at or self.end
        if aim == self.steps:
            return share
        return share * min(1.0, (aim - step) / (_fall(aim) + 1))

    @property
    def trunk(self) -> int:
        """Steps that this run shares with the whole schedule: up to there, either can go on from the other's state."""
        aim = self.aimed_at or self.end
        return min(self.end, trunk_of(aim) if aim < self.steps else self.steps)

    def falls_at(self, step: int) -> bool:
        """Whether the rate falls to an early end before the next step."""
        aim = self.aimed_at or self.end
        return aim < self.steps and step > trunk_of(aim)

    def is_late(self, step: int, taken: float, pace: float, left: float) -> bool:
        """Whether the whole schedule cannot end in time, and cooling down from this step on just can.

        Args:
            step: The one that comes next.
            taken: Seconds so far.
            pace: Seconds a step.
            left: Seconds for steps.
        """
        if self.falls_at(step) or (self.end - step) * pace <= left + ROUNDING * self.steps * pace:
            return False
        end = _end_of(step)
        return SHORTEST * self.steps <= end < self.end and (end - step + 1) * pace + SLACK * taken >= left

    def must_end(self, step: int, recent: float, left: float) -> bool:
        """Whether there is no time for the next step, although the run was to go on, and it has been long enough.

        Args:
            step: The one that comes next.
            recent: Seconds a step, of the last few.
            left: Seconds for steps.
        """
        enough = SHORTEST * self.steps <= step < self.end
        return enough and (self.end - step) * recent > left and NEXT_STEP * recent > left

    def break_off(self, step: int) -> None:
        """End the run before a step, whatever the rate is."""
        self.aimed_at, self.stopped_at = self.aimed_at or self.end, step

    def cool_down(self, step: int) -> None:
        """End the run early; the rate falls from this step on."""
        self.stopped_at = _end_of(step)


def trunk_of(end: int) -> int:
    """Steps that a run which ends early shares with the whole one, which can go on from there."""
    return end - _fall(end) if end else 0


def _fall(end: int) -> int:
    return max(1, round(COOLDOWN * end))


def _end_of(step: int) -> int:
    """The shortest run that has not begun to cool down before a step."""
    end = step + 1
    while trunk_of(end) < step:
        end += 1
    return end
