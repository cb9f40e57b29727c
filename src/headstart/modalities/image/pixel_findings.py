"""What became of pixels that are not 8-bit RGB, as findings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.data.findings import Finding, finding, plural
from headstart.modalities.image.scan import ImageScan

TINY_SIDE = 4  # pixels; no class can be seen in less


def pixel_findings(scan: ImageScan, ids: Sequence[str]) -> list[Finding]:
    """Report conversions that change what pixels mean, and pictures that hold almost nothing.

    Args:
        scan: One look at every picture.
        ids: Of the pictures.

    Returns:
        At most one finding for each kind.
    """
    tones = scan.tones
    found: list[Finding] = []

    def add(code: str, rows: np.ndarray, noun: str, what: str, *, warn: bool = False) -> None:
        if len(rows):
            message = f"{plural(len(rows), noun)} {what}"
            found.append(finding(code, "warning" if warn else "info", message, [ids[i] for i in rows]))

    if tones is not None:
        add("transparent", _marked(scan, "alpha"), "transparent image", f"shown on a {tones.ground} ground")
        if tones.integers is not None:
            low, high = tones.integers
            scaled = f"with more than 8 bits; {low:g} to {high:g} became 0 to 255 alike in all of them"
            add("deep-grey", _marked(scan, "integers"), "image", scaled)
        if tones.floats is not None:
            low, high = tones.floats
            scaled = f"of decimal numbers; {low:g} to {high:g} became 0 to 255 alike in all of them"
            add("deep-grey", _marked(scan, "floats"), "image", scaled)
    add("deep-colour", _marked(scan, "wide"), "image", "with 16-bit colours; their upper 8 bits were read", warn=True)
    add("moving", _marked(scan, "moving"), "file", "with several pictures; the first one was read")
    add("cmyk", _marked(scan, "cmyk"), "image", "in print colours (CMYK), converted without a colour profile")
    add("tiny-image", np.flatnonzero(scan.sizes.min(axis=1) < TINY_SIDE), "image", f"under {TINY_SIDE} pixels a side")
    return found


def _marked(scan: ImageScan, mark: str) -> np.ndarray:
    if not np.any(scan.marks != ""):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero([mark in marks.split() for marks in scan.marks.tolist()])
