"""Colours of the charts, and how an arm is drawn: hue for the side, shade, dash and shape for the arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.report import lookup

if TYPE_CHECKING:
    from headstart.core import Paradigm
    from headstart.report.summary import Summary

# Light colour -> its dark-mode twin. Charts are drawn once, in light colours; the page's style sheet swaps
# each colour by attribute selector where the reader prefers dark, so no chart is stored twice.
INK, SOFT, LINE, SHADE = "#1d2530", "#5c6675", "#dde2e9", "#eef1f5"
DARK = {
    INK: "#e8ecf2",
    SOFT: "#a0abba",
    LINE: "#333c49",
    SHADE: "#222a35",
    "#2563c9": "#7fb0ff",
    "#0b7f9b": "#4fc4dd",
    "#5b5bd6": "#a9a6ff",
    "#27734f": "#6fcf9f",
    "#c2540a": "#ff9d57",
    "#9a6b00": "#e6b94a",
    "#a8383b": "#ff8d8d",
    "#7d5a45": "#cfa58b",
    "#7a45b8": "#c49bff",
    "#a0398f": "#f08fdd",
    "#5f4b8b": "#b6a3e6",
    "#8a3d6b": "#e59ac4",
}
HUES = {
    "transfer": ("#2563c9", "#0b7f9b", "#5b5bd6", "#27734f"),
    "scratch": ("#c2540a", "#9a6b00", "#a8383b", "#7d5a45"),
    "hybrid": ("#7a45b8", "#a0398f", "#5f4b8b", "#8a3d6b"),
}
SHAPES = {"transfer": "circle", "scratch": "square", "hybrid": "triangle-up"}
DASHES = ((1, 0), (7, 3), (2, 3), (9, 3, 2, 3))
FILL = HUES["transfer"][0]  # the one colour of heat maps; the amount is its opacity


@dataclass(frozen=True)
class ArmStyle:
    """How one arm is drawn in every chart of a report.

    Attributes:
        label: Its name in legends and on axes.
        tag: What stands beside its line or point: the name, or a number that the legend explains.
    """

    key: str
    label: str
    tag: str
    paradigm: Paradigm
    colour: str
    dash: tuple[int, ...]
    shape: str


def arm_styles(summary: Summary, numbered: bool = False) -> list[ArmStyle]:
    """One style per arm, in reading order; a study's charts all use the same.

    Args:
        summary: What the runner built.
        numbered: Number the arms, for narrow charts where names stand in a legend below.
    """
    names = lookup.short_names(summary)
    used: dict[str, int] = {}
    styles = []
    for number, arm in enumerate(lookup.ordered_arms(summary), start=1):
        place = used.get(arm.paradigm, 0)
        used[arm.paradigm] = place + 1
        hues = HUES[arm.paradigm]
        dash = DASHES[place % len(DASHES)]
        name = names[arm.key]
        label, tag = (f"{number}  {name}", str(number)) if numbered else (name, name)
        colour, shape = hues[place % len(hues)], SHAPES[arm.paradigm]
        styles.append(ArmStyle(arm.key, label, tag, arm.paradigm, colour, dash, shape))
    return styles


def dark_css(scope: str) -> str:
    """Style rules that swap every chart colour for its dark twin.

    Args:
        scope: A selector that contains the charts, such as ``".chart"``.

    Returns:
        Plain CSS for the inside of a ``prefers-color-scheme: dark`` block.
    """
    rules = []
    for light, dark in DARK.items():
        rules.append(f'{scope} [fill="{light}"]{{fill:{dark}}}{scope} [stroke="{light}"]{{stroke:{dark}}}')
    return "\n".join(rules)
