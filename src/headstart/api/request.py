"""The checked options of one run of a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from headstart.core import Hardware, probe_hardware, safe_name, seconds_waited
from headstart.options import StudyOptions
from headstart.studies import check_aims, check_margin, now, parse_budget
from headstart.studies.executors import check_jobs
from headstart.studies.planners import get_planner


@dataclass(frozen=True)
class Request:
    """What was asked for, checked as far as it can be before any data is read.

    Attributes:
        options: As they were given.
        folder: The study's.
        executor: Where trials run; with ``jobs``, how many at once.
        started: When the work began, on the clock of :func:`headstart.studies.now`.
        hardware: This machine.
    """

    options: StudyOptions
    folder: Path
    budget_seconds: float
    jobs: int
    executor: str
    started: float
    hardware: Hardware

    @classmethod
    def of(cls, options: StudyOptions) -> Self:
        """Check the options.

        Raises:
            HeadstartError: One of them is impossible; the message says how to mend it.
        """
        started = now() - seconds_waited()
        seconds = parse_budget(options.budget)
        check_margin(options.margin)
        check_aims(options.planned_labels, options.target)
        jobs, executor = check_jobs(options.jobs, options.executor)
        get_planner(options.planner)
        folder = Path(options.out) if options.out else default_folder(options.data)
        return cls(options, folder, seconds, jobs, executor, started, probe_hardware())


def default_folder(data: Any) -> Path:
    """``headstart-runs/NAME`` after the data."""
    name = Path(str(data)).stem if isinstance(data, str | Path) else "study"
    return Path("headstart-runs") / (safe_name(name).strip("-.") or "study")
