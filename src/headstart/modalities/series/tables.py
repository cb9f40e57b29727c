"""Tables whose cells are series: a list a row, a column for each moment, or a row for each moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.core import SettingsError, did_you_mean
from headstart.data.accounting import Ledger
from headstart.data.column_kinds import FEWEST_NUMBERS, holds_sentences, is_numeric, numbers_a_cell
from headstart.data.columns import ColumnChoice
from headstart.data.examples import RawExamples
from headstart.data.labels import class_labels
from headstart.data.missing import is_missing
from headstart.data.part_columns import find_part_column
from headstart.data.table import Table
from headstart.modalities.series.found import NAME
from headstart.modalities.series.items import Series, series_of
from headstart.modalities.series.label_column import label_column
from headstart.modalities.series.shape import follows_time

TASK = "series-classification"
GREYS = 256
FEWEST_COLUMNS = 8  # of a table with a column for each moment
TIMED = re.compile(
    r"^(?:(?:t|time|step|sample|s|point|value|ts|x|v|att|dim|channel|ch|signal|tick|lag)[ _.-]*)?"
    r"(\d+(?:\.\d+)?)(?:[ _]*(?:ms|s|us|sec|h|hz))?$",
    re.IGNORECASE,
)
SURE = re.compile(r"^(?:t|time|step|ts|tick|lag)[ _.-]*\d", re.IGNORECASE)
RATES = ("rate", "fs", "sampling_rate", "sample_rate", "frequency_hz", "sfreq")


def list_column(table: Table, chosen: ColumnChoice, task: str | None) -> str | None:
    """The column that holds a series in each cell, if there is one.

    Grey values are rows of numbers as well: whole numbers below 256 whose count is a square are taken for series only
    where the user says so.
    """
    open_columns = [name for name in table.columns if name not in (chosen.label, chosen.group)]
    if any(holds_sentences(table.columns[name]) for name in open_columns) and task != TASK:
        return None
    counts = {name: _numbers_of(table.columns[name], task) for name in open_columns if name not in table.images}
    lists = [name for name, count in counts.items() if count]
    if len(lists) != 1:
        return None
    if task == TASK or not _could_be_pixels(table.columns[lists[0]], counts[lists[0]]):
        return lists[0]
    return None


def moments(table: Table, chosen: ColumnChoice, task: str | None) -> list[str]:
    """Columns that are the moments of a series in each row; none where nothing says so.

    Either the names count time (``t0, t1, ...``), or they count something and neighbours in a row are alike, or the
    user says that the table holds series: then all numeric columns but labels and groups.
    """
    open_columns = [name for name in table.columns if name not in (chosen.label, chosen.group)]
    counted = [(name, match) for name in open_columns if (match := TIMED.match(name.strip()))]
    steps = [float(match.group(1)) for _, match in counted]
    gaps = {round(b - a, 9) for a, b in zip(steps, steps[1:], strict=False)}
    names = [name for name, _ in counted]
    even = len(gaps) == 1 and min(gaps) > 0
    if len(names) < FEWEST_COLUMNS or not even:
        if task != TASK:
            return []
        from headstart.data.columns import ID_NAMES

        label = label_column(table, chosen, TASK, set())
        numeric = [name for name in open_columns if is_numeric(table.columns[name]) or _mostly(table.columns[name])]
        return [name for name in numeric if name != label and name.lower() not in ID_NAMES]
    if task == TASK or sum(bool(SURE.match(name)) for name in names) == len(names):
        return names
    sample = range(0, len(table), max(1, len(table) // 200))
    rows = [row_series([table.columns[name][row] for name in names]) for row in sample]
    usable = [row.values[0] for row in rows if not row.trouble]
    return names if follows_time(usable) and not _are_greys(usable, len(names)) else []


def from_list(table: Table, name: str, chosen: ColumnChoice, column: str) -> RawExamples:
    """Read a column of lists: of numbers, or of one list of numbers for each channel."""
    cells = table.columns[column]
    rates = next((table.columns[one] for one in table.columns if one.lower() in RATES), None)
    items: list[Series | None] = []
    for row, cell in enumerate(cells):
        found = None if is_missing(cell) else series_of(cell)
        rate = _rate(rates[row]) if rates is not None else 0.0
        items.append(found if found is None or not rate else Series(found.values, rate, found.trouble))
    said = f"Series are in the column {column!r}, {{numbers}} a cell"
    return _examples(table, name, chosen, items, [column], said.format(numbers=_words(items)))


def from_moments(table: Table, name: str, chosen: ColumnChoice, columns: Sequence[str]) -> RawExamples:
    """Read a table with a column for each moment."""
    cells = [table.columns[column] for column in columns]
    items: list[Series | None] = [row_series(list(row)) for row in zip(*cells, strict=True)]
    said = (
        f"The {len(columns):,} columns {columns[0]}, {columns[1]}, ... {columns[-1]} were read as the moments of a "
        "series, because of their names and since neighbours in a row are alike"
    )
    return _examples(table, name, chosen, items, list(columns), said)


def _examples(
    table: Table, name: str, chosen: ColumnChoice, items: list[Series | None], columns: list[str], said: str
) -> RawExamples:
    """Rows with labels, groups and parts."""
    for option, column in chosen.named():
        if column not in table.columns:
            hint = did_you_mean(column, table.columns)
            raise SettingsError(f"There is no column {column!r}", place=f"--{option}-column ({name})", hint=hint)
    named = {column for column in (*columns, chosen.label, chosen.group) if column}
    part, findings = find_part_column(table.columns, table.ids, named)
    taken = set(columns) | ({part.name} if part else set()) | ({chosen.group} if chosen.group else set())
    label = label_column(table, chosen, name, taken)
    used = {column: NAME for column in columns} | {label: "label"}
    if chosen.group:
        used[chosen.group] = "group"
    if part:
        used[part.name] = "part"
    unused = [column for column in table.columns if column not in used]
    names = table.class_names.get(label)
    raw = RawExamples(
        source=name,
        ids=table.ids,
        labels=class_labels(table.columns[label], label, name, names, unused),
        parts=table.parts,
        modality=NAME,
        items=items,
        class_order=names,
        found=[*table.found, f"{said}; labels in {label!r}"],
        findings=[*table.findings, *findings, *(part.findings if part else ())],
        ledger=Ledger(rows_seen=table.rows_seen, rows_named=table.left_out.copy(), columns=used, unused_columns=unused),
    )
    if part:
        raw.set_aside = [None if one else "no part" for one in part.parts]
        raw.parts = [one or "train" for one in part.parts]
    if chosen.group:
        raw.groups = [None if is_missing(value) else str(value) for value in table.columns[chosen.group]]
        raw.found.append(f"Groups are in the column {chosen.group!r}")
    return raw


def _numbers_of(cells: Sequence[Any], task: str | None) -> int:
    """Numbers in a cell of a column; 0 where its cells are something else."""
    sample = [cell for cell in cells[:200] if not is_missing(cell)]
    if not sample:
        return 0
    if isinstance(sample[0], np.ndarray):
        return int(sample[0].size) if sample[0].ndim in (1, 2) and sample[0].dtype.kind in "fiu" else 0
    counted = numbers_a_cell(cells)
    if counted or not isinstance(sample[0], list | tuple):
        return counted
    found = [series_of(cell) for cell in sample]  # lists with missing numbers in them
    sizes = [one.values.size for one in found if one is not None]
    return int(np.median(sizes)) if sizes and np.median(sizes) >= (2 if task == TASK else FEWEST_NUMBERS) else 0


def _could_be_pixels(cells: Sequence[Any], count: int) -> bool:
    """Whether a cell holds as many grey values as a square picture has: whole numbers below 256, or shares."""
    found = [series_of(cell) for cell in cells[:50] if not is_missing(cell)]
    return _are_greys([one.values.ravel() for one in found if one is not None], count)


def _are_greys(rows: Sequence[np.ndarray], count: int) -> bool:
    """Whether rows of ``count`` numbers could be square pictures."""
    if round(count**0.5) ** 2 != count or not rows:
        return False
    values = np.concatenate(rows)
    shares = bool(np.all((values >= 0) & (values <= 1)))
    return shares or bool(np.all((values >= 0) & (values < GREYS) & (values == np.round(values))))


def _mostly(cells: Sequence[Any]) -> bool:
    """Whether most cells are numbers, with a few that are not."""
    sample = [cell for cell in cells[:500] if not is_missing(cell)]
    return bool(sample) and sum(_number(cell) is not None for cell in sample) >= 0.8 * len(sample)


def row_series(cells: list[Any]) -> Series:
    """A series of one channel from the cells of a row; those missing at the end shorten it."""
    values = [np.nan if is_missing(cell) or cell == "?" else _number(cell) for cell in cells]
    if None in values:
        broken = str(cells[values.index(None)])[:20]
        return Series(np.empty((1, 0), np.float32), trouble=f"{broken!r} is no number")
    while len(values) > 1 and values[-1] != values[-1]:  # shorter series leave the last columns empty
        values.pop()
    return Series(np.array([values], dtype=np.float32))


def _number(cell: Any) -> float | None:
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def _rate(cell: Any) -> float:
    rate = _number(cell) or 0.0
    return rate if np.isfinite(rate) and rate > 0 else 0.0


def _words(items: Sequence[Series | None]) -> str:
    sizes = [one.values.size for one in items if one is not None]
    low, high = (min(sizes), max(sizes)) if sizes else (0, 0)
    return f"{low:,} numbers" if low == high else f"{low:,} to {high:,} numbers"
