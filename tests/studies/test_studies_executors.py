"""Executors: the published checks pass for ours and fail for planted faults."""

import os
import signal
import time
from concurrent.futures import Future

import numpy as np
import pytest

from headstart.core import SettingsError
from headstart.studies.executors import InlineExecutor, ProcessExecutor, WorkerLost, check_jobs
from headstart.testing import check_executor
from headstart.testing.executor_checks import make_bench, make_specs
from headstart.training import Worker, execute


def inline(bench):
    return InlineExecutor(Worker(bench))


def test_inline_passes_the_published_checks():
    check_executor(inline)


@pytest.mark.slow
def test_processes_pass_them():
    check_executor(lambda bench: ProcessExecutor(bench, 2))


@pytest.mark.slow
@pytest.mark.ray
def test_ray_passes_them():
    from headstart.studies.executors.ray import RayExecutor

    check_executor(lambda bench: RayExecutor(bench, 2))


class LosesFutures(InlineExecutor):
    """Forgets one of its futures."""

    count = 0

    def submit(self, spec, deadline):
        self.count += 1
        return Future() if self.count == 2 else super().submit(spec, deadline)


class ChangesThreads(InlineExecutor):
    """Computes with threads of its own choice."""

    def __init__(self, worker):
        from dataclasses import replace

        super().__init__(Worker(replace(worker.bench, threads=2)))


class OtherNumbers(InlineExecutor):
    """Runs another trial than it was asked for."""

    def submit(self, spec, deadline):
        return super().submit(spec.model_copy(update={"seed": spec.seed + 1}), deadline)


class NoDeadline(InlineExecutor):
    """Never ends a trial whose time is over."""

    def submit(self, spec, deadline):
        return super().submit(spec, 1e6)


class NoModel(InlineExecutor):
    """Throws models away."""

    def submit(self, spec, deadline):
        from dataclasses import replace

        future = super().submit(spec, deadline)
        if future.exception() is None:
            kept, future = future.result(), Future()
            future.set_result(replace(kept, model_dir=None))
        return future


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (LosesFutures, "futures are lost"),
        (ChangesThreads, "computed with 2 threads instead of 1"),
        (OtherNumbers, "other numbers"),
        (NoDeadline, "a trial without time"),
        (NoModel, "left no model"),
    ],
)
def test_planted_faults_are_found(kind, words, monkeypatch):
    monkeypatch.setattr("headstart.testing.executor_checks.PATIENCE", 20.0)
    with pytest.raises(AssertionError, match=words):
        check_executor(lambda bench: kind(Worker(bench)))


@pytest.mark.slow
def test_a_process_that_is_killed_loses_its_own_trial_alone(tmp_path):
    bench = make_bench(tmp_path)
    long = make_specs(bench)[2].model_copy(
        update={"recipe": make_specs(bench)[2].recipe.model_copy(update={"steps": 4000})}
    )
    other, third = long.model_copy(update={"repeat": 1}), make_specs(bench)[3]
    executor = ProcessExecutor(bench, 2)
    try:
        first, second = executor.submit(long, 120.0), executor.submit(other, 120.0)
        deadline = time.monotonic() + 60
        while not (children := _workers(executor)) or len(children) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(children[0], signal.SIGKILL)
        done = set()
        while not done:
            done = executor.wait([first, second], 5.0)
            assert time.monotonic() < deadline
        (lost,) = done
        assert isinstance(lost.exception(), WorkerLost)
        assert not (second if lost is first else first).done()
        again = executor.submit(third, 120.0)  # in the slot that was lost
        while not again.done():
            executor.wait([again], 5.0)
            assert time.monotonic() < deadline + 120
        alone = execute(third, Worker(bench.moved(tmp_path / "alone")))
        np.testing.assert_array_equal(again.result().probabilities, alone.probabilities)
    finally:
        executor.close()


def _workers(executor):
    return [pid for pool in executor._pools if pool is not None for pid in list(pool._processes)]


@pytest.mark.parametrize(
    ("jobs", "executor", "words"),
    [(2, "inline", "one trial at a time"), (0, None, "not possible"), (1, "dask", "no executor 'dask'")],
)
def test_what_cannot_be_is_said_before_any_data_is_read(jobs, executor, words):
    with pytest.raises(SettingsError, match=words):
        check_jobs(jobs, executor)


def test_jobs_choose_the_executor():
    assert check_jobs(1, None) == (1, "inline")
    assert check_jobs(2, None) == (2, "processes")
    assert check_jobs(1, "ray://head:6379") == (1, "ray://head:6379")
