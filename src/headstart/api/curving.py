"""Finished measurements from any tool: learning curves, crossover and head start, without training anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.advice.curve_analysis import analyse_curves
from headstart.advice.curve_record import CurveAnalysis
from headstart.core import SettingsError
from headstart.data.measured import measurements_from, read_measurements
from headstart.report.curve_picture import card_html, write_picture
from headstart.report.schema import nullify
from headstart.studies import check_margin

if TYPE_CHECKING:
    import pandas as pd


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
            {
                "arm": arm.arm,
                "paradigm": arm.paradigm,
                "n": point.n,
                "error": point.error,
                "low": point.low,
                "high": point.high,
            }
            for arm in self.analysis.arms
            for point in arm.fitted
        ]
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
    chance: float | None = None,
    seed: int = 0,
) -> Curves:
    """Analyse finished measurements: learning curves, crossover, head start, what to measure next.

    Trains nothing. It needs a row for each measurement with the arm, the number of labels n and an error or an
    accuracy; seeds pair the arms, and without a paradigm those with ``scratch`` in their name are from scratch.

    Args:
        data: A pandas table, a dict of columns, or a file: CSV, TSV, JSON, JSON lines, Parquet.
        columns: Your names for the columns ``arm``, ``n``, ``error``, ``accuracy``, ``seed`` and ``paradigm``, and for
            what a run cost: ``seconds``, ``cost`` and ``energy``.
        unit: ``share`` or ``percent``; found by the largest value if not given.
        scratch: Arms that are from scratch, where no column says so.
        margin: What difference of the error matters, as a share.
        horizon: Nothing is said beyond so many times the largest n; 4 is as far as intervals were checked.
        n_test: Examples in the test part, so that their choice counts too.
        at: Sizes at which to predict every arm.
        targets: Values of the metric for which to tell the labels needed, as shares.
        label_price: What a label costs, to price the head start.
        chance: Value of the metric that guessing gets, as a share; arms that hardly beat it are not extrapolated.
        seed: Determines every draw.

    Returns:
        The curves and what they show.

    Raises:
        HeadstartError: The table or an option cannot be used; the message says where and what to do.
    """
    options: dict[str, Any] = {"names": columns, "unit": unit, "scratch": tuple(scratch)}
    check_margin(margin)
    _check_curve_options(horizon, n_test, at, targets, label_price, chance)
    if isinstance(data, str | Path):
        measured = read_measurements(Path(data), **options)
    else:
        measured = measurements_from({str(name): list(data[name]) for name in data}, **options)
    accuracy = measured.metric == "accuracy"
    errors = [1 - value if accuracy else value for value in targets]
    guessing = None if chance is None else 1 - chance if accuracy else chance
    return Curves(
        analyse_curves(
            measured,
            margin=margin,
            horizon=horizon,
            n_test=n_test,
            at=at,
            targets=errors,
            label_price=label_price,
            chance=guessing,
            seed=seed,
        )
    )


def _check_curve_options(
    horizon: float,
    n_test: int | None,
    at: Sequence[float],
    targets: Sequence[float],
    label_price: float | None,
    chance: float | None,
) -> None:
    """Refuse what no analysis can use."""
    rules: list[tuple[str, Sequence[float | None], Callable[[float], bool], str]] = [
        ("--horizon", [horizon], lambda value: 1 <= value <= 64, "a factor from 1 to 64; 4 is as far as was checked"),
        ("--n-test", [n_test], lambda value: value >= 1, "how many examples the test part has"),
        ("--at", at, lambda value: 0 < value < float("inf"), "a number of labels"),
        ("--target", targets, lambda value: 0 < value < 1, "a share between 0 and 1: 0.95 is 95 %"),
        ("--chance", [chance], lambda value: 0 < value < 1, "a share between 0 and 1: of ten equal classes, 0.1"),
        ("--label-price", [label_price], lambda value: 0 <= value < float("inf"), "what one label costs"),
    ]
    for option, values, holds, meaning in rules:
        for value in values:
            if value is not None and not holds(value):
                raise SettingsError(f"{value:g} cannot be used", place=option, hint=f"It is {meaning}")
