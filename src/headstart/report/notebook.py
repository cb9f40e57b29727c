"""The card a notebook shows for a study: verdict, curves and arms in one escaped piece of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.report import charts, drawing, lookup
from headstart.report.html import environment
from headstart.report.palette import dark_css

if TYPE_CHECKING:
    from headstart.report.summary import Summary

MAX_ARMS = 8


def repr_html(summary: Summary) -> str:
    """Render the card.

    Args:
        summary: What the runner built.

    Returns:
        One ``<div>`` with its own style, without scripts, ids that could clash, or requests.
    """
    from markupsafe import Markup

    spec = charts.learning_curves(summary)
    caption = "Learning curves: the metric of each option against the number of labels"
    curves = Markup(drawing.to_svg(spec, "headstart-card", caption)) if spec else ""
    answer, metric, arms = summary.recommendation, lookup.metric_name(summary), lookup.ordered_arms(summary)
    return (
        environment()
        .get_template("card.html.j2")
        .render(
            answer=answer,
            headline=lookup.headline(summary),
            curves=curves,
            metric=metric,
            difference=lookup.difference_sentence(summary),
            arms=[(arm, lookup.figure(arm, metric), lookup.largest_n(arm)) for arm in arms[:MAX_ARMS]],
            more=max(0, len(arms) - MAX_ARMS),
            dark=Markup(dark_css(".headstart-card")),
        )
    )
