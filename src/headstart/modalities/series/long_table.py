"""Long tables: a row for each moment, with the series it belongs to, its time, and its value or channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.core import DataError
from headstart.data.accounting import Ledger
from headstart.data.column_kinds import is_numeric
from headstart.data.columns import LABEL_NAMES, ColumnChoice
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, finding, plural
from headstart.data.labels import class_labels
from headstart.data.missing import is_missing
from headstart.data.parts import Part
from headstart.data.table import Table
from headstart.modalities.series.found import NAME
from headstart.modalities.series.items import Series

IDS = ("id", "series", "series_id", "sample_id", "case_id", "case", "window", "window_id", "measurement_id", "uid")
TIMES = ("time", "t", "timestamp", "step", "tick", "time_index", "timepoint", "seconds", "datetime")
VALUES = ("value", "values", "signal", "reading", "y_value", "measurement")
CHANNELS = ("channel", "dim", "dimension", "sensor", "lead", "axis", "variable")
EVEN = 1e-3  # of a step that times may deviate from even ones


@dataclass(frozen=True)
class LongColumns:
    """What the columns of a long table are.

    Attributes:
        series: Which series a row belongs to.
        time: When; rows are put into its order.
        values: The value; or a channel each.
        channel: Which channel the row's value is of, if there is such a column.
        label: The class, the same in all rows of a series.
    """

    series: str
    time: str
    values: tuple[str, ...]
    channel: str | None
    label: str


def long_columns(table: Table, chosen: ColumnChoice) -> LongColumns | None:
    """Recognise a long table by the names of its columns; None for any other."""
    plain = {name.strip().lower().replace(" ", "_"): name for name in reversed(table.columns)}
    series = next((plain[name] for name in IDS if name in plain), None)
    time = next((plain[name] for name in TIMES if name in plain), None)
    label = chosen.label or next((plain[name] for name in LABEL_NAMES if name in plain), None)
    if series is None or time is None or label not in table.columns:
        return None
    distinct = len(set(map(str, table.columns[series])))
    if not 2 <= distinct <= len(table) / 2:
        return None
    channel = next((plain[name] for name in CHANNELS if name in plain), None)
    value = next((plain[name] for name in VALUES if name in plain), None)
    taken = {series, time, label, channel, chosen.group}
    if value is not None:
        return LongColumns(series, time, (value,), channel, label)
    numeric = tuple(name for name in table.columns if name not in taken and is_numeric(table.columns[name]))
    return LongColumns(series, time, numeric, None, label) if numeric else None


def from_long(table: Table, name: str, chosen: ColumnChoice, columns: LongColumns) -> RawExamples:
    """Gather the rows of each series.

    Raises:
        DataError: A series has several labels, or times that are none.
    """
    rows = _rows(table, columns)
    nameless = len(table) - sum(map(len, rows.values()))
    times = _times(table, name, columns)
    keys = list(rows)
    found = [_gather(table, columns, rows[key], times) for key in keys]
    used = {columns.series: "series id", columns.time: "time", columns.label: "label"}
    used |= {value: NAME for value in columns.values}
    if columns.channel:
        used[columns.channel] = "channel"
    if chosen.group:
        used[chosen.group] = "group"
    ledger = Ledger(
        rows_seen=table.rows_seen,
        rows_named=table.left_out.copy(),
        columns=used,
        unused_columns=[column for column in table.columns if column not in used],
    )
    # an example stands for its first row, the others are parts of it
    ledger.rows_named["further moments of a series"] += sum(len(of) - 1 for of in rows.values())
    ledger.rows_named["no series id"] += nameless
    labels = [_label(table, name, columns, key, rows[key]) for key in keys]
    many = f"{len(columns.values)} columns {', '.join(columns.values[:4])}"
    values = f"the column {columns.values[0]!r}" if len(columns.values) == 1 else f"the {many} as channels"
    raw = RawExamples(
        source=name,
        ids=[f"{table.ids[rows[key][0]].rpartition(':')[0]}:{columns.series}={key}" for key in keys],
        labels=class_labels(labels, columns.label, name, table.class_names.get(columns.label), []),
        parts=[_part(table.parts, rows[key]) for key in keys],
        modality=NAME,
        items=found,
        found=[
            *table.found,
            f"The table is long: {len(table):,} rows are moments ({columns.time!r}) of {len(keys):,} series "
            f"({columns.series!r}), with {values}; labels in {columns.label!r}",
        ],
        findings=[*table.findings, *_uneven(table, columns, rows, times)],
        ledger=ledger,
    )
    if chosen.group:
        raw.groups = [
            None if is_missing(v) else str(v) for v in (table.columns[chosen.group][rows[k][0]] for k in keys)
        ]
        raw.found.append(f"Groups are in the column {chosen.group!r}")
    return raw


def gathered(table: Table, name: str, columns: LongColumns) -> list[tuple[str, Series]]:
    """The series of a long table by their ids, without labels."""
    times = _times(table, name, columns)
    return [(key, _gather(table, columns, rows, times)) for key, rows in _rows(table, columns).items()]


def _rows(table: Table, columns: LongColumns) -> dict[str, list[int]]:
    """Rows of each series; those without an id are left out."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(table.columns[columns.series]):
        if not is_missing(key):
            rows[str(key)].append(row)
    return dict(rows)


def _times(table: Table, name: str, columns: LongColumns) -> np.ndarray:
    cells = table.columns[columns.time]
    try:
        return np.array([np.nan if is_missing(cell) else float(cell) for cell in cells])
    except (TypeError, ValueError):
        pass
    try:
        stamps = np.array(
            [np.datetime64("NaT") if is_missing(c) else np.datetime64(str(c).strip(), "ns") for c in cells]
        )
    except ValueError:
        raise DataError(
            f"The column {columns.time!r} holds no times (such as {str(cells[0])[:30]!r})",
            place=name,
            hint="Write numbers, or dates as 2026-11-26T10:00:00",
        ) from None
    return np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e9)


def _gather(table: Table, columns: LongColumns, rows: list[int], times: np.ndarray) -> Series:
    """One series in the order of time."""
    order = sorted(rows, key=lambda row: (np.inf if np.isnan(times[row]) else times[row], row))
    if columns.channel is None:
        parts = [[table.columns[value][row] for row in order] for value in columns.values]
        stamps = times[order]
    else:
        by: dict[str, list[int]] = defaultdict(list)
        for row in order:
            by[str(table.columns[columns.channel][row])].append(row)
        parts = [[table.columns[columns.values[0]][row] for row in by[key]] for key in sorted(by)]
        stamps = times[next(iter(by.values()))]
    if len({len(part) for part in parts}) > 1:
        return Series(np.empty((1, 0), np.float32), trouble="its channels differ in length")
    try:
        values = np.array([[np.nan if is_missing(c) or c == "?" else float(c) for c in part] for part in parts])
    except (TypeError, ValueError):
        return Series(np.empty((1, 0), np.float32), trouble="one of its values is no number")
    return Series(values.astype(np.float32), _rate(stamps))


def _rate(stamps: np.ndarray) -> float:
    """Values a second where times are even; 0 for steps that only count."""
    steps = np.diff(stamps)
    if not len(steps) or not np.isfinite(steps).all() or steps.min() <= 0:
        return 0.0
    even = np.ptp(steps) <= EVEN * steps.mean()
    return float(1 / steps.mean()) if even and not np.isclose(steps.mean(), 1) else 0.0


def _label(table: Table, name: str, columns: LongColumns, key: str, rows: list[int]) -> Any:
    said = {str(label): label for row in rows if not is_missing(label := table.columns[columns.label][row])}
    if len(said) > 1:
        raise DataError(
            f"The series {key!r} has {len(said)} labels ({', '.join(list(said)[:3])})",
            place=f"{name}, column {columns.label!r}",
            hint="A series has one class: cut it where the label changes, and give each window its own id",
        )
    return next(iter(said.values()), None)


def _part(parts: Sequence[Part], rows: list[int]) -> Part:
    return parts[rows[0]]


def _uneven(table: Table, columns: LongColumns, rows: dict[str, list[int]], times: np.ndarray) -> list[Finding]:
    """Series whose times do not go in even steps: their values are read as if they did."""
    odd = []
    for key, of in rows.items():
        steps = np.diff(np.unique(times[of]))
        if len(steps) and (not np.isfinite(steps).all() or np.ptp(steps) > 0.01 * steps.mean()):
            odd.append(key)
    if not odd:
        return []
    message = f"{plural(len(odd), 'series has', 'series have')} uneven times; values were read in their order, "
    message += "as if they followed in even steps"
    return [finding("uneven-times", "warning", message, odd)]
