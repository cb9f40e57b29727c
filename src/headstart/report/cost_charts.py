"""Where the time went: metric against seconds, and the timeline of the budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from headstart.report import look, lookup, palette, wording
from headstart.report.palette import INK, LINE, SOFT

if TYPE_CHECKING:
    from headstart.report.summary import Summary

MAX_ARMS = 20
MAX_BARS = 300  # above it, neighbouring trials of an arm become one bar: the page has a size to keep


def cost_against_metric(summary: Summary, narrow: bool = False) -> look.Spec | None:
    """Metric at each arm's largest n against the seconds that trial took; the line joins arms that nothing beats."""
    import altair as alt

    scale = look.factor(summary)
    styles = palette.arm_styles(summary, numbered=narrow)
    rows: list[dict[str, Any]] = [
        {
            "arm": style.label,
            "tag": style.tag,
            "seconds": row.seconds,
            "value": scale * row.value,
            "best": row.efficient,
        }
        for style, row in zip(styles, cost_rows(summary), strict=True)
        if row.seconds and row.value is not None
    ]
    if not rows:
        return None
    drawn = [style for style in styles if any(row["arm"] == style.label for row in rows)]
    low, high = min(row["value"] for row in rows), max(row["value"] for row in rows)
    pad = max(0.12 * (high - low), 0.01 * scale)
    domain = [low - pad, high + pad]
    height = 260 if narrow else 300
    times = [row["seconds"] for row in rows]
    ends = [min(times) / 1.4, max(times) * 1.4]
    for row in rows:
        row["right"] = row["seconds"] < (ends[0] * ends[1]) ** 0.5
    x = alt.X(
        "seconds:Q",
        title="seconds of training at the largest n, log scale",
        scale=alt.Scale(type="log", domain=ends, nice=False),
        axis=alt.Axis(tickCount=5, format="~r", grid=False),
    )
    y = alt.Y("value:Q", title=look.axis_title(lookup.metric_name(summary)), scale=alt.Scale(domain=domain, nice=False))
    colour, _, shape = look.arm_encodings(drawn, legend=narrow)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)
    layers = [
        base.mark_line(interpolate="step-after", color=SOFT, strokeDash=[3, 3], strokeWidth=1.5).transform_filter(
            "datum.best"
        ),
        base.mark_point(filled=True, size=110, opacity=1).encode(color=colour, shape=shape),
    ]
    sides: tuple[tuple[bool, Literal["left", "right"]], ...] = ((True, "left"), (False, "right"))
    for side, align in sides:
        names = [row for row in rows if row["right"] is side]
        if names:
            offset = 11 if side else -11
            layers.append(
                alt.Chart(alt.InlineData(values=names))
                .mark_text(align=align, dx=offset, dy=-9, fontSize=12)
                .encode(x="seconds:Q", y=y, text="tag:N", color=colour)
            )
    return look.finish(alt.layer(*layers), narrow, height)


def timeline(summary: Summary, narrow: bool = False) -> look.Spec | None:
    """When each trial ran: thick bars measure, thin bars tune, a cross failed; the rule is the budget."""
    import altair as alt

    styles = palette.arm_styles(summary)[:MAX_ARMS]
    label = {style.key: style.label for style in styles}
    rows: list[dict[str, Any]] = [
        {
            "arm": label[trial.arm],
            "start": trial.started / 60,
            "end": trial.ended / 60,
            "role": "failed" if trial.error else trial.role,
        }
        for trial in summary.trials
        if trial.arm in label and not wording.missing(trial.started) and not wording.missing(trial.ended)
    ]
    if not rows:
        return None
    drawn = [style for style in styles if any(row["arm"] == style.label for row in rows)]
    rows = _merged(rows) if len(rows) > MAX_BARS else rows
    budget = summary.recommendation.costs.budget_seconds / 60
    end = max([budget, *(row["end"] for row in rows)])
    for row in rows:
        row["end"] = max(row["end"], row["start"] + 0.003 * end)  # a one-second trial must stay visible
    x = alt.X("start:Q", title="minutes since the study began", scale=alt.Scale(domain=[0, end * 1.01], nice=False))
    y = alt.Y("arm:N", title=None, sort=[style.label for style in drawn], axis=look.names_axis(narrow))
    colour, _, _ = look.arm_encodings(drawn, legend=False)
    layers = []
    for role, size in (("measuring", 15), ("tuning", 5)):
        part = [row for row in rows if row["role"] == role]
        if part:
            bars = alt.Chart(alt.InlineData(values=part)).encode(x=x, x2="end:Q", y=y, color=colour)
            layers.append(bars.mark_bar(size=size, cornerRadius=1.5, stroke=LINE, strokeWidth=0.4))
    failed = [row for row in rows if row["role"] == "failed"]
    if failed:
        crosses = alt.Chart(alt.InlineData(values=failed)).encode(x=x, y=y)
        layers.append(crosses.mark_point(shape="cross", angle=45, size=70, filled=True, color=INK))
    rule = alt.Chart(alt.InlineData(values=[{"start": budget}])).mark_rule(color=INK, strokeDash=[4, 3])
    width = look.NARROW_NAMES if narrow else None
    return look.finish(alt.layer(*layers, rule.encode(x=x)), narrow, max(60, 30 * len(drawn)), width)


def _merged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join trials of the same arm and role that would touch on paper."""
    gap = max(row["end"] for row in rows) / look.WIDE
    merged: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["start"]):
        bars = merged.setdefault((row["arm"], row["role"]), [])
        if bars and row["start"] - bars[-1]["end"] <= gap:
            bars[-1]["end"] = max(bars[-1]["end"], row["end"])
        else:
            bars.append(dict(row))
    return [bar for bars in merged.values() for bar in bars]


@dataclass(frozen=True)
class CostRow:
    """What an arm takes and reaches at its largest n.

    Attributes:
        efficient: Whether no other arm is both cheaper and better.
    """

    name: str
    seconds: float | None
    n: int | None
    value: float | None
    efficient: bool


def cost_rows(summary: Summary) -> list[CostRow]:
    """A row for each arm, in reading order."""
    arms = [(arm, lookup.last_point(arm)) for arm in lookup.ordered_arms(summary)]
    known = [(arm.train_seconds, point.value, arm.key) for arm, point in arms if arm.train_seconds and point]

    def efficient(key: str) -> bool:
        own = next(((seconds, value) for seconds, value, name in known if name == key), None)
        return own is not None and not any(
            name != key and seconds <= own[0] and value >= own[1] for seconds, value, name in known
        )

    return [
        CostRow(
            arm.name, arm.train_seconds, point.n if point else None, point.value if point else None, efficient(arm.key)
        )
        for arm, point in arms
    ]
