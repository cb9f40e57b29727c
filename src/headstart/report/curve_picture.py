"""The picture of ``headstart curves``: measured means, fitted curves with their bands, and what was not measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core import SettingsError
from headstart.report import drawing, look, palette, wording
from headstart.report.curve_screen import bounds, figure, shown

if TYPE_CHECKING:
    from headstart.advice.curve_record import CurveAnalysis

SUFFIXES = (".svg", ".html")
TITLE = "Learning curves with 90 % bands; the shaded part was not measured"


def write_picture(analysis: CurveAnalysis, path: str | Path) -> Path:
    """Write the picture as an SVG, or a page with the picture and its numbers.

    Args:
        analysis: What the measurements show.
        path: A file that ends in ``.svg`` or ``.html``.

    Raises:
        SettingsError: Another ending, or a place that cannot be written to.
    """
    target = Path(path)
    check_picture_path(target)
    svg = drawing.to_svg(curve_picture(analysis), "curves", TITLE)
    text = svg if target.suffix.lower() == ".svg" else _page(analysis, svg)
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"the picture cannot be written ({error.strerror})", place=str(target), hint="Give another --plot"
        ) from error
    return target


def card_html(analysis: CurveAnalysis) -> str:
    """The picture and its sentence for a notebook."""
    import html

    sentence = html.escape(wording.capital(wording.clean(analysis.crossover.sentence)))
    return f"<div><p>{sentence}</p>{drawing.to_svg(curve_picture(analysis), 'curves-card', TITLE)}</div>"


def check_picture_path(path: Path) -> None:
    """Refuse a picture that could not be written, before anything is computed.

    Raises:
        SettingsError: The ending is unknown, or the folder does not exist.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"pictures end in {' or '.join(SUFFIXES)}", place=str(path), hint="--plot curves.svg")
    if not path.parent.is_dir():
        raise SettingsError("there is no such folder", place=str(path.parent), hint="Make it, or give another --plot")


def curve_picture(analysis: CurveAnalysis, narrow: bool = False) -> look.Spec:
    """The chart as a Vega-Lite specification."""
    import altair as alt

    styles = _styles(analysis, narrow)
    drawn = list(styles.values())
    measured: list[dict[str, Any]] = [
        {"arm": styles[arm.arm].label, "n": point.n, "value": shown(point.error, analysis.metric)}
        for arm in analysis.arms
        for point in arm.measured
    ]
    fitted: list[dict[str, Any]] = [
        {
            "arm": styles[arm.arm].label,
            "n": point.n,
            "value": shown(point.error, analysis.metric),
            "low": shown(point.low, analysis.metric),
            "high": shown(point.high, analysis.metric),
        }
        for arm in analysis.arms
        for point in arm.fitted
        if point.low is not None and point.high is not None
    ]
    sizes = sorted({row["n"] for row in measured})
    reach = max([*(row["n"] for row in fitted), sizes[-1]])
    values = [row[name] for row in fitted for name in ("low", "high")] + [row["value"] for row in measured]
    pad = max(0.04 * (max(values) - min(values)), 0.3)
    domain = [max(min(values) - pad, 0), min(max(values) + pad, 100)]
    x = alt.X(
        "n:Q",
        title="n, log scale",
        axis=alt.Axis(values=_ticks(sizes, reach), format=",.4~r", grid=False),
        scale=alt.Scale(type="log", domain=[sizes[0], reach], nice=False),
    )
    scale = alt.Scale(domain=domain, nice=False)
    title = f"{analysis.metric} in %"
    y = alt.Y("value:Q", title=title, scale=scale)
    colour, dash, shape = look.arm_encodings(drawn, legend=True)
    base, points = (alt.Chart(alt.InlineData(values=rows)).encode(x=x) for rows in (fitted, measured))
    layers = [*_beyond(analysis, reach, x)]
    if fitted:
        layers += [
            base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", scale=scale, title=title), y2="high:Q", color=colour),
            base.mark_line(strokeWidth=2).encode(y=y, color=colour, strokeDash=dash),
        ]
    layers.append(points.mark_point(filled=True, size=52, opacity=1).encode(y=y, color=colour, shape=shape))
    return look.finish(alt.layer(*layers), narrow, 260 if narrow else 340)


def _ticks(sizes: list[float], reach: float) -> list[float]:
    """Measured sizes, thinned to at most nine, and the doublings beyond them."""
    step = max(1, -(-len(sizes) // 9))
    inside = sizes[::-1][::step][::-1]
    beyond = [sizes[-1] * 2**k for k in range(1, 8) if sizes[-1] * 2**k <= reach * 1.001]
    return inside + beyond


def _styles(analysis: CurveAnalysis, narrow: bool) -> dict[str, palette.ArmStyle]:
    used: dict[str, int] = {}
    styles = {}
    for arm in analysis.arms:
        place = used.get(arm.paradigm, 0)
        used[arm.paradigm] = place + 1
        hues = palette.HUES[arm.paradigm]
        label = wording.clean(arm.arm, 24 if narrow else 60)
        styles[arm.arm] = palette.ArmStyle(
            arm.arm,
            label,
            label,
            arm.paradigm,
            hues[place % len(hues)],
            palette.DASHES[place % len(palette.DASHES)],
            palette.SHAPES[arm.paradigm],
        )
    return styles


def _beyond(analysis: CurveAnalysis, reach: float, x: Any) -> list[Any]:
    """Shade what was not measured, and mark the crossover where one may be named."""
    import altair as alt

    layers = []
    last = max(point.n for arm in analysis.arms for point in arm.measured)
    if reach > last * 1.001:
        shade = alt.Chart(alt.InlineData(values=[{"n": last, "end": reach}])).encode(x=x, x2="end:Q")
        layers.append(shade.mark_rect(color=palette.SHADE, opacity=1))
    found = analysis.crossover
    if found.statement in ("crossed", "between") and found.n is not None:
        rule = alt.Chart(alt.InlineData(values=[{"n": found.n}])).encode(x=x)
        layers.append(rule.mark_rule(color=palette.SOFT, strokeDash=[2, 3], strokeWidth=1.5))
    return layers


def _page(analysis: CurveAnalysis, svg: str) -> str:
    from markupsafe import Markup

    from headstart.report.html import environment

    rows = [
        (arm.arm, wording.count(point.n), str(point.repeats), figure(point, analysis.metric))
        for arm in analysis.arms
        for point in arm.measured
    ]
    pairs = [
        (pair.scratch, pair.transfer, pair.sentence, bounds(pair.low, pair.high))
        for pair in analysis.pairs or (analysis.crossover,)
    ]
    return (
        environment()
        .get_template("curves.html.j2")
        .render(
            analysis=analysis,
            svg=Markup(svg),
            rows=rows,
            pairs=pairs,
            dark=Markup(palette.dark_css(".chart")),
            title=TITLE,
        )
    )
