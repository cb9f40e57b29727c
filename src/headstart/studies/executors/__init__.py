"""Executors: where trials run."""

from __future__ import annotations

from headstart.core import SettingsError
from headstart.studies.executors.base import Executor, WorkerLost
from headstart.studies.executors.inline import InlineExecutor
from headstart.studies.executors.processes import ProcessExecutor
from headstart.training import Bench, Progress, Worker

NAMES = ("inline", "processes", "ray", "ray://ADDRESS")

__all__ = ["NAMES", "Executor", "InlineExecutor", "ProcessExecutor", "WorkerLost", "check_jobs", "make_executor"]


def check_jobs(jobs: int, executor: str | None) -> tuple[int, str]:
    """Number of trials at once, and the executor's name.

    Raises:
        SettingsError: There is no such executor, or it cannot run so many.
    """
    name = executor or ("inline" if jobs == 1 else "processes")
    if name.partition("://")[0] not in ("inline", "processes", "ray"):
        raise SettingsError(f"no executor {name!r}", place="--executor", hint=f"Choose one of: {', '.join(NAMES)}")
    if not 1 <= jobs <= 1024:
        raise SettingsError(f"{jobs} trials at once are not possible", place="--jobs", hint="Give 1 or more")
    if name == "inline" and jobs > 1:
        raise SettingsError(
            f"the inline executor runs one trial at a time, not {jobs}",
            place="--executor, --jobs",
            hint="Use --executor processes, or leave --jobs away",
        )
    return jobs, name


def make_executor(name: str, bench: Bench, worker: Worker, jobs: int, progress: Progress | None) -> Executor:
    """Make the executor of a name that :func:`check_jobs` accepted."""
    if name == "inline":
        return InlineExecutor(worker, progress)
    if name == "processes":
        return ProcessExecutor(bench, jobs)
    from headstart.studies.executors.ray import RayExecutor

    return RayExecutor(bench, jobs if jobs > 1 else None, name.partition("://")[2] or None)
