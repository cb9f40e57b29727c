"""Run a study, from data to report."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from headstart._version import __version__
from headstart.api.opened import Study
from headstart.api.request import Request
from headstart.api.session import Session
from headstart.api.setup import Setup, set_up
from headstart.api.signatures import keywords_of
from headstart.options import StudyOptions
from headstart.report import Progress, render_data, render_header, render_plan
from headstart.report.data_card import describe_data
from headstart.studies import Plan, Store, StudyLock
from headstart.studies.store import FILE as STORE_FILE

if TYPE_CHECKING:
    from rich.console import Console


@keywords_of(StudyOptions)
def study(options: StudyOptions) -> Study:
    """Measure which way to a classifier is best on labelled data, and train the winner.

    A study lives in a folder; the same call on a finished one returns it, on an interrupted one goes on.

    Returns:
        The study with its recommendation.

    Raises:
        HeadstartError: Anything the user can fix; the message says how.
    """
    request = Request.of(options)
    screen = _screen(options)
    _show_header(request, screen)
    setup = _set_up(options)
    with StudyLock(request.folder), Store(request.folder) as store:
        session = Session(request, setup, store, options.command or [options.python_call()])
        finished = session.finished_answer()
        if finished is not None:
            return Study(finished, request.folder)
        _show_data(session, setup, screen)
        with Progress(
            screen, request.budget_seconds, options.quiet, spent_seconds=session.budget.spent, metric=setup.metric
        ) as progress:
            intended = session.prepare(progress)
            if not options.quiet:
                render_plan(intended, screen)
            summary = session.run(progress)
    return Study(summary, request.folder)


@keywords_of(StudyOptions)
def plan(options: StudyOptions) -> Plan:
    """Plan a study and predict what it costs, without training anything for keeps and without leaving a trace.

    Returns:
        The plan.

    Raises:
        HeadstartError: Anything the user can fix; the message says how.
    """
    request = Request.of(options)
    screen = _screen(options)
    _show_header(request, screen)
    setup = _set_up(options)
    with TemporaryDirectory() as name:
        rehearsal = Path(name)
        if (request.folder / STORE_FILE).exists():
            with Store.open_readonly(request.folder) as known:
                known.copy_to(rehearsal)
        with Store(rehearsal) as store:
            session = Session(request, setup, store, [])
            _show_data(session, setup, screen)
            with Progress(screen, request.budget_seconds, options.quiet, metric=setup.metric) as progress:
                made = session.prepare(progress)
                if not options.quiet:
                    render_plan(made, screen)
    return made


def _set_up(options: StudyOptions) -> Setup:
    return set_up(
        options.data, candidates=options.candidates, metric=options.metric, seed=options.seed, **options.reading
    )


def _screen(options: StudyOptions) -> Console:
    from rich.console import Console as RichConsole

    return options.console or RichConsole(stderr=True, quiet=options.quiet)


def _show_header(request: Request, screen: Console) -> None:
    if not request.options.quiet:
        render_header(
            screen,
            version=__version__,
            hardware=request.hardware,
            budget_seconds=request.budget_seconds,
            seed=request.options.seed,
            folder=str(request.folder),
        )


def _show_data(session: Session, setup: Setup, screen: Console) -> None:
    if not session.request.options.quiet:
        render_data(describe_data(session.evidence, setup.findings), screen)
        screen.print(f"Metric     {setup.metric} ({setup.metric_reason})", highlight=False)
