"""Whatever a user points at, as raw examples."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from headstart.core import DataError, did_you_mean
from headstart.data import hub
from headstart.data.columns import ColumnChoice
from headstart.data.examples import RawExamples
from headstart.data.folder_sources import read_folder
from headstart.data.kinds import kinds
from headstart.data.table import FORMATS_HINT, Table, read_table
from headstart.data.table_examples import examples_from_table

Layout = Literal["folders", "deepest", "table"]


@dataclass(frozen=True)
class Reading:
    """How the user wants a source to be read.

    Attributes:
        columns: The columns that they named.
        layout: Class folders (the outermost, or the deepest ones), or a table; None where it is to be found.
        labels: The table with the labels of a folder's files.
    """

    columns: ColumnChoice = ColumnChoice()
    layout: Layout | None = None
    labels: Path | None = None


def read_source(source: Any, task: str | None, reading: Reading) -> RawExamples:
    """Read a path, a hub id, or a table in memory.

    Args:
        source: See :func:`headstart.data.load`.
        task: The task, where the user has said it.
        reading: What the user has said about its form.

    Returns:
        The examples.

    Raises:
        DataError: There is nothing usable.
        SourceError: It looks like a hub id, and the hub did not deliver it.
        SettingsError: A named column does not exist.
    """
    chosen = reading.columns
    if isinstance(source, (str, os.PathLike)):
        if not str(source).strip():
            raise DataError("No path was given", place="DATA", hint="Give a folder, a table file or a hub id")
        path = Path(source).expanduser()
        try:
            is_file, is_folder = path.is_file(), path.is_dir()
        except (OSError, ValueError) as error:
            raise DataError(
                f"The path cannot be used ({error})", place=repr(str(path))[:80], hint=FORMATS_HINT
            ) from error
        if is_file:
            for kind in kinds():
                own = kind.read_file(path, chosen)
                if own is not None:
                    own.ledger.files_seen = own.ledger.files_used = 1
                    return own
            raw = examples_from_table(read_table(path, path.name), path.name, chosen, task=task)
            raw.ledger.files_seen = raw.ledger.files_used = 1
            return raw
        if is_folder:
            return read_folder(path, task, chosen, reading.layout, reading.labels)
        if isinstance(source, str) and hub.looks_like_hub_id(source) and not path.parent.is_dir():
            return examples_from_table(hub.table_from_hub(source), source, chosen, task=task)
        raise _missing(path)
    library = type(source).__module__.split(".")[0]
    if library == "pandas" and hasattr(source, "columns"):
        return examples_from_table(_table_from_pandas(source), "DataFrame", chosen, task=task)
    if library == "datasets" and hasattr(source, "column_names"):
        return examples_from_table(hub.table_from_datasets(source), type(source).__name__, chosen, task=task)
    raise DataError(
        f"A {type(source).__name__} is no data source",
        hint="Give a path, a hub id, a pandas DataFrame or a datasets.Dataset",
    )


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
    try:
        siblings: Sequence[str] = sorted(p.name for p in parent.iterdir()) if parent.is_dir() else []
    except OSError:
        siblings = []
    if path.exists():
        return DataError("This is neither a file nor a folder", place=str(path), hint=FORMATS_HINT)
    siblings = [name for name in siblings if not name.startswith(".")]
    hint = did_you_mean(path.name, siblings[:30]) if siblings else FORMATS_HINT
    return DataError("There is no such file or folder", place=str(path), hint=hint)
