"""Whatever a user points at, as raw examples."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from headstart.core import DataError, did_you_mean
from headstart.data import hub
from headstart.data.columns import find_columns
from headstart.data.examples import RawExamples
from headstart.data.folders import read_class_folders, subfolders
from headstart.data.image import IMAGE_SUFFIXES
from headstart.data.labels import class_labels, is_missing
from headstart.data.parts import Part, folder_part, part_of
from headstart.data.table import FORMATS_HINT, TABLE_SUFFIXES, Table, concatenate, read_table
from headstart.data.text import as_text


@dataclass(frozen=True)
class ColumnChoice:
    """Columns that the user named; None where they are to be found."""

    text: str | None = None
    image: str | None = None
    label: str | None = None
    group: str | None = None


def read_source(source: Any, task: str | None, chosen: ColumnChoice) -> RawExamples:
    """Read a path, a hub id, or a table in memory.

    Args:
        source: See :func:`headstart.data.load`.
        task: The task, where the user has said it.
        chosen: The columns, where the user has named them.

    Returns:
        The examples.

    Raises:
        DataError: There is nothing usable.
        SourceError: It looks like a hub id, and the hub did not deliver it.
        SettingsError: A named column does not exist.
    """
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).expanduser()
        if path.is_file():
            return _from_table(read_table(path, path.name), path.name, task, chosen)
        if path.is_dir():
            return _from_folder(path, task, chosen)
        if isinstance(source, str) and hub.looks_like_hub_id(source) and not path.parent.is_dir():
            return _from_table(hub.table_from_hub(source), source, task, chosen)
        raise _missing(path)
    kind = type(source).__module__.split(".")[0]
    if kind == "pandas" and hasattr(source, "columns"):
        return _from_table(_table_from_pandas(source), "DataFrame", task, chosen)
    if kind == "datasets":
        return _from_table(hub.table_from_datasets(source), type(source).__name__, task, chosen)
    raise DataError(
        f"A {type(source).__name__} is no data source",
        hint="Give a path, a hub id, a pandas DataFrame or a datasets.Dataset",
    )


def _from_folder(folder: Path, task: str | None, chosen: ColumnChoice) -> RawExamples:
    name = folder.resolve().name
    if hub.is_saved_dataset(folder):
        return _from_table(hub.table_from_disk(folder), name, task, chosen)
    files = _table_files(folder)
    if not files and (folder / "data").is_dir() and _table_files(folder / "data"):
        folder = folder / "data"  # the layout of data repositories on the hub
        files = _table_files(folder)
    if files:
        table = concatenate([read_table(path, path.name, part) for path, part in files])
        table.found.append(f"Read {', '.join(path.name for path, _ in files[:6])}{' ...' if len(files) > 6 else ''}")
        return _from_table(table, name, task, chosen)
    return read_class_folders(folder, name)


def _table_files(folder: Path) -> list[tuple[Path, Part]]:
    """Files that are parts by name, else the only table; none where class folders hold images."""
    tables = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES and not path.name.startswith(".")
    )
    if not tables or (_has_class_folders(folder) and not any(path.stem.lower() == "metadata" for path in tables)):
        return []
    by_part = [(path, part) for path in tables if (part := part_of(path.stem))]
    if by_part:
        return by_part
    described = [path for path in tables if path.stem.lower() == "metadata"]
    if len(described) == 1:
        return [(described[0], "train")]
    if len(tables) > 1:
        listing = ", ".join(path.name for path in tables[:5])
        raise DataError(
            f"{len(tables)} tables, none of them called train or test ({listing})",
            place=str(folder),
            hint=f"Give one of them, such as {tables[0]}, or rename them",
        )
    return [(tables[0], "train")]


def _has_class_folders(folder: Path) -> bool:
    children = subfolders(folder)
    inner = [child for part in children if folder_part(part.name) for child in subfolders(part)]
    classes = [child for child in inner or children]
    holding = 0
    for child in classes:
        holding += any(path.suffix.lower() in IMAGE_SUFFIXES for path in child.iterdir())
        if holding == 2:
            return True
    return False


def _from_table(table: Table, name: str, task: str | None, chosen: ColumnChoice) -> RawExamples:
    columns = find_columns(
        table, name, task=task, text=chosen.text, image=chosen.image, label=chosen.label, group=chosen.group
    )
    names = table.class_names.get(columns.label)
    raw = RawExamples(
        source=name,
        ids=table.ids,
        labels=class_labels(table.columns[columns.label], columns.label, name, names),
        parts=table.parts,
        class_order=names,
        found=[*table.found, *columns.found],
        findings=table.findings,
    )
    if columns.part:
        raw.parts = [folder_part(str(value).strip()) or "train" for value in table.columns[columns.part]]
    if columns.group:
        raw.groups = [None if is_missing(value) else str(value) for value in table.columns[columns.group]]
    if columns.text:
        raw.texts = [None if is_missing(value) else as_text(value) for value in table.columns[columns.text]]
    if columns.image:
        cells = table.columns[columns.image]
        raw.images = [_image_source(cell, table.base) for cell in cells]
        raw.file_names = [_file_name(cell) for cell in cells]
    return raw


def _image_source(cell: Any, base: Path | None) -> bytes | Path | None:
    if isinstance(cell, dict):
        cell = cell.get("bytes") or cell.get("path")
    if isinstance(cell, bytes):
        return cell or None
    if isinstance(cell, (str, PurePath)):
        path = Path(cell).expanduser()
        return path if path.is_absolute() or base is None else base / path
    if hasattr(cell, "convert") and hasattr(cell, "save"):
        stream = io.BytesIO()
        cell.save(stream, "PNG")
        return stream.getvalue()
    return None


def _file_name(cell: Any) -> str | None:
    if isinstance(cell, dict):
        cell = cell.get("path")
    return PurePath(cell).name if isinstance(cell, (str, PurePath)) else None


def _table_from_pandas(frame: Any) -> Table:
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"The table has two columns called {twice[0]!r}", place="DataFrame", hint="Give each column its own name"
        )
    columns = {name: frame.iloc[:, place].tolist() for place, name in enumerate(names)}
    if not columns or not len(frame):
        raise DataError("The table has no rows", place="DataFrame", hint="Give a frame with examples and labels")
    return Table(columns=columns, ids=[f"row:{i}" for i in range(len(frame))], parts=["train"] * len(frame))


def _missing(path: Path) -> DataError:
    parent = path.parent
    siblings: Sequence[str] = sorted(p.name for p in parent.iterdir()) if parent.is_dir() else []
    siblings = [name for name in siblings if not name.startswith(".")]
    hint = did_you_mean(path.name, siblings[:30]) if siblings else FORMATS_HINT
    return DataError("There is no such file or folder", place=str(path), hint=hint)
