"""The charts of a page, each drawn for a wide and a narrow window, with the table behind it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headstart.report import charts, drawing, lookup, wording
from headstart.report.confusion import confusion_focus

if TYPE_CHECKING:
    from markupsafe import Markup

    from headstart.report.summary import Summary

TITLES = {
    "curves": "Learning curves: metric against number of labels, by option",
    "differences": "Forest plot of paired differences with intervals",
    "cost": "Metric against training time, by option",
    "timeline": "Timeline of all trials, by option",
    "confusion": "Confusion matrix: true against predicted class",
}


@dataclass
class Figure:
    """A chart with its words and its numbers.

    Attributes:
        wide: The SVG for a desktop window; empty where the chart could not be drawn.
        narrow: The same chart laid out for a phone.
        columns: Heads of the table behind the chart.
        rows: Its rows, already written as text.
    """

    name: str
    caption: str
    wide: Markup | str = ""
    narrow: Markup | str = ""
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = field(default_factory=list)


def draw_figures(summary: Summary) -> dict[str, Figure]:
    """Draw every chart there is data for.

    Returns:
        Figures by name: ``curves``, ``differences``, ``cost``, ``timeline``, ``confusion``.
    """
    from markupsafe import Markup

    makers = {
        "curves": (charts.learning_curves, _curves),
        "differences": (charts.paired_differences, _differences),
        "cost": (charts.cost_against_metric, _cost),
        "timeline": (charts.timeline, _timeline),
        "confusion": (charts.confusion, _confusion),
    }
    figures = {}
    for name, (chart, words) in makers.items():
        try:
            wide, narrow = chart(summary), chart(summary, narrow=True)
            drawn = [
                Markup(drawing.to_svg(spec, f"{name}-{side}", TITLES[name]))
                for side, spec in (("w", wide), ("n", narrow))
                if spec is not None
            ]
        except Exception as error:  # a study that took hours must not lose its report to one picture
            wide, drawn = {}, []
            warnings.warn(f"the chart {name!r} could not be drawn: {error}", stacklevel=2)
        if wide is None:
            continue
        figure = words(summary)
        figure.wide, figure.narrow = (*drawn, "", "")[:2]
        figures[name] = figure
    return figures


def _curves(summary: Summary) -> Figure:
    metric = lookup.metric_name(summary)
    rows: list[tuple[str, ...]] = [
        (
            arm.name,
            wording.count(point.n),
            wording.score(point.value, metric),
            wording.interval(point.low, point.high, metric),
            str(point.repeats),
        )
        for arm in lookup.ordered_arms(summary)
        for point in arm.curve
    ]
    caption = (
        f"{wording.capital(wording.clean(metric, 30))} against the number of labels. Points are measured means over "
        "repeats, bands are 90\u00a0% intervals; a shaded part was not measured."
    )
    return Figure("curves", caption, columns=("option", "n", metric, "interval", "repeats"), rows=rows)


def _differences(summary: Summary) -> Figure:
    metric = lookup.metric_name(summary)
    rows: list[tuple[str, ...]] = [
        (
            lookup.arm_name(summary, row.arm),
            lookup.arm_name(summary, row.reference),
            wording.count(row.n),
            wording.signed(row.difference, metric),
            wording.interval(row.low, row.high, metric),
            wording.confidence(row.p_better),
            row.verdict,
        )
        for row in charts.forest_rows(summary)
    ]
    chosen, margin = lookup.chosen_arm(summary), summary.recommendation.margin
    lead = f"{wording.clean(chosen.name)} minus each other option" if chosen else "First option minus second option"
    caption = (
        f"{lead}, on the same subsets and test examples. Right of the line it is better; the band is the margin of "
        f"{wording.score(margin, metric)}{wording.points(metric)} inside which options tie."
    )
    columns = ("option", "against", "n", "difference", "interval", "P(better)", "verdict")
    return Figure("differences", caption, columns=columns, rows=rows)


def _cost(summary: Summary) -> Figure:
    metric = lookup.metric_name(summary)
    rows: list[tuple[str, ...]] = [
        (
            row.name,
            wording.duration(row.seconds),
            wording.count(row.n),
            wording.score(row.value, metric),
            "yes" if row.efficient else "no",
        )
        for row in charts.cost_rows(summary)
    ]
    caption = (
        f"{wording.capital(wording.clean(metric, 30))} against training time, each option at its largest n. The "
        "dotted line joins the options that no other option beats in both."
    )
    columns = ("option", "time of one trial", "n", metric, "on the frontier")
    return Figure("cost", caption, columns=columns, rows=rows)


def _timeline(summary: Summary) -> Figure:
    rows: list[tuple[str, ...]] = []
    for arm in lookup.ordered_arms(summary):
        own = [trial for trial in summary.trials if trial.arm == arm.key]
        spent = {role: sum(trial.seconds for trial in own if trial.role == role) for role in ("tuning", "measuring")}
        failed = sum(1 for trial in own if trial.error)
        rows.append(
            (
                arm.name,
                str(len(own)),
                wording.duration(spent["tuning"]),
                wording.duration(spent["measuring"]),
                str(failed),
            )
        )
    caption = (
        "Every trial when it ran: thick bars measure, thin bars tune, a cross failed; the dashed line is the budget."
    )
    return Figure("timeline", caption, columns=("option", "trials", "tuning", "measuring", "failed"), rows=rows)


def _confusion(summary: Summary) -> Figure:
    focus = confusion_focus(summary)
    assert focus is not None, "only called where the chart exists"
    rows = [(name, *(f"{number:,}" for number in line)) for name, line in zip(focus.names, focus.counts, strict=True)]
    caption = "Rows are true classes, columns predictions; darker means a larger share of the true class."
    if focus.total_classes > len(focus.names):
        caption += f" Shown are the {len(focus.names)} of {focus.total_classes} classes with the most mistakes."
    return Figure("confusion", caption, columns=("true \\ predicted", *focus.names), rows=rows)
