"""Columns of a table file for ``headstart predict``: the one place that knows how tables are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from headstart.core import DataError, HeadstartError, SettingsError, did_you_mean, reason_of
from headstart.data.kinds import file_suffixes
from headstart.data.table import is_table, read_table
from headstart.data.table_suffixes import TABLE_SUFFIXES
from headstart.modalities import Modality
from headstart.modalities.items import columns_of, join_cells
from headstart.models.card import Card

__all__ = ["TABLE_SUFFIXES", "is_table", "read_columns"]

SAMPLE = 200  # cells looked at to find the column of pictures


def read_columns(
    path: Path, card: Card, chosen: Sequence[str], note: Callable[[str], None], modality: Modality
) -> Iterator[tuple[str, Any]]:
    """Each row's place, and its text or file; None where there is none.

    Args:
        path: A table file.
        card: Of the model, which knows the columns of its study.
        chosen: Columns that the user named; empty for those of the study.
        note: Called with what could not be read of the table.
        modality: Of the model.

    Raises:
        DataError: The table cannot be read, or nothing determines the column.
        SettingsError: A named column is not there.
    """
    try:
        table = read_table(path, path.name)
    except HeadstartError:
        raise
    except Exception as error:  # brackets 200,000 deep, metadata of other kinds: whatever a reader did not foresee
        raise DataError(
            f"the table cannot be read: {reason_of(error)}", place=str(path), hint="Write it again as CSV"
        ) from error
    names = list(table.columns)
    for name in chosen:
        if name not in names:
            option = "--text-column" if modality.typed else "--image-column"
            raise SettingsError(
                f"there is no column {name!r}", place=f"{option} ({path.name})", hint=did_you_mean(name, names)
            )
    columns = list(chosen) or _found(names, table.columns, card, path, modality)
    for finding in table.findings:
        note(finding.message)
    cells = [table.columns[name] for name in columns]
    for row, values in zip(table.ids, zip(*cells, strict=True), strict=True):
        yield row, _text(values) if modality.typed else _file(values[0])


def _found(names: list[str], cells: dict[str, list[Any]], card: Card, path: Path, modality: Modality) -> list[str]:
    try:
        return columns_of(names, card.columns)
    except DataError as trouble:
        fits = _holds_sentences if modality.typed else _holds_files
        likely = [name for name in names if not card.columns and fits(cells[name])]
        if len(likely) == 1:
            return likely
        hint = trouble.hint if modality.typed else (trouble.hint or "").replace("--text-column", "--image-column")
        raise DataError(trouble.fact, place=path.name, hint=hint) from None


def _holds_files(cells: list[Any]) -> bool:
    present = [cell for cell in cells if cell is not None][:SAMPLE]
    return bool(present) and all(
        isinstance(cell, bytes | dict) or Path(str(cell)).suffix.lower() in file_suffixes() for cell in present
    )


def _holds_sentences(cells: list[Any]) -> bool:
    present = [cell for cell in cells if cell is not None][:SAMPLE]
    several = sum(isinstance(cell, str) and len(cell.split()) > 1 for cell in present)
    return several > len(present) / 2


def _text(values: Sequence[Any]) -> str | None:
    text = join_cells(values)
    return text if text.strip() else None


def _file(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("bytes") or value.get("path")
    return value if value is None or isinstance(value, bytes) else str(value)
