"""Run a study: from data to report."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from headstart._version import __version__
from headstart.advice import resolution_warning
from headstart.api.opened import Study
from headstart.core import Hardware, SettingsError, probe_hardware, seconds_waited
from headstart.data import Finding, make_splits
from headstart.data import check as check_data
from headstart.data import load as load_data
from headstart.models.own import PREFIX as OWN
from headstart.models.own import check_own
from headstart.report import Progress, render_data, render_header, render_plan
from headstart.report.closing import CLOSING_SECONDS, Closing
from headstart.report.summary import describe_data
from headstart.studies import (
    Budget,
    Plan,
    Store,
    StudyLock,
    StudyRunner,
    StudySettings,
    StudyView,
    check_margin,
    choose_metric,
    find_candidates,
    make_arms,
    parse_budget,
)
from headstart.studies.store import FILE as STORE_FILE
from headstart.studies.store import now

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
    margin: float = 0.01,
    seed: int = 0,
    quiet: bool = False,
    dry_run: bool = False,
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
        margin: What difference matters, as a share.
        seed: Determines every random choice.
        quiet: Show nothing while it runs.
        dry_run: Plan and predict the cost, but train nothing.
        command: The words to reproduce the study with, for the report.
        console: Where progress goes; standard error if not given.
        **columns: ``text_column``, ``image_column``, ``label_column``, ``group_column``, ``group_regex``, ``test``.

    Returns:
        The study with its recommendation.

    Raises:
        HeadstartError: Anything the user can fix; the message says how.
    """
    from rich.console import Console as RichConsole

    started = now() - seconds_waited()
    asked = {"budget": budget, "out": out, "task": task, "candidates": candidates, "strategies": strategies}
    asked |= {"metric": metric, "margin": margin, "seed": seed, **columns}
    call = _python_call(data, asked)
    seconds = parse_budget(budget)
    check_margin(margin)
    screen = console or RichConsole(stderr=True, quiet=quiet)
    folder = Path(out) if out else default_folder(data)
    hardware = probe_hardware()
    if not quiet:
        render_header(
            {
                "version": __version__,
                "budget_seconds": seconds,
                "folder": str(folder),
                "seed": seed,
                "hardware": hardware.model_dump(),
            },
            screen,
        )
    labelled = load_data(data, task, seed=seed, **columns)
    findings = check_data(labelled)
    labelled.findings = findings
    name, why = choose_metric(metric, [int(count) for count in labelled.class_counts])
    splits = make_splits(labelled, seed)
    native = labelled.images.native_size if labelled.images is not None else 0
    found, skipped = find_candidates(candidates, labelled.task, native)
    for candidate in found.values():
        if candidate.family == "own":
            path = candidate.name.removeprefix(OWN)
            check_own(path, len(labelled.class_names), candidate.modality, candidate.input_size)
    arms, left_out = make_arms(found, strategies, candidates)
    settings = StudySettings(
        source=labelled.source,
        task=labelled.task,
        metric=name,
        margin=margin,
        seed=seed,
        candidates=tuple(found),
        weights=tuple(candidate.weights_hash for candidate in found.values()),
        strategies=tuple(dict.fromkeys(arm.strategy for arm in arms)),
        data_fingerprint=labelled.fingerprint,
        budget_seconds=seconds,
    )
    with TemporaryDirectory() as rehearsal, StudyLock(_copied(folder, Path(rehearsal)) if dry_run else folder):
        store = Store(Path(rehearsal) if dry_run else folder)
        try:
            return _drive(
                StudyView(settings, labelled, splits, arms, store),
                found,
                findings,
                [*skipped, *left_out],
                hardware,
                started,
                screen,
                quiet,
                dry_run,
                tuple(command or [call]),
                why,
                folder,
            )
        finally:
            store.close()


def _copied(folder: Path, rehearsal: Path) -> Path:
    """A copy of what a study has measured, so that a dry run leaves no trace in it."""
    if (folder / STORE_FILE).exists():
        Store(folder).copy_to(rehearsal)
    return rehearsal


def default_folder(data: Any) -> Path:
    """``headstart-runs/NAME`` after the data."""
    name = Path(str(data)).stem if isinstance(data, str | Path) else "study"
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).strip("-.")
    return Path("headstart-runs") / (safe or "study")


def _drive(
    view: StudyView,
    candidates: dict[str, Any],
    findings: Sequence[Finding],
    skipped: list[tuple[str, str]],
    hardware: Hardware,
    started: float,
    screen: Console,
    quiet: bool,
    dry_run: bool,
    command: tuple[str, ...],
    metric_reason: str,
    folder: Path,
) -> Study:
    """Run one study inside its lock."""
    store, settings = view.store, view.settings
    known = store.fact("summary")
    if _resume(store, settings) and known and not dry_run:
        return Study(json.loads(known), store.folder)
    hardware = _same_precision(store, hardware)
    budget = Budget(store, settings.budget_seconds, started + seconds_waited())  # downloads are not work
    created = store.fact("created") or datetime.now(UTC).isoformat(timespec="seconds")
    store.set_fact("created", created)
    if not quiet:
        render_data(describe_data(view, findings), screen)
        screen.print(f"Metric     {settings.metric} ({metric_reason})", highlight=False)
    with Progress(
        screen, settings.budget_seconds, quiet, spent_seconds=budget.spent, metric=settings.metric
    ) as progress:
        runner = StudyRunner(view, candidates, hardware, budget, progress, store.folder / "cache")
        closing = Closing(view, runner, hardware, findings, skipped, command, created)
        runner.after_trial = closing.now_and_then
        plan = runner.prepare()
        closing.skipped = [*skipped, *plan.left_out]
        if not quiet:
            render_plan(_plan_dict(plan, view), screen)
        if dry_run:
            return Study({"plan": _plan_dict(plan, view), **closing.summary("running")}, folder)
        runner.run(plan, keep_back=CLOSING_SECONDS)
        progress.stage("writing the report")
        summary = closing.write("interrupted" if runner.interrupted else "finished")
        if not runner.interrupted:
            store.set_fact("finished_budget", repr(settings.budget_seconds))
        runner.budget.heartbeat(force=True)
    return Study(summary, store.folder)


def _resume(store: Store, settings: StudySettings) -> bool:
    """Remember what this study is; say whether it has already used the time it is given.

    Raises:
        SettingsError: The folder holds a study of other data or with other options.
    """
    known = store.fact("settings")
    before = StudySettings.from_json(known) if known else settings
    changes = before.differences(settings)
    if changes:
        raise SettingsError(
            f"this folder holds a study with other data or options ({'; '.join(changes)})",
            place=str(store.folder),
            hint="Use the same options to go on, or --out for a new study",
        )
    done = store.fact("finished_budget")
    if done is not None and settings.budget_seconds <= float(done):
        return True
    store.set_fact("settings", settings.to_json())
    return False


def _same_precision(store: Store, hardware: Hardware) -> Hardware:
    """Go on in the precision that the study began with: a trial's identity holds it."""
    known = store.fact("dtype")
    if known is None:
        store.set_fact("dtype", hardware.dtype)
    elif known != hardware.dtype:
        reason = f"as the study began; measured now: {hardware.dtype_reason}"
        return hardware.model_copy(update={"dtype": known, "dtype_reason": reason})
    return hardware


def _plan_dict(plan: Plan, view: StudyView) -> dict[str, Any]:
    return {
        "rows": plan.rows,
        "total_seconds": plan.total_seconds,
        "budget_seconds": view.settings.budget_seconds,
        "comparison_size": plan.comparison_size,
        "notes": resolution_warning(view),
        "left_out": [{"what": what, "reason": reason} for what, reason in plan.left_out],
    }


def _python_call(data: Any, asked: dict[str, Any]) -> str:
    """The call in Python, without what was left at its default."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(study).parameters.items()}
    given = {name: value for name, value in asked.items() if value != defaults.get(name) and value is not None}
    source = repr(str(data)) if isinstance(data, str | Path) else type(data).__name__.lower()
    shown = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    words = [f"{name}={value!r}" for name, value in shown.items()]
    return f"headstart.study({', '.join([source, *words])})"
