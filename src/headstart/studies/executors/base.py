"""The contract of an executor: runs trials somewhere, shaped like ``concurrent.futures``."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Protocol

from headstart.core import HeadstartError, TrialSpec
from headstart.training import Outcome

GRACE = 20.0  # seconds beyond its deadline after which a trial in another process counts as lost


class WorkerLost(HeadstartError):
    """The process or machine that ran a trial is gone; the trial may run again."""


class Executor(Protocol):
    """Runs trials.

    A future ends with an :class:`~headstart.training.Outcome`, also where the training failed. Its exceptions are
    :class:`~headstart.training.OutOfTime` (the deadline passed), :class:`WorkerLost`, and a
    :class:`~headstart.core.HeadstartError` where the trial could not be begun.

    Attributes:
        name: As ``--executor`` has it.
        slots: Trials that run at once.
    """

    name: str
    slots: int

    def submit(self, spec: TrialSpec, deadline: float) -> Future[Outcome]:
        """Start a trial that may take ``deadline`` seconds."""

    def wait(self, futures: Collection[Future[Outcome]], seconds: float) -> set[Future[Outcome]]:
        """Wait until one of the futures is done, or for so many seconds; returns those that are done."""

    def close(self) -> None:
        """End whatever still runs, and give back what is held."""


def wait_for(futures: Collection[Future[Outcome]], seconds: float) -> set[Future[Outcome]]:
    """Wait as ``concurrent.futures`` does."""
    return set(wait(futures, timeout=max(seconds, 0.0), return_when=FIRST_COMPLETED).done)
