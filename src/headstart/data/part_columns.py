"""A column that names the part of each row, in the spellings that people and programs use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headstart.data.findings import Finding, finding, plural
from headstart.data.missing import is_missing
from headstart.data.parts import PART_NAMES, Part, parts_among, words_of

NAMES = frozenset("split part partition subset set usage phase portion splits dataset".split())
ROWS_A_VALUE = 3  # at least, on average, where only the values say that it is a column of parts
_MOST_VALUES = 30  # a column of parts has few
_NUMBERED: dict[str, Part] = {"0": "train", "1": "validation", "2": "test"}  # the usual code, where all three occur
_YES, _NO = frozenset(("1", "true", "yes", "y", "t")), frozenset(("0", "false", "no", "n", "f"))
_ASIDE = frozenset(("is", "in", "for", "use", "flag"))


@dataclass(frozen=True)
class PartColumn:
    """A column of parts.

    Attributes:
        name: Its name.
        parts: The part of each row; None where the cell names none.
        findings: Rows without a part, and a reading that is not obvious.
    """

    name: str
    parts: list[Part | None]
    findings: tuple[Finding, ...]


def find_part_column(
    columns: dict[str, list[Any]], ids: Sequence[str], taken: set[str]
) -> tuple[PartColumn | None, list[Finding]]:
    """Find the column that names the parts.

    A column with a usual name (``split``, ``usage``, ``is_test``), or one whose every value is a part.

    Args:
        columns: Cells by name.
        ids: Of the rows.
        taken: Columns that are something else.

    Returns:
        The column, or None; and findings on columns that have the name but not the values.
    """
    puzzling: list[Finding] = []
    open_columns = [name for name in columns if name not in taken]
    for name in sorted(open_columns, key=lambda name: not _is_named(name)):
        values = _few_values(columns[name])
        if values is None:
            continue
        meaning = _meaning(name, values)
        if meaning:
            return _read(name, columns[name], ids, meaning), puzzling
        if _is_named(name) and len(values) > 1:
            shown = ", ".join(repr(value) for value in list(values)[:4])
            message = (
                f"The column {name!r} holds {shown}, which name no parts for certain; it is not used. "
                "Write train, validation and test in it to have it used"
            )
            puzzling.append(finding("unclear-parts", "warning", message, count=len(values)))
    return None, puzzling


def _is_named(name: str) -> bool:
    words = [word for word in words_of(name) if word not in ("data", "name", "type", "column")]
    return bool(words) and all(word in NAMES for word in words)


def _few_values(cells: Sequence[Any]) -> Counter[str] | None:
    """Values with their counts, without missing ones; None where there are too many for parts."""
    values: Counter[str] = Counter()
    for cell in cells:
        if is_missing(cell):
            continue
        if isinstance(cell, (list, dict, bytes)):
            return None
        values[_written(cell)] += 1
        if len(values) > _MOST_VALUES:
            return None
    return values if values else None


def _written(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()


def _meaning(name: str, values: Counter[str]) -> dict[str, Part] | None:
    """Which part each value means."""
    words = [word for word in words_of(name) if word not in _ASIDE]
    own = {PART_NAMES[word] for word in words if word in PART_NAMES}
    if len(own) == 1 and len(words) == 1 and {value.lower() for value in values} <= _YES | _NO and len(values) == 2:
        part = own.pop()
        other: Part = "test" if part == "train" else "train"
        return {value: part if value.lower() in _YES else other for value in values}
    found = parts_among(values, short=True)
    covered = sum(values[value] for value in found) / values.total()
    kinds = set(found.values())
    if _is_named(name):
        if found and covered >= 0.5:
            return found
        if set(values) == set(_NUMBERED) and values.most_common(1)[0][0] == "0":
            return dict(_NUMBERED)
        return None
    repeated = values.total() >= ROWS_A_VALUE * len(values)  # names of files have words for parts in them too
    return found if covered == 1 and "train" in kinds and len(kinds) > 1 and repeated else None


def _read(name: str, cells: Sequence[Any], ids: Sequence[str], meaning: dict[str, Part]) -> PartColumn:
    has_train = "train" in meaning.values()
    parts: list[Part | None] = []
    odd: Counter[str] = Counter()
    odd_ids = []
    for cell, row in zip(cells, ids, strict=True):
        value = "" if is_missing(cell) else _written(cell)
        part = meaning.get(value) or (None if value or has_train else "train")
        parts.append(part)
        if part is None:
            odd[value or "nothing"] += 1
            odd_ids.append(row)
    findings = []
    if set(meaning) == set(_NUMBERED):
        message = f"The column {name!r} holds 0, 1 and 2, read as train, validation and test"
        findings.append(finding("numbered-parts", "warning", message, count=len(cells)))
    if odd:
        shown = ", ".join(f"{value!r} {count:,}" for value, count in odd.most_common(4))
        message = f"{plural(len(odd_ids), 'row names', 'rows name')} no part in the column {name!r}; set aside: {shown}"
        findings.append(finding("no-part", "warning", message, odd_ids))
    return PartColumn(name, parts, tuple(findings))
