"""Run a study, from data to report."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from headstart._version import __version__
from headstart.api.keywords import check_keywords
from headstart.api.opened import Study
from headstart.api.session import Request, Session
from headstart.api.setup import Setup, set_up
from headstart.core import probe_hardware, safe_name, seconds_waited
from headstart.report import Progress, render_data, render_header, render_plan
from headstart.report.summary import describe_data
from headstart.studies import Plan, Store, StudyLock, check_aims, check_margin, now, parse_budget
from headstart.studies.executors import check_jobs
from headstart.studies.planners import DEFAULT, get_planner
from headstart.studies.store import FILE as STORE_FILE

if TYPE_CHECKING:
    from rich.console import Console


def study(
    data: Any,
    budget: str | float = "15m",
    *,
    out: str | Path | None = None,
    task: str | None = None,
    candidates: Sequence[str] = (),
    strategies: Sequence[str] = (),
    metric: str | None = None,
    margin: float | None = None,
    planned_labels: int | None = None,
    target: float | None = None,
    seed: int = 0,
    jobs: int = 1,
    executor: str | None = None,
    planner: str = DEFAULT,
    quiet: bool = False,
    command: Sequence[str] | None = None,
    console: Console | None = None,
    **columns: Any,
) -> Study:
    """Measure which way to a classifier is best on labelled data, and train the winner.

    A study lives in a folder; the same call on a finished one returns it, on an interrupted one goes on.

    Args:
        data: Class folders, a table file, a folder of such files, a hub id, or a ``datasets`` object.
        budget: Time allowed in all, such as ``"15m"``, or seconds.
        out: The study's folder; named after the data if not given.
        task: ``image-classification`` or ``text-classification``; found if not given.
        candidates: Models to start from; the built-in ones if none are given.
        strategies: Strategies to compare; those compared by default if none are given.
        metric: ``accuracy``, ``macro-f1`` or ``balanced-accuracy``; chosen by imbalance if not given.
        margin: What difference matters, as a share; one point, or a quarter of the error if less, if not given.
        planned_labels: How many labels you will have: the answer is for them. All that are here if not given.
        target: A value of the metric to reach; the answer names the labels it takes.
        seed: Determines every random choice.
        jobs: Trials that run at once; the cores are shared out among them.
        executor: ``inline``, ``processes``, ``ray`` or ``ray://ADDRESS``; by ``jobs`` if not given.
        planner: Which planner chooses the trials.
        quiet: Show nothing while it runs.
        command: The words to reproduce the study with, for the report.
        console: Where progress goes; standard error if not given.
        **columns: ``text_column``, ``image_column``, ``label_column``, ``group_column``, ``group_regex``, ``test``.

    Returns:
        The study with its recommendation.

    Raises:
        HeadstartError: Anything the user can fix; the message says how.
    """
    check_keywords(columns, study)
    request = _request(
        data, budget, out, strategies, candidates, margin, planned_labels, target, seed, jobs, executor, planner
    )
    given = {name: value for name, value in locals().items() if name in inspect.signature(study).parameters}
    screen = _screen(console, quiet)
    _show_header(request, screen, quiet)
    setup = set_up(data, task=task, candidates=candidates, metric=metric, seed=seed, **columns)
    with StudyLock(request.folder), Store(request.folder) as store:
        session = Session(request, setup, store, command or [_python_call(data, given, columns)])
        finished = session.finished_answer()
        if finished is not None:
            return Study(finished, request.folder)
        _show_data(session, setup, screen, quiet)
        with Progress(
            screen, request.budget_seconds, quiet, spent_seconds=session.budget.spent, metric=setup.metric
        ) as progress:
            intended = session.prepare(progress)
            if not quiet:
                render_plan(intended.model_dump(), screen)
            summary = session.run(progress)
    return Study(summary, request.folder)


def plan(
    data: Any,
    budget: str | float = "15m",
    *,
    out: str | Path | None = None,
    task: str | None = None,
    candidates: Sequence[str] = (),
    strategies: Sequence[str] = (),
    metric: str | None = None,
    margin: float | None = None,
    planned_labels: int | None = None,
    target: float | None = None,
    seed: int = 0,
    jobs: int = 1,
    executor: str | None = None,
    planner: str = DEFAULT,
    quiet: bool = False,
    console: Console | None = None,
    **columns: Any,
) -> Plan:
    """Plan a study and predict what it costs, without training anything for keeps and without leaving a trace.

    Args:
        data: As for :func:`study`, and so are all others.
        budget: Time allowed in all.
        out: The study's folder: what it has measured already is taken into account.
        task: Found if not given.
        candidates: Models to start from.
        strategies: Strategies to compare.
        metric: Chosen by imbalance if not given.
        margin: What difference matters, as a share; one point, or a quarter of the error if less, if not given.
        planned_labels: How many labels you will have: the answer is for them. All that are here if not given.
        target: A value of the metric to reach; the answer names the labels it takes.
        seed: Determines every random choice.
        jobs: Trials that run at once.
        executor: Where they run.
        planner: Which planner chooses the trials.
        quiet: Show nothing.
        console: Where progress goes; standard error if not given.
        **columns: As for :func:`study`.

    Returns:
        The plan.

    Raises:
        HeadstartError: Anything the user can fix; the message says how.
    """
    check_keywords(columns, plan)
    request = _request(
        data, budget, out, strategies, candidates, margin, planned_labels, target, seed, jobs, executor, planner
    )
    screen = _screen(console, quiet)
    _show_header(request, screen, quiet)
    setup = set_up(data, task=task, candidates=candidates, metric=metric, seed=seed, **columns)
    with TemporaryDirectory() as name:
        rehearsal = Path(name)
        if (request.folder / STORE_FILE).exists():
            with Store.open_readonly(request.folder) as known:
                known.copy_to(rehearsal)
        with Store(rehearsal) as store:
            session = Session(request, setup, store, [])
            _show_data(session, setup, screen, quiet)
            with Progress(screen, request.budget_seconds, quiet, metric=setup.metric) as progress:
                made = session.prepare(progress)
                if not quiet:
                    render_plan(made.model_dump(), screen)
    return made


def default_folder(data: Any) -> Path:
    """``headstart-runs/NAME`` after the data."""
    name = Path(str(data)).stem if isinstance(data, str | Path) else "study"
    return Path("headstart-runs") / (safe_name(name).strip("-.") or "study")


def _request(
    data: Any,
    budget: str | float,
    out: str | Path | None,
    strategies: Sequence[str],
    candidates: Sequence[str],
    margin: float | None,
    planned_labels: int | None,
    target: float | None,
    seed: int,
    jobs: int,
    executor: str | None,
    planner: str,
) -> Request:
    """Check what can be checked before any data is read."""
    started = now() - seconds_waited()
    seconds = parse_budget(budget)
    check_margin(margin)
    check_aims(planned_labels, target)
    jobs, executor = check_jobs(jobs, executor)
    get_planner(planner)
    return Request(
        folder=(Path(out) if out else default_folder(data)),
        budget_seconds=seconds,
        margin=margin,
        planned_labels=planned_labels,
        target=target,
        seed=seed,
        strategies=tuple(strategies),
        candidates=tuple(candidates),
        jobs=jobs,
        executor=executor,
        planner=planner,
        started=started,
        hardware=probe_hardware(),
    )


def _screen(console: Console | None, quiet: bool) -> Console:
    from rich.console import Console as RichConsole

    return console or RichConsole(stderr=True, quiet=quiet)


def _show_header(request: Request, screen: Console, quiet: bool) -> None:
    if not quiet:
        render_header(
            {
                "version": __version__,
                "budget_seconds": request.budget_seconds,
                "folder": str(request.folder),
                "seed": request.seed,
                "hardware": request.hardware.model_dump(),
            },
            screen,
        )


def _show_data(session: Session, setup: Setup, screen: Console, quiet: bool) -> None:
    if not quiet:
        render_data(describe_data(session.evidence, setup.findings).model_dump(), screen)
        screen.print(f"Metric     {setup.metric} ({setup.metric_reason})", highlight=False)


def _python_call(data: Any, given: dict[str, Any], columns: dict[str, Any]) -> str:
    """The call in Python, without what was left at its default."""
    unsaid = ("data", "quiet", "command", "console", "columns")
    defaults = {name: parameter.default for name, parameter in inspect.signature(study).parameters.items()}
    said = {name: value for name, value in given.items() if name not in unsaid and value != defaults.get(name)}
    source = repr(str(data)) if isinstance(data, str | Path) else type(data).__name__.lower()
    shown = {name: str(value) if isinstance(value, Path) else value for name, value in {**said, **columns}.items()}
    words = [f"{name}={value!r}" for name, value in shown.items() if value is not None]
    return f"headstart.study({', '.join([source, *words])})"
