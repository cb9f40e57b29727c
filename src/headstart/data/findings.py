"""What a look at the data showed, as records that every renderer can print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from headstart.core import Record

EXAMPLES_SHOWN = 10  # enough to recognise a pattern in the ids, few enough for a screen

Severity = Literal["info", "warning", "error"]


class Finding(Record):
    """One fact about the data that a user should know.

    Attributes:
        code: What kind of fact, such as ``"unreadable"``, ``"duplicate"``, ``"leak"`` or ``"shortcut"``.
        severity: ``"error"`` means that measured figures will mislead unless it is dealt with.
        message: One sentence with figures.
        count: How many examples (or classes) it concerns.
        examples: Up to ten ids.
        value: The figure behind the message, where there is one: a share, a ratio, an accuracy.
    """

    code: str
    severity: Severity
    message: str
    count: int
    examples: tuple[str, ...] = ()
    value: float | None = None


def finding(
    code: str,
    severity: Severity,
    message: str,
    ids: Sequence[str] = (),
    *,
    count: int | None = None,
    value: float | None = None,
) -> Finding:
    """Build a finding from all ids concerned.

    Args:
        code: See :class:`Finding`.
        severity: See :class:`Finding`.
        message: See :class:`Finding`.
        ids: Every example concerned; the first ten are kept.
        count: How many it concerns, where that is not the number of ids.
        value: See :class:`Finding`.

    Returns:
        The finding.
    """
    return Finding(
        code=code,
        severity=severity,
        message=message,
        count=len(ids) if count is None else count,
        examples=tuple(ids[:EXAMPLES_SHOWN]),
        value=value,
    )


def plural(count: int, noun: str, nouns: str | None = None) -> str:
    """Write a count with its noun, such as ``"1 image"``, ``"1,200 images"`` or ``"2 classes"``.

    Args:
        count: How many.
        noun: The singular.
        nouns: The plural, where it is not the singular with an s.

    Returns:
        The count with thousands separators, and the noun in the fitting number.
    """
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"
