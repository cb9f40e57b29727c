"""Cells of a label column as class names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from headstart.core import DataError
from headstart.data.missing import is_missing

MAX_MEASURED = 20  # distinct numbers with decimals: more is a measurement, not a class
MIN_ROWS = 20  # with fewer rows, a class for nearly every row proves nothing


def class_texts(values: Sequence[Any]) -> list[str] | None:
    """Write labels as class names.

    Args:
        values: Labels, none of them missing.

    Returns:
        One name each (whole numbers without a decimal point), or None where they look like measurements.
    """
    numbers = [_number(value) for value in values]
    if all(number is not None for number in numbers):
        whole = [number for number in numbers if number is not None and number == math.floor(number)]
        if len(whole) == len(numbers):
            has_decimals = any(isinstance(value, float) or "." in str(value) for value in values)
            return [str(int(number)) for number in whole] if has_decimals else [_plain(value) for value in values]
        if len(set(numbers)) > MAX_MEASURED or len(set(numbers)) > len(numbers) / 2:
            return None
    return [_plain(value) for value in values]


def class_labels(
    values: Sequence[Any], column: str, place: str, names: tuple[str, ...] | None = None, others: Sequence[str] = ()
) -> list[str | None]:
    """Turn a label column into class names.

    Args:
        values: The cells; a list of one label counts as that label.
        column: Its name, for messages.
        place: The table's name, for messages.
        names: Names behind the numbers, where a ClassLabel declares them.
        others: Other columns that could be chosen instead, for hints.

    Returns:
        A class name for each cell, None where the label is missing (-1 counts as missing with ``names``).

    Raises:
        DataError: The labels are several a row, measurements, or different in nearly every row.
    """
    from headstart.data.label_forms import joined_by, unwrapped

    where = f"{place}, column {column!r}"
    choose = f"choose another column: --label-column {others[0]}" if others else "choose another source of labels"
    cells = [unwrapped(value) for value in values]
    present = [value for value in cells if not is_missing(value)]
    several = [value for value in present if isinstance(value, list)]
    if several:
        most = max(len(value) for value in several)
        raise DataError(
            f"{len(several):,} of {len(values):,} rows have several labels (up to {most}, such as "
            f"{_shown(several[0])}): not supported yet",
            place=where,
            hint=f"Keep one label a row, or {choose}",
        )
    objects = [value for value in present if isinstance(value, (dict, bytes))]
    if objects:
        raise DataError(
            f"Labels are {'objects' if isinstance(objects[0], dict) else 'bytes'} (such as {_shown(objects[0])}), "
            "but each example must have one class",
            place=where,
            hint=f"Write the class itself into the column, or {choose}",
        )
    if names is not None:
        return [_declared(value, names) for value in cells]
    texts = class_texts(present)
    if texts is None:
        numbers = sorted(float(value) for value in present)
        raise DataError(
            f"Labels look like measurements ({len(set(present)):,} distinct numbers from {numbers[0]:g} to "
            f"{numbers[-1]:g}); regression is not supported",
            place=where,
            hint=f"Sort them into classes first, or {choose}",
        )
    if mark := joined_by(texts):
        joined = [text for text in texts if mark in text]
        raise DataError(
            f"{len(joined):,} of {len(values):,} rows have several labels joined by {mark!r} (such as "
            f"{_shown(joined[0])}): not supported yet",
            place=where,
            hint=f"Keep one label a row, or {choose}",
        )
    distinct = len(set(texts))
    if len(texts) >= MIN_ROWS and distinct > len(texts) / 2:
        raise DataError(
            f"Nearly every row has a label of its own ({distinct:,} in {len(texts):,} rows)",
            place=where,
            hint="Choose the column with the classes: --label-column " + (others[0] if others else "X"),
        )
    named = iter(texts)
    return [None if is_missing(value) else next(named) for value in cells]


def quantities(labels: Sequence[str | None]) -> list[int]:
    """Return the distinct labels, sorted, where they look like quantities: many whole numbers, not counted through.

    Args:
        labels: Class names; None where there is none.

    Returns:
        The numbers; empty where the labels are classes.
    """
    names = {label for label in labels if label is not None}
    if len(names) <= MAX_MEASURED or not all(name.lstrip("-").isdecimal() and len(name) < 19 for name in names):
        return []
    numbers = sorted(map(int, names))
    return [] if numbers[-1] - numbers[0] + 1 == len(numbers) and numbers[0] in (0, 1) else numbers


def ordered(names: set[str]) -> tuple[str, ...]:
    """Sort class names, numbers by their value."""
    if all(name.lstrip("-").isdecimal() and name.isascii() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def _declared(value: Any, names: tuple[str, ...]) -> str | None:
    if is_missing(value):
        return None
    if isinstance(value, str):
        return value if value in names else None
    try:
        place = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return names[place] if 0 <= place < len(names) else None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(value: Any) -> str:
    return str(value).strip()


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
