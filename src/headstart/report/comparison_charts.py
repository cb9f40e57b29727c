"""Comparisons: paired differences between arms, and which classes are confused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.report import look, lookup, palette, wording
from headstart.report.confusion import confusion_focus
from headstart.report.palette import INK, LINE, SOFT

if TYPE_CHECKING:
    from headstart.advice.recommendation import Difference
    from headstart.report.summary import Summary

MAX_PAIRS = 14


def paired_differences(summary: Summary, narrow: bool = False) -> look.Spec | None:
    """Forest plot: each paired difference with its interval, against zero and the margin."""
    import altair as alt

    scale, names = look.factor(summary), lookup.short_names(summary)
    rows: list[dict[str, Any]] = []
    for place, row in enumerate(forest_rows(summary)):
        arm, other = (names.get(key, wording.clean(key, 22)) for key in (row.arm, row.reference))
        pair = other if row.arm in _own(summary) else f"{arm} − {other}"
        text = f"{place + 1}. {pair}" if narrow else f"{place + 1}. {pair}, n = {wording.count(row.n)}"
        rows.append(
            {"pair": text, "difference": scale * row.difference, "low": scale * row.low, "high": scale * row.high}
        )
    if not rows:
        return None
    margin = scale * summary.recommendation.margin
    low, high = min(-margin, *(row["low"] for row in rows)), max(margin, *(row["high"] for row in rows))
    pad = 0.06 * (high - low)
    unit = "points of " if scale == 100 else ""
    title = f"difference in {unit}{wording.clean(lookup.metric_name(summary), 30)}"
    scale_x = alt.Scale(domain=[low - pad, high + pad], nice=False)
    x = alt.X("difference:Q", title=title, scale=scale_x)
    y = alt.Y("pair:N", title=None, sort=[row["pair"] for row in rows], axis=look.names_axis(narrow, 260))
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=y)
    band = alt.Chart(alt.InlineData(values=[{"difference": -margin, "end": margin}])).mark_rect(
        color=SOFT, opacity=0.16
    )
    zero = alt.Chart(alt.InlineData(values=[{"difference": 0}])).mark_rule(color=INK, strokeWidth=1)
    layers = [
        band.encode(x=x, x2="end:Q"),
        zero.encode(x=x),
        base.mark_rule(color=palette.FILL, strokeWidth=2.5).encode(
            x=alt.X("low:Q", scale=scale_x, title=title), x2="high:Q"
        ),
        base.mark_point(color=palette.FILL, filled=True, size=90, opacity=1).encode(x=x),
    ]
    width = look.NARROW_NAMES if narrow else None
    return look.finish(alt.layer(*layers), narrow, max(60, 32 * len(rows)), width)


def forest_rows(summary: Summary) -> list[Difference]:
    """The differences to draw, read from the chosen arm's side where it takes part, its largest sizes first."""
    own = _own(summary)
    rows = [
        lookup.mirrored(row) if row.reference in own and row.arm not in own else row
        for row in summary.recommendation.differences
    ]
    return sorted(rows, key=lambda row: (row.arm not in own, -row.n, -row.difference))[:MAX_PAIRS]


def _own(summary: Summary) -> set[str]:
    """What the chosen arm is called in differences."""
    chosen = lookup.chosen_arm(summary)
    return {chosen.key, chosen.name} if chosen else set()


def confusion(summary: Summary, narrow: bool = False) -> look.Spec | None:
    """Heat map of true class (row) against predicted class (column); opacity is the share of the true class."""
    import altair as alt

    focus = confusion_focus(summary)
    if focus is None:
        return None
    names, counts = focus.names, focus.counts
    rows = []
    for true, line in zip(names, counts, strict=True):
        total = sum(line) or 1
        for predicted, number in zip(names, line, strict=True):
            rows.append(
                {
                    "true": true,
                    "predicted": predicted,
                    "count": f"{number:,}" if number else "",
                    "share": number / total,
                }
            )
    cell = (30 if len(names) <= 8 else 22) if narrow else (44 if len(names) <= 8 else 32)
    side = min(cell * len(names), 480)
    x = alt.X(
        "predicted:N", title="predicted", sort=names, axis=alt.Axis(labelAngle=-40, labelLimit=110, orient="bottom")
    )
    y = alt.Y("true:N", title="true class", sort=names, axis=alt.Axis(labelLimit=90 if narrow else 160))
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)
    opacity = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 0.62]), legend=None)
    layers = [
        base.mark_rect(color=palette.FILL, stroke=LINE, strokeWidth=0.5).encode(opacity=opacity),
        base.mark_text(color=INK, fontSize=12 if len(names) <= 8 else 10).encode(text="count:N"),
    ]
    return look.finish(alt.layer(*layers), narrow, side, side)
