"""What ``headstart curves`` prints: words before numbers, the curves as a table, what to measure next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.report import wording
from headstart.report.screens import print_labelled

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.advice.curve_record import ArmCurve, CurveAnalysis, ErrorPoint

LABEL = 10  # characters of the first column
MOST_PAIRS, MOST_ARMS, MOST_HEAD_STARTS = 8, 12, 3


def render_curves(analysis: CurveAnalysis, console: Console, saved: str | None = None) -> None:
    """Print an analysis.

    Args:
        analysis: What the measurements show.
        console: Where to print.
        saved: The file a picture was written to, if any.
    """
    from rich.text import Text

    print_labelled([("Crossover", wording.capital(analysis.crossover.sentence)), *_worth(analysis)], console, LABEL)
    console.print()
    console.print(_arms_table(analysis))
    if len(analysis.arms) > MOST_ARMS:
        console.print(Text(f"… {len(analysis.arms) - MOST_ARMS} more in --json", style="dim"))
    if analysis.pairs:
        console.print()
        console.print(_pairs_table(analysis))
        if len(analysis.pairs) > MOST_PAIRS:
            console.print(Text(f"… {len(analysis.pairs) - MOST_PAIRS} more in --json", style="dim"))
    open_end = [("*", "extrapolated: not measured that far")] if analysis.horizon_factor >= 2 else []
    ending = [*open_end, *_asked(analysis), *_next(analysis), *(("Note", note) for note in analysis.notes)]
    if saved:
        ending.append(("Saved", saved))
    if ending:
        console.print()
        print_labelled(ending, console, LABEL)


def shown(error: float, metric: str) -> float:
    """An error share as the table's own metric, in percent."""
    return 100 * (1 - error if metric == "accuracy" else error)


def figure(point: ErrorPoint | None, metric: str) -> str:
    """``"27.9"`` or ``"23.2 [21.3, 25.6]"``."""
    if point is None:
        return wording.MISSING
    text = f"{shown(point.error, metric):.1f}"
    if point.low is None or point.high is None:
        return text
    low, high = sorted((shown(point.low, metric), shown(point.high, metric)))
    return f"{text} [{low:.1f}, {high:.1f}]"


def bounds(low: float | None, high: float | None) -> str:
    """An interval of numbers of labels; an open end says so."""
    if low is None:
        return wording.MISSING
    return f"{wording.count(low)} to {wording.count(high)}" if high is not None else f"{wording.count(low)} or more"


def _worth(analysis: CurveAnalysis) -> list[tuple[str, str]]:
    """What labels are worth to the transfer arm that leads: against from scratch, and twice as many of them."""
    at_end = [(arm, _fitted_at(arm, analysis.crossover.n_max)) for arm in analysis.arms if arm.paradigm != "scratch"]
    known = [(point.error, arm.arm) for arm, point in at_end if point is not None]
    if not known:
        return []
    leader = min(known)[1]
    mine = sorted((one for one in analysis.head_starts if one.transfer == leader), key=lambda one: one.n)
    inside = [one for one in mine if one.labels is not None]
    said = [
        "".join(
            [
                one.sentence,
                f", worth {one.price:,.2f}" if one.price is not None else "",
                *(_saving(saving.unit, saving.value) for saving in one.savings),
            ]
        )
        for one in inside[-MOST_HEAD_STARTS:] or mine[:1]
    ]
    rows = [("Head start" if place == 0 else "", line) for place, line in enumerate(said)]
    gain = next((one for one in analysis.gains if one.arm == leader), None)
    if gain is not None:
        fall = f"{100 * gain.expected:.1f} points [{100 * gain.low:.1f}, {100 * gain.high:.1f}]".replace("-", "\u2212")
        rows.append(("2n labels", f"from n = {wording.count(gain.n)} would lower the error of {leader} by {fall}"))
    return rows


def _saving(unit: str, value: float | None) -> str:
    """What a run saves, such as ``"; a run saves 3.2 min"``; nothing where no number of labels does as well."""
    if value is None:
        return ""
    amount = wording.duration(abs(value)) if unit == "seconds" else f"{abs(value):,.3g} of {unit}"
    return f"; a run {'saves' if value >= 0 else 'takes'} {amount}{'' if value >= 0 else ' more'}"


def _arms_table(analysis: CurveAnalysis):  # type: ignore[no-untyped-def]
    from rich.table import Table
    from rich.text import Text

    n_max, metric = analysis.crossover.n_max, analysis.metric
    factors = [factor for factor in (1, 2, 4) if factor <= analysis.horizon_factor]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False, pad_edge=False)
    table.add_column(f"{metric} in %", no_wrap=True, overflow="ellipsis")
    for factor in factors:
        beyond = "" if factor == 1 else " *"
        table.add_column(f"n = {wording.count(factor * n_max)}{beyond}", min_width=17, no_wrap=True)
    for arm in analysis.arms[:MOST_ARMS]:
        cells = [figure(_fitted_at(arm, factor * n_max), metric) for factor in factors]
        table.add_row(Text(wording.clean(arm.arm)), *cells)
    return table


def _pairs_table(analysis: CurveAnalysis):  # type: ignore[no-untyped-def]
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_edge=False, pad_edge=False)
    for head in ("from scratch", "against"):
        table.add_column(head, no_wrap=True, overflow="ellipsis", max_width=20)
    horizon = analysis.crossover.horizon
    for head in ("crosses at n", "90 % interval", f"P by {wording.count(horizon)}"):
        table.add_column(head, no_wrap=True)
    least = {arm.arm: arm.measured[0].n for arm in analysis.arms}
    for pair in analysis.pairs[:MOST_PAIRS]:
        start = max(least[pair.scratch], least[pair.transfer])
        at = {"tie": "tie", "none": "no crossing", "undetermined": "not determined"}.get(
            pair.statement, wording.count(pair.n)
        )
        inside = bounds(pair.low, pair.high) if pair.statement in ("crossed", "between", "undetermined") else ""
        if pair.high is not None and pair.high <= start * 1.001:
            at, inside = "leads throughout", ""
        table.add_row(
            Text(wording.clean(pair.scratch)),
            Text(wording.clean(pair.transfer)),
            at,
            inside,
            wording.confidence(pair.p_by_horizon),
        )
    return table


def _asked(analysis: CurveAnalysis) -> list[tuple[str, str]]:
    rows = [("Target", target.sentence) for target in analysis.targets]
    for n in dict.fromkeys(one.n for one in analysis.predictions):
        mine = [one for one in analysis.predictions if one.n == n]
        for one in mine:
            if one.error is not None:
                point = figure(_point(one.n, one.error, one.low, one.high), analysis.metric)
                beyond = ", extrapolated" if one.extrapolated else ""
                rows.append(("Expected", f"{one.arm} at n = {wording.count(n)}: {analysis.metric} {point} %{beyond}"))
        silent = [one.arm for one in mine if one.error is None]
        if silent:
            said = f"nothing is said of {', '.join(silent)}: too far from what was measured"
            rows.append(("Expected", f"at n = {wording.count(n)} {said}"))
    return rows


def _next(analysis: CurveAnalysis) -> list[tuple[str, str]]:
    if not analysis.next or analysis.next[0].bits < 0.01:
        return []
    one = analysis.next[0]
    return [
        (
            "To decide",
            f"measure {' and '.join(one.arms)} at n = {wording.count(one.n)}, "
            f"{wording.plural(one.repeats, 'run')} each: of all candidates it adds most for its cost",
        )
    ]


def _fitted_at(arm: ArmCurve, n: float) -> ErrorPoint | None:
    """The fitted curve at n, between the points of the record straight in log n; None outside them."""
    import numpy as np

    points = arm.fitted
    if not points or not points[0].n * 0.999 <= n <= points[-1].n * 1.001:
        return None
    logs = np.log([point.n for point in points])
    columns = ([getattr(point, name) for point in points] for name in ("error", "low", "high"))
    error, low, high = (float(np.interp(np.log(n), logs, column)) for column in columns)
    return _point(n, error, low, high)


def _point(n: float, error: float, low: float | None, high: float | None) -> ErrorPoint:
    from headstart.advice.curve_record import ErrorPoint

    return ErrorPoint(n=n, error=error, low=low, high=high)
