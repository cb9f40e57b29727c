"""Which of the forms of series a table has, if any."""

from __future__ import annotations

from headstart.core import DataError
from headstart.data.columns import ColumnChoice
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, finding
from headstart.data.table import Table
from headstart.modalities.series.long_table import from_long, long_columns
from headstart.modalities.series.tables import TASK, from_list, from_moments, list_column, moments

RECORDINGS = (
    "record",
    "recording",
    "patient",
    "patient_id",
    "subject",
    "subject_id",
    "participant",
    "session",
    "user",
    "user_id",
    "device",
    "device_id",
    "person",
    "recording_id",
    "record_id",
    "file",
    "source",
)


def read_any_table(table: Table, name: str, chosen: ColumnChoice, task: str | None) -> RawExamples | None:
    """Read a table as series where its form says so; None where it does not.

    Raises:
        DataError: The user says that it holds series, and nothing in it is one.
    """
    raw = _read(table, name, chosen, task)
    if raw is None:
        if task == TASK:
            raise DataError(
                f"No column holds series ({', '.join(list(table.columns)[:8])})",
                place=name,
                hint="Give a column of lists of numbers, a column for each moment (t0, t1, ...) and a label, or a row "
                "for each moment with id, time, value and label",
            )
        return None
    if raw.groups is None:
        raw.findings += _recordings(table, raw)
    return raw


def _read(table: Table, name: str, chosen: ColumnChoice, task: str | None) -> RawExamples | None:
    column = list_column(table, chosen, task)
    if column is not None:
        return from_list(table, name, chosen, column)
    long = long_columns(table, chosen)
    if long is not None:
        return from_long(table, name, chosen, long)
    columns = moments(table, chosen, task)
    return from_moments(table, name, chosen, columns) if columns else None


def _recordings(table: Table, raw: RawExamples) -> list[Finding]:
    """Columns that seem to name recordings, whose windows a split must not separate; none is guessed."""
    found = []
    for name in raw.ledger.unused_columns:
        distinct = len(set(map(str, table.columns[name])))
        if name.strip().lower() in RECORDINGS and 1 < distinct <= len(table) / 2:
            message = (
                f"The column {name!r} has {distinct:,} values for {len(table):,} rows: if series of one value come "
                f"from one recording, keep them on one side of every split with --group-column {name}"
            )
            found.append(finding("possible-groups", "warning", message, count=distinct))
    return found
