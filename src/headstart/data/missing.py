"""Cells that hold nothing, however a table writes that."""

from __future__ import annotations

from typing import Any


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
