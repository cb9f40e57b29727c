"""Learning curves: the metric of every arm against the number of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.report import look, lookup, palette, wording
from headstart.report.palette import SHADE, SOFT, ArmStyle

if TYPE_CHECKING:
    import altair as alt

    from headstart.advice.recommendation import Crossover
    from headstart.report.summary import Summary

LABEL_GAP = 15  # pixels between the names at the ends of lines


def learning_curves(summary: Summary, narrow: bool = False) -> look.Spec | None:
    """Metric against n for every arm: points are measured, bands are 90 % intervals, the shaded part is open."""
    import altair as alt

    metric, scale = lookup.metric_name(summary), look.factor(summary)
    styles = {style.key: style for style in palette.arm_styles(summary, numbered=narrow)}
    rows: list[dict[str, Any]] = [
        {
            "arm": styles[arm.key].label,
            "n": point.n,
            "value": scale * point.value,
            "low": scale * _or(point.low, point.value),
            "high": scale * _or(point.high, point.value),
        }
        for arm in lookup.ordered_arms(summary)
        for point in arm.curve
        if not wording.missing(point.value)
    ]
    if not rows:
        return None
    drawn = [style for style in styles.values() if any(row["arm"] == style.label for row in rows)]
    sizes = sorted({row["n"] for row in rows})
    low, high = min(row["low"] for row in rows), max(row["high"] for row in rows)
    pad = max(0.06 * (high - low), 0.4 if scale == 100 else 0.004)
    domain = [max(low - pad, 0 if low >= 0 else low - pad), min(high + pad, scale) if scale == 100 else high + pad]
    crossing = summary.recommendation.crossover
    reach = _reach(crossing, sizes)
    height = 260 if narrow else 320
    x = alt.X(
        "n:Q",
        title="labels (n), log scale",
        axis=alt.Axis(values=_spread(sizes, narrow), format=",d", grid=False),
        scale=alt.Scale(type="log", domain=[sizes[0], max(reach, sizes[0] + 1)], nice=False),
    )
    scale_y = alt.Scale(domain=domain, nice=False)
    y = alt.Y("value:Q", title=look.axis_title(metric), scale=scale_y)
    colour, dash, shape = look.arm_encodings(drawn, legend=narrow)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x)
    layers = []
    layers += _crossing_marks(crossing, sizes, reach, x, domain, narrow)
    layers += [
        base.mark_area(opacity=0.13).encode(
            y=alt.Y("low:Q", scale=scale_y, title=look.axis_title(metric)), y2="high:Q", color=colour
        ),
        base.mark_line(strokeWidth=2).encode(y=y, color=colour, strokeDash=dash),
        base.mark_point(filled=True, size=58, opacity=1).encode(y=y, color=colour, shape=shape),
    ]
    labels = _end_labels(rows, drawn, domain, height)
    layers.append(
        alt.Chart(alt.InlineData(values=labels))
        .mark_text(align="left", dx=10, fontSize=12, clip=False)
        .encode(x="n:Q", y=alt.Y("at:Q", scale=scale_y), text="tag:N", color=colour)
    )
    return look.finish(alt.layer(*layers), narrow, height)


def _reach(crossing: Crossover, sizes: list[int]) -> float:
    """How far the axis of n goes: to an extrapolated crossover if it lies inside the horizon."""
    n = crossing.n
    if n is None or wording.missing(n) or not sizes[-1] < n <= crossing.horizon:
        return sizes[-1]
    return 1.12 * float(n)


def _crossing_marks(
    crossing: Crossover, sizes: list[int], reach: float, x: alt.X, domain: list[float], narrow: bool
) -> list[alt.Chart]:
    """Mark the crossover; where it lies beyond the measured sizes, shade the part that was not measured."""
    import altair as alt

    def chart(**row: Any) -> alt.Chart:
        return alt.Chart(alt.InlineData(values=[row])).encode(x=x)

    n = crossing.n
    if n is None or wording.missing(n) or not sizes[0] < n <= reach:
        return []
    text = "crossover" if n <= sizes[-1] else "crossover?" if narrow else "crossover, extrapolated"
    mark = chart(n=n, text=text, at=domain[0])
    y = alt.Y("at:Q", scale=alt.Scale(domain=domain, nice=False))
    words = mark.mark_text(color=SOFT, align="right", baseline="bottom", dx=-6, dy=-6, fontSize=11)
    marks = [mark.mark_rule(color=SOFT, strokeDash=[2, 3], strokeWidth=1.5), words.encode(text="text:N", y=y)]
    if n > sizes[-1]:
        marks.insert(0, chart(n=sizes[-1], end=reach).mark_rect(color=SHADE, opacity=1).encode(x2="end:Q"))
    return marks


def _end_labels(
    rows: list[dict[str, Any]], styles: list[ArmStyle], domain: list[float], height: int
) -> list[dict[str, Any]]:
    """Where to write each arm's name: at the end of its line, pushed apart where lines end together."""
    per_pixel = (domain[1] - domain[0]) / height
    ends = []
    for style in styles:
        last = max((row for row in rows if row["arm"] == style.label), key=lambda row: row["n"])
        ends.append({"arm": style.label, "tag": style.tag, "n": last["n"], "at": last["value"]})
    for n in {end["n"] for end in ends}:
        column = sorted((end for end in ends if end["n"] == n), key=lambda end: -end["at"])
        ceiling = domain[1]
        for end in column:
            end["at"] = min(end["at"], ceiling)
            ceiling = end["at"] - LABEL_GAP * per_pixel
    return ends


def _spread(sizes: list[int], narrow: bool) -> list[int]:
    """At most so many of the measured sizes as axis labels, the ends always."""
    most = 4 if narrow else 8
    if len(sizes) <= most:
        return sizes
    return sorted({sizes[round(place * (len(sizes) - 1) / (most - 1))] for place in range(most)})


def _or(value: float, other: float) -> float:
    return other if wording.missing(value) else value
