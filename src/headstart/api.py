"""The library's door: ``study``, ``check``, ``load`` and ``curves``, each a thin line through the floors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart._version import __version__
from headstart.advice import Recommendation
from headstart.advice.curve_analysis import analyse_curves
from headstart.advice.curve_record import CurveAnalysis
from headstart.core import BundleError, Hardware, SettingsError, probe_hardware
from headstart.data import Finding, make_splits
from headstart.data import check as check_data
from headstart.data import load as load_data
from headstart.data.measured import measurements_from, read_measurements
from headstart.models import FittedModel
from headstart.models import load as load_model
from headstart.report import Progress, render_data, render_header, render_plan, repr_html
from headstart.report.closing import CLOSING_SECONDS, Closing
from headstart.report.curve_picture import card_html, write_picture
from headstart.report.schema import nullify
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
from headstart.studies.store import now

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


class Study:
    """A study that was run, or opened again from its folder.

    Attributes:
        summary: Everything the report shows, as one plain dict.
        folder: Where the study lies.
    """

    def __init__(self, summary: dict[str, Any], folder: Path) -> None:
        self.summary, self.folder = summary, folder

    @classmethod
    def open(cls, folder: str | Path) -> Study:
        """Open a study without running anything.

        Raises:
            BundleError: There is no study, or nothing has been measured yet.
        """
        folder = Path(folder)
        store = Store(folder, read_only=True)
        try:
            text = store.fact("summary")
        finally:
            store.close()
        if text is None:
            raise BundleError(
                "the study has not measured anything yet", place=str(folder),
                hint="Run the `headstart study` command again; it goes on where it was",
            )  # fmt: skip
        return cls(json.loads(text), folder)

    @property
    def recommendation(self) -> Recommendation:
        """The answer, and every number behind it."""
        return Recommendation.model_validate(self.summary["recommendation"])

    @property
    def model_dir(self) -> Path | None:
        """Folder of the trained winner; None before anything was measured."""
        folder = self.folder / "model"
        return folder if self.summary["recommendation"]["model_dir"] and folder.exists() else None

    def model(self) -> FittedModel:
        """Load the trained winner.

        Raises:
            BundleError: There is none yet.
        """
        if self.model_dir is None:
            raise BundleError("the study saved no model yet", place=str(self.folder), hint="Allow a larger budget")
        return load_model(self.model_dir)

    @property
    def curves(self) -> pd.DataFrame:
        """Learning curves: a row for each arm and size."""
        import pandas as pd

        arms = self.summary["recommendation"]["arms"]
        rows = [{"arm": arm["key"], "paradigm": arm["paradigm"], **point} for arm in arms for point in arm["curve"]]
        return pd.DataFrame(rows, columns=["arm", "paradigm", "n", "value", "low", "high", "repeats"])

    def table(self) -> pd.DataFrame:
        """Every trial: a row each."""
        import pandas as pd

        return pd.DataFrame(self.summary["trials"])

    def __repr__(self) -> str:
        return f"Study({self.folder.name!r}: {self.recommendation.sentence})"

    def _repr_html_(self) -> str:
        return repr_html(self.summary)


class Curves:
    """What a table of finished measurements shows.

    Attributes:
        analysis: Learning curves, crossover, head start and more, as a record; errors are shares.
    """

    def __init__(self, analysis: CurveAnalysis) -> None:
        self.analysis = analysis

    @property
    def sentence(self) -> str:
        """What may be said of the crossover."""
        return self.analysis.crossover.sentence

    def table(self) -> pd.DataFrame:
        """The fitted curves: a row for each arm and size, with 90 % intervals."""
        import pandas as pd

        rows = [
            {"arm": arm.arm, "paradigm": arm.paradigm, "n": point.n, "error": point.error, "low": point.low,
             "high": point.high}
            for arm in self.analysis.arms for point in arm.fitted
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["arm", "paradigm", "n", "error", "low", "high"])

    def to_dict(self) -> dict[str, Any]:
        """The analysis as JSON-able values: what ``headstart curves --json`` prints."""
        return dict(nullify(self.analysis.model_dump(mode="python")))

    def plot(self, path: str | Path) -> Path:
        """Write the picture to a file that ends in ``.svg`` or ``.html``."""
        return write_picture(self.analysis, path)

    def __repr__(self) -> str:
        return f"Curves({len(self.analysis.arms)} arms: {self.sentence})"

    def _repr_html_(self) -> str:
        return card_html(self.analysis)


def curves(
    data: Any,
    *,
    columns: Mapping[str, str] | None = None,
    unit: str | None = None,
    scratch: Sequence[str] = (),
    margin: float = 0.01,
    horizon: float = 4.0,
    n_test: int | None = None,
    at: Sequence[float] = (),
    targets: Sequence[float] = (),
    label_price: float | None = None,
    seed: int = 0,
) -> Curves:
    """Analyse finished measurements: learning curves, crossover, head start, what to measure next.

    Trains nothing. It needs a row for each measurement with the arm, the number of labels n and an error or an
    accuracy; seeds pair the arms, and without a paradigm those with ``scratch`` in their name are from scratch.

    Args:
        data: A pandas table, a dict of columns, or a file: CSV, TSV, JSON, JSON lines, Parquet.
        columns: Your names for the columns ``arm``, ``n``, ``error``, ``accuracy``, ``seed`` and ``paradigm``.
        unit: ``share`` or ``percent``; found by the largest value if not given.
        scratch: Arms that are from scratch, where no column says so.
        margin: What difference of the error matters, as a share.
        horizon: Nothing is said beyond so many times the largest n; 4 is as far as intervals were checked.
        n_test: Examples in the test part, so that their choice counts too.
        at: Sizes at which to predict every arm.
        targets: Values of the metric for which to tell the labels needed, as shares.
        label_price: What a label costs, to price the head start.
        seed: Determines every draw.

    Returns:
        The curves and what they show.

    Raises:
        HeadstartError: The table or an option cannot be used; the message says where and what to do.
    """
    options = {"names": columns, "unit": unit, "scratch": tuple(scratch)}
    check_margin(margin)
    _check_curve_options(horizon, n_test, at, targets, label_price)
    if isinstance(data, str | Path):
        measured = read_measurements(Path(data), **options)
    else:
        measured = measurements_from({str(name): list(data[name]) for name in data}, **options)
    errors = [1 - value if measured.metric == "accuracy" else value for value in targets]
    return Curves(
        analyse_curves(
            measured, margin=margin, horizon=horizon, n_test=n_test, at=at, targets=errors, label_price=label_price,
            seed=seed,
        )
    )  # fmt: skip


def _check_curve_options(
    horizon: float, n_test: int | None, at: Sequence[float], targets: Sequence[float], label_price: float | None
) -> None:
    """Refuse what no analysis can use."""
    rules = [
        ("--horizon", [horizon], lambda value: 1 <= value <= 64, "a factor from 1 to 64; 4 is as far as was checked"),
        ("--n-test", [n_test], lambda value: value >= 1, "how many examples the test part has"),
        ("--at", at, lambda value: 0 < value < float("inf"), "a number of labels"),
        ("--target", targets, lambda value: 0 < value < 1, "a share between 0 and 1: 0.95 is 95 %"),
        ("--label-price", [label_price], lambda value: 0 <= value < float("inf"), "what one label costs"),
    ]
    for option, values, holds, meaning in rules:
        for value in values:
            if value is not None and not holds(value):
                raise SettingsError(f"{value:g} cannot be used", place=option, hint=f"It is {meaning}")


def load(folder: str | Path) -> FittedModel:
    """Load a model that a study saved, for ``predict`` and ``predict_proba``."""
    return load_model(folder)


def check(source: Any, task: str | None = None, **columns: Any) -> tuple[Finding, ...]:
    """Examine labelled data: broken items, duplicates, leaks, contradictions, imbalance, shortcuts.

    Args:
        source: As for :func:`study`.
        task: ``image-classification`` or ``text-classification``; found if not given.
        **columns: ``text_column``, ``image_column``, ``label_column``, ``group_column``, ``group_regex``, ``test``.
    """
    return check_data(load_data(source, task, **columns))


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
        strategies: Strategies to compare; all installed if none are given.
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
        HeadstartError: Anything a person can mend; the message says how.
    """
    from rich.console import Console as RichConsole

    started = now()
    seconds = parse_budget(budget)
    check_margin(margin)
    screen = console or RichConsole(stderr=True, quiet=quiet)
    folder = Path(out) if out else default_folder(data)
    hardware = probe_hardware()
    if not quiet:
        render_header(
            {"version": __version__, "budget_seconds": seconds, "folder": str(folder), "seed": seed,
             "hardware": hardware.model_dump()}, screen,
        )  # fmt: skip
    labelled = load_data(data, task, seed=seed, **columns)
    findings = check_data(labelled)
    labelled.findings = findings
    name, why = choose_metric(metric, [int(count) for count in labelled.class_counts])
    splits = make_splits(labelled, seed)
    native = labelled.images.native_size if labelled.images is not None else 0
    found, skipped = find_candidates(candidates, labelled.task, native)
    arms, left_out = make_arms(found, strategies, candidates)
    settings = StudySettings(
        source=labelled.source, task=labelled.task, metric=name, margin=margin, seed=seed,
        candidates=tuple(found), strategies=tuple(dict.fromkeys(arm.strategy for arm in arms)),
        data_fingerprint=labelled.fingerprint, budget_seconds=seconds,
    )  # fmt: skip
    with StudyLock(folder):
        store = Store(folder)
        try:
            return _drive(
                StudyView(settings, labelled, splits, arms, store), found, findings, [*skipped, *left_out], hardware,
                started, screen, quiet, dry_run, tuple(command or _python_call(data, budget)), why,
            )  # fmt: skip
        finally:
            store.close()


def default_folder(data: Any) -> Path:
    """``headstart-runs/NAME`` after the data."""
    name = Path(str(data)).stem if isinstance(data, str | Path) else "study"
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name).strip("-.")
    return Path("headstart-runs") / (safe or "study")


def _drive(
    view: StudyView, candidates: dict[str, Any], findings: Sequence[Finding], skipped: list[tuple[str, str]],
    hardware: Hardware, started: float, screen: Console, quiet: bool, dry_run: bool, command: tuple[str, ...],
    metric_reason: str,
) -> Study:  # fmt: skip
    """Run one study inside its lock."""
    store, settings = view.store, view.settings
    known = store.fact("summary")
    if _resume(store, settings) and known and not dry_run:
        return Study(json.loads(known), store.folder)
    hardware = _same_precision(store, hardware)
    budget = Budget(store, settings.budget_seconds, started)
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
            render_plan(_plan_dict(plan, settings), screen)
        if dry_run:
            return Study({"plan": _plan_dict(plan, settings), **closing.summary("running")}, store.folder)
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
            place=str(store.folder), hint="Use the same options to go on, or --out for a new study",
        )  # fmt: skip
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


def _plan_dict(plan: Plan, settings: StudySettings) -> dict[str, Any]:
    return {
        "rows": plan.rows, "total_seconds": plan.total_seconds, "budget_seconds": settings.budget_seconds,
        "comparison_size": plan.comparison_size, "notes": [],
        "left_out": [{"what": what, "reason": reason} for what, reason in plan.left_out],
    }  # fmt: skip


def _python_call(data: Any, budget: str | float) -> list[str]:
    name = str(data) if isinstance(data, str | Path) else type(data).__name__
    return ["headstart", "study", name, "--budget", str(budget)]


__all__ = ["Curves", "Study", "check", "curves", "default_folder", "load", "study"]
