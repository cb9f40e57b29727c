"""The one writer of a study's record: every change is stored at once, and working time every two seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from headstart.core import BundleError
from headstart.studies.budget import Budget
from headstart.studies.state import StudyRecord

HEARTBEAT_SECONDS = 2.0  # how much working time a kill may hide from the budget


class KeepsRecord(Protocol):
    """Where the record is stored."""

    def set_record(self, record: StudyRecord) -> None:
        """Store the record."""


class Journal:
    """Holds the current record of a running study.

    Args:
        store: Where it is kept.
        record: As it was stored last.
        budget: The clock.
    """

    def __init__(self, store: KeepsRecord, record: StudyRecord, budget: Budget) -> None:
        self._store, self.record, self.budget = store, record, budget
        self._lock = threading.Lock()

    def update(self, **values: Any) -> StudyRecord:
        """Change values of the record, and store it with the time spent so far."""
        with self._lock:
            self.record = self.record.model_copy(update={**values, "spent_seconds": self.budget.spent})
            self._store.set_record(self.record)
        return self.record

    @contextmanager
    def heartbeat(self) -> Iterator[None]:
        """Store the working time again and again, also in preparation and in long steps."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(HEARTBEAT_SECONDS):
                try:
                    self.update()
                except BundleError:
                    continue  # the driver meets the same trouble and reports it

        thread = threading.Thread(target=beat, name="headstart-heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.update()
