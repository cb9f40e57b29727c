"""What all charts share: sizes, the quiet look, and how options are distinguished."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headstart.report import lookup, wording
from headstart.report.palette import INK, LINE, SOFT, ArmStyle

if TYPE_CHECKING:
    import altair as alt

    from headstart.report.summary import Summary

Spec = dict[str, Any]
WIDE, NARROW, NARROW_NAMES = 580, 250, 165  # width of the plot itself, in pixels
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


def arm_encodings(styles: list[ArmStyle], legend: bool) -> tuple[alt.Color, alt.StrokeDash, alt.Shape]:
    """Colour, dash and shape by arm; one merged legend, or none where names stand beside the marks."""
    import altair as alt

    key = (
        alt.Legend(title=None, orient="bottom", columns=1, labelLimit=260, symbolSize=70, symbolOpacity=1)
        if legend
        else None
    )
    names = [style.label for style in styles]
    colour = alt.Color("arm:N", scale=alt.Scale(domain=names, range=[style.colour for style in styles]), legend=key)
    dash = alt.StrokeDash(
        "arm:N", scale=alt.Scale(domain=names, range=[list(style.dash) for style in styles]), legend=key
    )
    shape = alt.Shape("arm:N", scale=alt.Scale(domain=names, range=[style.shape for style in styles]), legend=key)
    return colour, dash, shape


def names_axis(narrow: bool, limit: int = 190) -> alt.Axis:
    """An axis of names: long ones are cut, no ticks."""
    import altair as alt

    return alt.Axis(labelLimit=165 if narrow else limit, ticks=False, domain=False, labelPadding=8)


def factor(summary: Summary) -> float:
    """100 where the metric is read in percent."""
    return 100.0 if wording.is_share(lookup.metric_name(summary)) else 1.0


def axis_title(metric: str) -> str:
    """Axis title of a metric."""
    name = wording.clean(metric, 30)
    return f"{name} in %" if wording.is_share(metric) else name


def finish(chart: alt.LayerChart | alt.FacetChart, narrow: bool, height: float, width: float | None = None) -> Spec:
    """Give a chart its size and the quiet look all of them share."""
    chart = chart.properties(width=width or (NARROW if narrow else WIDE), height=height, background="transparent")
    chart = chart.configure(font=FONT, padding=4)
    chart = chart.configure_view(stroke=None)
    chart = chart.configure_axis(
        labelColor=SOFT,
        titleColor=SOFT,
        gridColor=LINE,
        domainColor=LINE,
        tickColor=LINE,
        labelFontSize=11,
        titleFontSize=11.5,
        titleFontWeight="normal",
        titlePadding=10,
        labelLimit=200,
    )
    spec: Spec = chart.configure_legend(labelColor=INK, labelFontSize=12, rowPadding=3).to_dict()
    return spec
