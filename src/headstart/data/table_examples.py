"""Rows of a table as raw examples, with the files that they name."""

from __future__ import annotations

import base64
import binascii
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from headstart.core import DataError
from headstart.data.accounting import Ledger
from headstart.data.column_kinds import could_be_names, holds_addresses, holds_images, holds_sentences, present
from headstart.data.columns import ColumnChoice, Columns, addresses_error, find_columns
from headstart.data.examples import RawExamples
from headstart.data.findings import finding, plural
from headstart.data.joining import Join, folders_of, join_files, written
from headstart.data.kinds import Kind, kind_in_doubt, kind_of_cells, kind_of_suffix, kind_of_task, kinds
from headstart.data.labels import class_labels, quantities
from headstart.data.listing import Entry, Listing, list_folder
from headstart.data.missing import is_missing
from headstart.data.parts import folder_part, is_container
from headstart.data.table import Table
from headstart.data.text import as_text, is_damaged

ENOUGH = 0.5  # share of the rows that must name a file, before a column is taken for file names
OWN_FILE = 0.8  # of these rows must have a file that no other row has
REACH = 300_000  # files beside a table that are looked through at most
CHECKED = 200  # file names that are looked up before the whole folder is listed


@dataclass
class Reach:
    """Files that the cells of a table may name.

    Attributes:
        base: Folder that relative paths start from.
        listing: The source, where it is a folder; otherwise what lies beside the table is listed when it is needed.
    """

    base: Path | None
    listing: Listing | None = None

    def files(self, suffixes: frozenset[str]) -> list[Entry]:
        """The files with some endings, those beside the table first."""
        listings = [self.listing] if self.listing else self._around()
        return [
            entry
            for listing in listings
            if listing is not None
            for entry in listing.entries
            if entry.kind == "file" and entry.suffix in suffixes
        ]

    def _around(self) -> list[Listing]:
        """The table's folder; if there is nothing in it, folders of files beside it, as in ``../images``."""
        if self.base is None:
            return []
        own = _listed(self.base)
        if own and any(kind_of_suffix(entry.suffix) for entry in own.entries):
            return [own]
        try:
            beside = sorted(
                path
                for path in self.base.resolve().parent.iterdir()
                # images0 or images2 is one of many: nothing says that it belongs to this table
                if (is_container(path.name) or folder_part(path.name))
                and not path.name[-1:].isdigit()
                and path.is_dir()
            )
        except OSError:
            return []
        return [listing for path in beside if (listing := _listed(path))]


def _listed(folder: Path) -> Listing | None:
    try:
        return list_folder(folder, REACH)
    except DataError:
        return None


def examples_from_table(
    table: Table, name: str, chosen: ColumnChoice, *, task: str | None = None, listing: Listing | None = None
) -> RawExamples:
    """Make examples of rows.

    Args:
        table: The table.
        name: What error messages call it.
        chosen: The columns that the user named.
        task: The task, where the user has said it.
        listing: The folder that the table belongs to, where that is the source.

    Returns:
        The examples. The ledger knows the table's rows and columns, not yet its files.

    Raises:
        DataError: The columns, the labels or the files cannot be used.
        SettingsError: A named column does not exist.
    """
    for kind in kinds():
        own = kind.read_table(table, name, chosen, task)
        if own is not None:
            return own
    reach = Reach(table.base, listing)
    chosen, join = _with_files(table, chosen, reach, task, name)
    columns = find_columns(table, name, chosen, task=task)
    names = table.class_names.get(columns.label)
    others = [column for column in columns.unused if columns.used.get(column) is None]
    raw = RawExamples(
        source=name,
        ids=table.ids,
        labels=class_labels(table.columns[columns.label], columns.label, name, names, others),
        parts=table.parts,
        class_order=names,
        found=[*table.found, *columns.found],
        findings=[*table.findings, *columns.findings],
        ledger=Ledger(
            rows_seen=table.rows_seen,
            rows_named=table.left_out.copy(),
            columns=columns.used,
            unused_columns=list(columns.unused),
        ),
    )
    if names is None and (numbers := quantities(raw.labels)):
        low, high = numbers[0], numbers[-1]
        message = (
            f"Labels are {len(numbers)} whole numbers from {low:,} to {high:,}: if these are quantities, sort them into"
        )
        raw.findings.append(finding("numeric-labels", "warning", f"{message} a few classes", count=len(numbers)))
    if columns.part:
        raw.set_aside = [None if part else "no part" for part in columns.part.parts]
        raw.parts = [part or "train" for part in columns.part.parts]
    if columns.group:
        raw.groups = [None if is_missing(value) else str(value) for value in table.columns[columns.group]]
    if columns.text:
        _fill_texts(raw, table, columns, join)
    if columns.image:
        _fill_files(raw, table, columns.image, reach, join, name)
    return raw


def _with_files(
    table: Table, chosen: ColumnChoice, reach: Reach, task: str | None, name: str
) -> tuple[ColumnChoice, Join | None]:
    """Find a column of file names that do not look like any, where no other content is to be seen."""
    if chosen.text or chosen.image or table.images:
        return chosen, None
    open_columns = [column for column in table.columns if column not in (chosen.label, chosen.group)]
    if any(holds_images(table.columns[column]) for column in open_columns):
        return chosen, None
    sentences = [column for column in open_columns if holds_sentences(table.columns[column])]
    if sentences and ((task and not kind_of_task(task).beside) or reach.listing is None):
        return chosen, None
    candidates = [column for column in open_columns if could_be_names(table.columns[column])]
    for kind in sorted(kinds(), key=lambda kind: not kind.beside):
        if not kind.beside and sentences:
            break
        entries = reach.files(kind.suffixes) if candidates else []
        best: tuple[float, str, Join] | None = None
        for column in candidates if entries else ():
            join = join_files(table.columns[column], entries, table.parts)
            matched = [entry for entry in join.files if entry is not None]
            own = len(set(matched)) >= OWN_FILE * len(matched)
            if own and join.share >= ENOUGH and (best is None or join.share > best[0]):
                best = (join.share, column, join)
        if best is not None:
            _, column, join = best
            if sentences:
                raise DataError(
                    f"The rows have texts ({sentences[0]!r}) and name {kind.nouns} ({column!r})",
                    place=name,
                    hint=f"Choose one: --text-column {sentences[0]} or --image-column {column}",
                )
            return replace(chosen, image=column) if kind.beside else replace(chosen, text=(column,)), join
    return chosen, None


def _fill_texts(raw: RawExamples, table: Table, columns: Columns, join: Join | None) -> None:
    kind = kind_in_doubt("")
    raw.modality = kind.name
    if join is not None:
        raw.items, findings = kind.read_entries(join.files)
        raw.findings += findings
        raw.file_names = [entry.name if entry is not None else None for entry in join.files]
        raw.row_files = join.files
        raw.used_files = {entry for entry in join.files if entry is not None}
        raw.found.append(_join_sentence(columns.text[0], join, kind.nouns))
        return
    cells = [table.columns[name] for name in columns.text]
    damaged = [i for column in cells for i, cell in enumerate(column) if is_damaged(cell)]
    if damaged:
        rows = sorted(set(damaged))
        message = (
            f"{plural(len(rows), 'text holds', 'texts hold')} half a character (a lone surrogate), replaced by U+FFFD"
        )
        raw.findings.append(finding("damaged-text", "warning", message, [raw.ids[i] for i in rows]))
    if len(cells) == 1:
        raw.items = [None if is_missing(value) else as_text(value) for value in cells[0]]
        return
    raw.items = []
    for row in zip(*cells, strict=True):
        written_out = [text for value in row if not is_missing(value) and (text := as_text(value)) is not None]
        raw.items.append("\n".join(written_out) or None)


def _fill_files(raw: RawExamples, table: Table, column: str, reach: Reach, join: Join | None, name: str) -> None:
    cells = table.columns[column]
    kind = kind_of_cells([entry.path for entry in join.files if entry] if join else cells)
    raw.modality = kind.name
    if holds_addresses(cells):
        raise addresses_error(table, column, name)
    if join is None and _names_are_missing(cells, table.base):
        entries = reach.files(kind.suffixes)
        tried = join_files(cells, entries, raw.parts)
        join = tried if tried.share >= ENOUGH or (tried.share > 0 and tried.by_name) else None
        if join is None and not _any_exists(cells, table.base):
            raise _no_files(kind, cells, table.base, entries, name, column, raw.ids)
    direct = [_image_source(cell, table.base) for cell in cells]
    raw.file_names = [_file_name(cell) for cell in cells]
    raw.tried = [str(cell)[:120] if isinstance(cell, (str, PurePath, int, float)) else None for cell in cells]
    if join is None:
        raw.items = list(direct)
        raw.row_files = _entries_of(direct, reach.listing)
        raw.used_files = {entry for entry in raw.row_files or () if entry is not None}
        return
    raw.items = [entry.path if entry is not None else source for entry, source in zip(join.files, direct, strict=True)]
    raw.file_names = [entry.name if entry else own for entry, own in zip(join.files, raw.file_names, strict=True)]
    raw.row_files = join.files
    raw.used_files = {entry for entry in join.files if entry is not None}
    raw.found.append(_join_sentence(column, join, kind.nouns))
    if join.unclear:
        message = f"{plural(join.unclear, 'row names', 'rows name')} several files of one name in different folders"
        raw.findings.append(finding("unclear-file", "warning", message, count=join.unclear))


def _join_sentence(column: str, join: Join, what: str) -> str:
    found = sum(entry is not None for entry in join.files)
    return (
        f"{found:,} of {len(join.files):,} {what} were found by the column {column!r}, {join.words}, "
        f"in {folders_of(join.files)}"
    )


def _names_are_missing(cells: Sequence[Any], base: Path | None) -> bool:
    """Whether some of the first cells are names of files that do not lie where the table says."""
    sample = present(cells)[:CHECKED]
    return any(_named_path(cell, base) is not None and not _exists(cell, base) for cell in sample)


def _any_exists(cells: Sequence[Any], base: Path | None) -> bool:
    return any(_named_path(cell, base) is None or _exists(cell, base) for cell in present(cells))


def _exists(cell: Any, base: Path | None) -> bool:
    path = _named_path(cell, base)
    try:
        return path is not None and path.is_file()
    except (OSError, ValueError):  # names that no file system takes
        return False


def _named_path(cell: Any, base: Path | None) -> Path | None:
    """The path that a cell names, None for cells that hold the picture itself."""
    if isinstance(cell, dict):
        if cell.get("bytes"):
            return None
        cell = cell.get("path")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, int):
        cell = str(cell)
    if isinstance(cell, (str, PurePath)) and not str(cell).startswith("data:"):
        path = Path(cell).expanduser() if str(cell).startswith("~/") else Path(cell)
        return path if path.is_absolute() or base is None else base / path
    return None


def _no_files(
    kind: Kind,
    cells: Sequence[Any],
    base: Path | None,
    entries: list[Entry],
    name: str,
    column: str,
    ids: Sequence[str],
) -> DataError:
    first = next(i for i, cell in enumerate(cells) if not is_missing(cell))
    shown = repr(cells[first])[:80]
    place = f"{name}, column {column!r}, for example {ids[first]}"
    fact = f"None of the {len(cells):,} {kind.nouns} was found: {shown} is no file {_named_path(cells[first], base)}"
    if not entries:
        hint = f"Put the {kind.nouns} beside the table, or name their folder: headstart check FOLDER --labels TABLE"
        return DataError(f"{fact}, and no {kind.nouns} lie beside the table", place=place, hint=hint)
    hint = f"The files there are called like {entries[0].relative}: write these names into the column"
    return DataError(
        f"{fact}, nor the name of one of the {len(entries):,} {kind.nouns} beside it", place=place, hint=hint
    )


def _entries_of(sources: Sequence[bytes | Path | None], listing: Listing | None) -> list[Entry | None] | None:
    """The entries of a listing that some paths are, also where these are written with ``./`` or ``../``."""
    if listing is None or not any(isinstance(source, Path) for source in sources):
        return None
    by_path = {os.path.abspath(entry.path): entry for entry in listing.entries}
    return [by_path.get(os.path.abspath(source)) if isinstance(source, Path) else None for source in sources]


def _image_source(cell: Any, base: Path | None) -> bytes | Path | None:
    if isinstance(cell, dict):
        cell = cell.get("bytes") or cell.get("path")
    if isinstance(cell, (bytes, bytearray)):
        return bytes(cell) or None
    if isinstance(cell, str) and cell.strip().startswith("data:image/"):
        try:
            return base64.b64decode(cell.split(",", 1)[1], validate=False) or None
        except (IndexError, binascii.Error, ValueError):
            return b"damaged"
    if hasattr(cell, "convert") and hasattr(cell, "save"):
        stream = io.BytesIO()
        cell.save(stream, "PNG")
        return stream.getvalue()
    return None if is_missing(cell) else _named_path(cell, base)


def _file_name(cell: Any) -> str | None:
    if isinstance(cell, dict):
        cell = cell.get("path")
    if is_missing(cell) or isinstance(cell, bytes) or not isinstance(cell, (str, PurePath, int, float)):
        return None
    return PurePath(written(cell)).name
