"""The default executor: one trial after the other, in the driver's own process."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future

from headstart.core import HeadstartError, TrialSpec
from headstart.studies.executors.base import wait_for
from headstart.training import Outcome, OutOfTime, Progress, Worker, execute


class InlineExecutor:
    """Runs a trial when it is submitted.

    Args:
        worker: The driver's caches.
        progress: Called with (done, total) at each step.
    """

    name, slots = "inline", 1

    def __init__(self, worker: Worker, progress: Progress | None = None) -> None:
        self.worker, self.progress = worker, progress

    def submit(self, spec: TrialSpec, deadline: float) -> Future[Outcome]:
        """Run a trial to its end."""
        future: Future[Outcome] = Future()
        try:
            future.set_result(execute(spec, self.worker, self.progress, deadline))
        except (OutOfTime, HeadstartError) as ended:
            future.set_exception(ended)
        return future

    def wait(self, futures: Collection[Future[Outcome]], seconds: float) -> set[Future[Outcome]]:
        """Return all: every future is done when it is handed out."""
        return wait_for(futures, seconds)

    def close(self) -> None:
        """Nothing is held."""
