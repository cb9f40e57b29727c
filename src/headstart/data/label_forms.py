"""Labels that are no single class: lists, joined names, one column for each class; each is refused by what it is."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from typing import Any

from headstart.data.missing import is_missing

SEPARATORS = ("|", ";", ",", "/", "+", " & ")
FEWEST_COLUMNS = 3  # of zeros and ones, from which they are one label written apart


def unwrapped(value: Any) -> Any:
    """Take the only item out of a list, also of one that was written as text (``"['good']"``).

    Args:
        value: A label.

    Returns:
        The item; None for an empty list; the list itself where it has several items; other values as they are.
    """
    if isinstance(value, str) and value[:1] in "[{(" and value[-1:] in "]})":
        try:
            parsed = ast.literal_eval(value) if len(value) < 2_000 else value
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return value
        value = parsed if isinstance(parsed, (list, tuple, set)) else value
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [item for item in value if not is_missing(item)]
        if len(items) == 1:
            return unwrapped(items[0]) if isinstance(items[0], (list, tuple)) else items[0]
        return items or None
    return value


def joined_by(names: Sequence[str]) -> str | None:
    """Find the mark that joins several labels in one cell.

    A class may well be called ``Sci/Tech`` or ``salt, pepper``. Labels are joined where cells hold different numbers
    of pieces, and nearly every piece of the joined ones occurs in more than one combination.

    Args:
        names: Labels as texts.

    Returns:
        The mark, or None.
    """
    distinct = list(dict.fromkeys(names))
    for mark in SEPARATORS:
        pieces = [[piece.strip() for piece in name.split(mark)] for name in distinct]
        lengths = {len(found) for found in pieces}
        several = [found for found in pieces if len(found) > 1]
        if len(lengths) < 2 or len(several) < 2:
            continue
        used = Counter(piece for found in pieces for piece in set(found))
        inner = [piece for found in several for piece in found]
        if sum(used[piece] > 1 for piece in inner) >= 0.9 * len(inner):
            return mark
    return None


def one_hot(columns: dict[str, list[Any]], names: Sequence[str]) -> tuple[list[str], bool] | None:
    """Find columns of zeros and ones that together are one label.

    Args:
        columns: Cells by name.
        names: Columns that may be part of it.

    Returns:
        Their names, and whether exactly one is set in (nearly) every row; None where there are none.
    """
    flags = [name for name in names if _is_flag(columns[name])]
    if len(flags) < FEWEST_COLUMNS:
        return None
    rows = list(zip(*(columns[name] for name in flags), strict=True))
    single = sum(sum(_is_set(cell) for cell in row) == 1 for row in rows)
    return flags, single >= 0.95 * len(rows)


def _is_flag(cells: Sequence[Any]) -> bool:
    values = {str(cell).strip().lower() for cell in cells if not is_missing(cell)}
    return bool(values) and values <= {"0", "1", "0.0", "1.0", "true", "false"}


def _is_set(cell: Any) -> bool:
    return str(cell).strip().lower() in ("1", "1.0", "true")
