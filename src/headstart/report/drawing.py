"""From a chart specification to an SVG that can live inside a page."""

from __future__ import annotations

import html
import re

from headstart.report.look import Spec

VEGALITE = "6.1"  # a version that the converter ships; altair's specifications of 6.x are valid in it
_ID = re.compile(r'(\sid="|url\(#|href="#)([A-Za-z][\w-]*)')
_SIZE = re.compile(r'<svg\b[^>]*?\bviewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>')
_ROLES = re.compile(r'\s(?:aria-[a-z]+|role)="[^"]*"')


def to_svg(spec: Spec, name: str, title: str) -> str:
    """Draw a specification.

    Args:
        spec: What a function of :mod:`headstart.report.charts` returned.
        name: Unique in the page; keeps the clip paths of several charts apart.
        title: What a screen reader says in place of the picture.

    Returns:
        One ``<svg>`` element without scripts, links or requests; its text is escaped by the renderer.
    """
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGALITE)
    # Inside role="img" the roles of single marks would only be noise, and they take half of the bytes.
    drawn = _ROLES.sub("", drawn)
    drawn = _ID.sub(rf"\g<1>{name}-\g<2>", drawn)
    size = _SIZE.search(drawn)
    if size is None:
        raise ValueError("the chart converter returned no SVG element")
    width, height = size.groups()
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(title)}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
    )
    return opening + drawn[size.end() :]
