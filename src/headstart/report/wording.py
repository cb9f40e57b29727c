"""How numbers and people's own words are written, the same in terminal, page and notebook."""

from __future__ import annotations

import math
import re
import unicodedata

SHARES = {"accuracy", "balanced-accuracy", "macro-f1", "weighted-f1", "f1"}
MISSING = "–"
# Newlines, escape sequences and writing-direction overrides could redraw a terminal or reorder a sentence.
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def clean(text: object, limit: int | None = None) -> str:
    """Make any text safe to print on one line.

    Args:
        text: What a user wrote: class names, file names, messages.
        limit: Longest result in characters; longer text ends in an ellipsis.

    Returns:
        The text without control characters and with runs of white space as single spaces.
    """
    plain = _CONTROL.sub(" ", str(text))
    # Lone surrogates (undecodable file names) cannot be written as UTF-8.
    plain = plain.encode("utf-8", "replace").decode("utf-8")
    plain = " ".join(plain.split())
    if limit is not None and len(plain) > limit:
        cut = plain[: limit - 1]
        while cut and unicodedata.combining(plain[len(cut)]):  # never part an accent from its letter
            cut = cut[:-1]
        return cut + "…"
    return plain


def missing(value: object) -> bool:
    """Whether a figure is absent: None, not a number, or infinite."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def is_share(metric: str) -> bool:
    """Whether a metric lies in [0, 1] and is read in percentage points."""
    return metric.replace("_", "-").replace(" ", "-").lower() in SHARES


def score(value: float | None, metric: str = "accuracy") -> str:
    """Write a metric: ``0.914`` as ``"91.4"`` when it is a share, three decimals otherwise."""
    if value is None or missing(value):
        return MISSING
    return f"{100 * value:.1f}" if is_share(metric) else f"{value:.3f}"


def interval(low: float | None, high: float | None, metric: str = "accuracy") -> str:
    """Write an interval as ``"[7.9, 14.6]"``; empty when an end is missing."""
    if missing(low) or missing(high):
        return ""
    return f"[{score(low, metric)}, {score(high, metric)}]".replace("-", "−")


def score_with_interval(value: float | None, low: float | None, high: float | None, metric: str = "accuracy") -> str:
    """Write ``"91.4 ± 1.1"``, or ``"91.4 [85.0, 92.3]"`` where the interval is lopsided."""
    text = score(value, metric)
    if value is None or low is None or high is None or missing(value) or missing(low) or missing(high):
        return text
    below, above = value - low, high - value
    half = (below + above) / 2
    if abs(below - above) <= max(0.2 * half, 5e-4):
        return f"{text} ± {score(half, metric)}"
    return f"{text} {interval(low, high, metric)}"


def signed(value: float | None, metric: str = "accuracy") -> str:
    """Write a difference with its sign and a true minus."""
    if value is None or missing(value):
        return MISSING
    text = score(abs(value), metric)
    if float(text) == 0:
        return text
    return f"+{text}" if value > 0 else f"−{text}"


def points(metric: str) -> str:
    """The unit after a difference of this metric: ``" points"`` or nothing."""
    return " points" if is_share(metric) else ""


def count(number: float | None) -> str:
    """Write a count with thousands separators; large estimates lose the digits that mean nothing."""
    if number is None or missing(number):
        return MISSING
    if float(number) != int(number):
        digits = max(0, len(str(int(abs(number)))) - 3)
        number = round(number, -digits)
    return f"{int(round(number)):,}"


def amount(number: float | None) -> str:
    """Write a large count shortly: ``"2,565"``, ``"11.2 M"``, ``"1.3 B"``."""
    if number is None or missing(number):
        return MISSING
    for size, unit in ((1e9, "B"), (1e6, "M")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{int(number):,}"


def capital(text: str) -> str:
    """Begin a sentence with a capital, and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def duration(seconds: float | None) -> str:
    """Write a time as people say it: ``"0.4 s"``, ``"48 s"``, ``"3.2 min"``, ``"1 h 05 min"``."""
    if seconds is None or missing(seconds):
        return MISSING
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 59.5 * 60:
        minutes = seconds / 60
        return f"{minutes:.1f} min" if minutes < 9.95 else f"{minutes:.0f} min"
    hours, rest = divmod(int(round(seconds / 60)), 60)
    return f"{hours} h {rest:02d} min" if rest else f"{hours} h"


def clock(seconds: float) -> str:
    """Write a running time as ``"12:03"`` or ``"1:02:03"``."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: ``"1 trial"``, ``"1,240 trials"``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def confidence(probability: float | None) -> str:
    """Write a probability in two decimals, never a rounded-up certainty."""
    if probability is None or missing(probability):
        return MISSING
    if probability > 0.995:
        return "> 0.99"
    return "< 0.01" if probability < 0.005 else f"{probability:.2f}"
