"""The study's clock: seconds of work, summed over resumes, against what is allowed."""

from __future__ import annotations

from headstart.studies.store import Store, now

HEARTBEAT_SECONDS = 2.0


class Budget:
    """Counts working time and keeps it in the store, so that even a killed run's seconds count.

    Args:
        store: Where spent seconds are kept.
        seconds: Allowed in all.
        started: When this run began on the clock of :func:`~headstart.studies.store.now`; now if not given.
    """

    def __init__(self, store: Store, seconds: float, started: float | None = None) -> None:
        self._store, self.seconds = store, seconds
        self._before = float(store.fact("spent_seconds") or 0.0)
        self._start = self._beat = now() if started is None else started

    @property
    def spent(self) -> float:
        """Seconds worked so far, earlier runs included."""
        return self._before + now() - self._start

    @property
    def left(self) -> float:
        """Seconds that remain; negative once overdrawn."""
        return self.seconds - self.spent

    @property
    def this_run(self) -> float:
        """Seconds of this run alone."""
        return now() - self._start

    def heartbeat(self, force: bool = False) -> None:
        """Write the spent seconds down, at most every other second."""
        if force or now() - self._beat >= HEARTBEAT_SECONDS:
            self._store.set_fact("spent_seconds", repr(self.spent))
            self._beat = now()
