"""New series in files that hold many of them: labels in them are passed over, and need not be there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.core import DataError, did_you_mean
from headstart.data.columns import ColumnChoice
from headstart.data.missing import is_missing
from headstart.data.table import Table, is_table, read_table
from headstart.modalities.series.array_file import PARTS, VALUES, named_arrays
from headstart.modalities.series.files import read_found, refuse_recording
from headstart.modalities.series.items import Numbers, Series, array_in, filled, series_of, trouble_of
from headstart.modalities.series.long_table import gathered, long_columns
from headstart.modalities.series.tables import list_column, moments, row_series

ANY_LABEL = "label"  # of long tables without one


def new_series(path: Path, columns: Sequence[str]) -> list[tuple[str, Numbers | None]] | None:
    """The series (C, T) of a file with their places; None where it holds one or none.

    Args:
        path: An existing file.
        columns: Of the study's table: one of lists, or one for each moment.

    Raises:
        DataError: It holds series that cannot be used, or a table without the study's columns.
    """
    refuse_recording(path)
    found: list[tuple[str, Series | None]]
    suffix = path.suffix.lower()
    if suffix == ".npz":
        arrays = named_arrays(path)
        values = [arrays[f"{name}{end}"] for end in PARTS for name in VALUES if f"{name}{end}" in arrays]
        found = [(f"{path.name}:{row}", series_of(one)) for row, one in enumerate(one for of in values for one in of)]
    elif suffix == ".npy":
        try:
            array = array_in(path)
        except (OSError, ValueError, EOFError):
            return None  # what is wrong with it is told where one series is read
        if array.ndim != 3:
            return None
        found = [(f"{path.name}:{row}", series_of(one)) for row, one in enumerate(array)]
    else:
        labelled = read_found(path)
        if labelled is not None:
            found = list(zip(labelled.ids, labelled.series, strict=True))
        elif is_table(path):
            found = _of_table(read_table(path, path.name), path.name, columns)
        else:
            return None
    return [(name, _usable(name, series)) for name, series in found]


def _of_table(table: Table, name: str, columns: Sequence[str]) -> list[tuple[str, Series | None]]:
    known = [column for column in columns if column in table.columns]
    labels = {column: [""] * len(table) for column in (ANY_LABEL,) if ANY_LABEL not in table.columns}
    long = long_columns(Table({**table.columns, **labels}, table.ids, table.parts), ColumnChoice())
    if long is not None and (not columns or set(columns) <= set(long.values)):
        return [(f"{name}:{key}", series) for key, series in gathered(table, name, long)]
    if columns and len(known) < len(columns):
        absent = next(column for column in columns if column not in table.columns)
        hint = did_you_mean(absent, table.columns)
        raise DataError(f"the table has no column {absent!r}, which the model learnt from", place=name, hint=hint)
    if not columns:
        one = list_column(table, ColumnChoice(), None)
        known = [one] if one else moments(table, ColumnChoice(), None)
    if not known:
        raise DataError("no column holds series", place=name, hint="Give a table like that of the study")
    if len(known) == 1:
        return [
            (row, None if is_missing(cell) else series_of(cell))
            for row, cell in zip(table.ids, table.columns[known[0]], strict=True)
        ]
    cells = zip(*(table.columns[column] for column in known), strict=True)
    return [(row, row_series(list(of))) for row, of in zip(table.ids, cells, strict=True)]


def _usable(name: str, series: Series | None) -> Any:
    """The values of a series without gaps; None where there is nothing."""
    if series is None:
        return None
    trouble = trouble_of(series)
    if trouble:
        raise DataError(f"the series cannot be used: {trouble}", place=name, hint="Leave it out, or mend it")
    return filled(series.values)
