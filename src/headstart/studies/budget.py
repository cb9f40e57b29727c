"""The study's clock: seconds of work, summed over resumes, against what is allowed."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]


def now() -> float:
    """Seconds of a clock that never goes back."""
    return time.monotonic()


class Budget:
    """Counts working time.

    Args:
        seconds: Allowed in all.
        before: Seconds that earlier runs worked.
        started: When this run began on the clock; now if not given.
        clock: Gives the time in seconds.
    """

    def __init__(self, seconds: float, before: float = 0.0, started: float | None = None, clock: Clock = now) -> None:
        self.seconds, self._before, self.clock = seconds, before, clock
        self._start = clock() if started is None else started

    @property
    def spent(self) -> float:
        """Seconds worked so far, earlier runs included."""
        return self._before + self.this_run

    @property
    def left(self) -> float:
        """Seconds that remain; negative once overdrawn."""
        return self.seconds - self.spent

    @property
    def this_run(self) -> float:
        """Seconds of this run alone."""
        return self.clock() - self._start
