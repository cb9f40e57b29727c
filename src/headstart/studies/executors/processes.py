"""Trials in processes on this machine: a loky worker for each slot, with threads and GPU of its own."""

from __future__ import annotations

import time
from collections.abc import Collection
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from headstart.core import TrialSpec
from headstart.studies.executors.base import GRACE, WorkerLost, wait_for
from headstart.studies.executors.slot import environment, run_trial, visible_gpus
from headstart.training import Bench, Outcome

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor


class ProcessExecutor:
    """Runs trials in spawned processes.

    Each slot is a pool of one process, so that a process that dies takes no other trial with it.

    Args:
        bench: Travels to each process once.
        slots: Trials that run at once. With GPUs, slot k gets GPU k modulo their number; several slots share one.
    """

    name = "processes"

    def __init__(self, bench: Bench, slots: int) -> None:
        self.bench, self.slots = bench, slots
        bench.data.write()
        self._gpus = visible_gpus()
        self._pools: list[ProcessPoolExecutor | None] = [None] * slots
        self._running: dict[int, tuple[Future[Outcome], float]] = {}  # by slot: what runs, and when it is overdue

    def submit(self, spec: TrialSpec, deadline: float) -> Future[Outcome]:
        """Start a trial in a free slot."""
        slot = next(slot for slot in range(self.slots) if slot not in self._running)
        outer: Future[Outcome] = Future()
        outer.set_running_or_notify_cancel()
        self._running[slot] = (outer, time.monotonic() + deadline + GRACE)
        try:
            inner = self._pool(slot).submit(run_trial, self.bench, spec, deadline)
        except BrokenProcessPool as error:  # it died between two trials
            self._lose(slot, error)
            return outer
        inner.add_done_callback(lambda ended: self._end(slot, outer, ended))
        return outer

    def wait(self, futures: Collection[Future[Outcome]], seconds: float) -> set[Future[Outcome]]:
        """Wait for the first to end; a process that hangs beyond its trial's deadline is ended."""
        done = wait_for(futures, seconds)
        for slot, (future, overdue) in list(self._running.items()):
            if time.monotonic() > overdue and not future.done():
                self._discard(slot)
                self._running.pop(slot, None)
                future.set_exception(WorkerLost("the process did not react to the end of its trial's time"))
                done.add(future)
        return done

    def close(self) -> None:
        """End all processes."""
        for slot in range(self.slots):
            self._discard(slot)
        self._running.clear()

    def _pool(self, slot: int) -> ProcessPoolExecutor:
        from loky import ProcessPoolExecutor
        from loky.backend import get_context

        pool = self._pools[slot]
        if pool is None:
            gpu = self._gpus[slot % len(self._gpus)] if self._gpus else None
            variables = environment(self.bench.threads, gpu)
            pool = self._pools[slot] = ProcessPoolExecutor(max_workers=1, context=get_context("loky"), env=variables)
        return pool

    def _end(self, slot: int, outer: Future[Outcome], inner: Future[Outcome]) -> None:
        if outer.done():
            return
        error = inner.exception()
        if isinstance(error, BrokenProcessPool):
            self._lose(slot, error)
            return
        self._running.pop(slot, None)
        if error is not None:
            outer.set_exception(error)
        else:
            outer.set_result(inner.result())

    def _lose(self, slot: int, error: BaseException) -> None:
        future, _ = self._running.pop(slot)
        self._pools[slot] = None  # the next trial gets a new process
        future.set_exception(WorkerLost(f"a worker process ended ({type(error).__name__})"))

    def _discard(self, slot: int) -> None:
        pool, self._pools[slot] = self._pools[slot], None
        if pool is not None:
            pool.shutdown(wait=False, kill_workers=True)
