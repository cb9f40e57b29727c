"""Cells of a label column as class names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from headstart.core import DataError

MAX_MEASURED = 20  # distinct numbers with decimals: more is a measurement, not a class
MIN_ROWS = 20  # with fewer rows, a class for nearly every row proves nothing


def is_missing(value: Any) -> bool:
    """Tell whether a cell holds nothing: None, NaN, pandas' NA and NaT, or white space."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip() or value.strip() in ("nan", "NaN")
    try:
        return bool(value != value)  # NaN and NaT are the values that do not equal themselves
    except (TypeError, ValueError):  # pandas' NA refuses to be true or false; arrays are ambiguous
        return type(value).__name__ == "NAType"


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
    values: Sequence[Any], column: str, place: str, names: tuple[str, ...] | None = None
) -> list[str | None]:
    """Turn a label column into class names.

    Args:
        values: The cells.
        column: Its name, for messages.
        place: The table's name, for messages.
        names: Names behind the numbers, where a ClassLabel declares them.

    Returns:
        A class name for each cell, None where the label is missing (-1 counts as missing with ``names``).

    Raises:
        DataError: The labels are lists, measurements, or different in nearly every row.
    """
    where = f"{place}, column {column!r}"
    present = [value for value in values if not is_missing(value)]
    if any(isinstance(value, (list, tuple, dict, set)) for value in present):
        raise DataError(
            "Labels are lists, but each example must have one class",
            place=where,
            hint="Choose a column with one label a row: --label-column X",
        )
    if names is not None:
        return [_declared(value, names) for value in values]
    texts = class_texts(present)
    if texts is None:
        raise DataError(
            f"Labels look like measurements ({len(set(present)):,} distinct numbers); regression is not supported",
            place=where,
            hint="Sort them into classes first, or choose another column: --label-column X",
        )
    distinct = len(set(texts))
    if len(texts) >= MIN_ROWS and distinct > len(texts) / 2:
        raise DataError(
            f"Nearly every row has a label of its own ({distinct:,} in {len(texts):,} rows)",
            place=where,
            hint="Choose the column with the classes: --label-column X",
        )
    named = iter(texts)
    return [None if is_missing(value) else next(named) for value in values]


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
    return names[int(value)] if 0 <= int(value) < len(names) else None


def _plain(value: Any) -> str:
    return str(value).strip()


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
