"""The card a notebook shows for a study: verdict, curves and arms in one escaped piece of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.report import charts, drawing, lookup, wording
from headstart.report.html import environment
from headstart.report.lookup import Document, document_of
from headstart.report.palette import dark_css

if TYPE_CHECKING:
    from headstart.report.summary import Summary

MAX_ARMS = 8


def repr_html(summary: Summary | Document) -> str:
    """Render the card.

    Args:
        summary: What the runner built.

    Returns:
        One ``<div>`` with its own style, without scripts, ids that could clash, or requests.
    """
    from markupsafe import Markup

    summary = document_of(summary)
    spec = charts.learning_curves(summary)
    caption = "Learning curves: the metric of each option against the number of labels"
    curves = Markup(drawing.to_svg(spec, "headstart-card", caption)) if spec else ""
    answer = summary["recommendation"]
    return (
        environment()
        .get_template("card.html.j2")
        .render(
            answer=answer,
            headline=lookup.headline(summary),
            curves=curves,
            metric=lookup.metric_name(summary),
            difference=lookup.difference_sentence(summary),
            arms=_rows(summary)[:MAX_ARMS],
            more=max(0, len(answer["arms"]) - MAX_ARMS),
            dark=Markup(dark_css(".headstart-card")),
        )
    )


def _rows(summary: Document) -> list[dict[str, Any]]:
    metric, rows = lookup.metric_name(summary), []
    for arm in lookup.ordered_arms(summary):
        point = lookup.last_point(arm) or {"value": None, "low": None, "high": None, "n": None}
        figure = wording.score_with_interval(point["value"], point["low"], point["high"], metric)
        rows.append(arm | {"figure": figure, "n": point["n"]})
    return rows
