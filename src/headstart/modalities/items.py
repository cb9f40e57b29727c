"""What a user gives to predict, in Python: one item or many, in any of the usual forms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import DataError, did_you_mean
from headstart.data.kinds import file_suffixes
from headstart.data.missing import is_missing
from headstart.data.text import as_text

FORMS = "a text or path, a list, an array, a Pillow image, a DataFrame or a data set of `datasets`"
BETWEEN = "\n"  # between the cells of a row whose text lies in several columns
LIKELY = ("text", "texts", "sentence", "content", "message", "image", "img", "file_name", "path")
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".xls")
KNOWN_SUFFIXES = frozenset({*TABLES, ".txt", ".gz", ".zip", ".pdf", ".docx", ".heic", ".avif", ".wav"})


def looks_like_path(text: str) -> bool:
    """Whether a word is written as files are: with the ending of one, or with slashes and no spaces."""
    word = text.strip()
    if not word or "\n" in word or len(word) > 4096:
        return False
    if Path(word).suffix.lower() in KNOWN_SUFFIXES | file_suffixes():
        return True
    return ("/" in word or "\\" in word) and not any(character.isspace() for character in word)


def columns_of(names: Sequence[str], study: Sequence[str]) -> list[str]:
    """The columns of a table to read: those of the study where the table has them, else the only likely one.

    Raises:
        DataError: Nothing determines which.
    """
    if study and all(name in names for name in study):
        return list(study)
    if len(names) == 1:
        return [names[0]]
    likely = [name for name in names if name.lower() in LIKELY]
    if not study and len(likely) == 1:
        return likely
    wanted = f"no column {study[0]!r}, which the model learnt from" if study else "several columns"
    hint = did_you_mean(study[0], names) if study else f"Choose one of: {', '.join(names[:12])}"
    raise DataError(
        f"the table has {wanted}", place=f"columns {', '.join(names[:12])}", hint=f"--text-column NAME. {hint}"
    )


def join_cells(cells: Sequence[Any]) -> str:
    """One text of a row's cells, in the order of the columns, as the reader of tables makes it."""
    written = (as_text(cell) for cell in cells if not is_missing(cell))
    return BETWEEN.join(text for text in written if text is not None)


def listed(items: Any, study: Sequence[str]) -> list[Any]:
    """A list of single items; of tables, the cells of the study's columns."""
    if isinstance(items, str | bytes | Path) or is_picture(items):
        return [items]
    names = _column_names(items)
    if names is not None:
        columns = columns_of(names, study)
        cells = [list(items[name]) for name in columns]
        return cells[0] if len(columns) == 1 else [join_cells(row) for row in zip(*cells, strict=True)]
    if isinstance(items, np.ndarray):
        return list(np.atleast_1d(items).tolist()) if items.ndim <= 1 else list(items)
    if isinstance(items, Iterable) and not isinstance(items, dict):
        return list(items)
    raise DataError(f"a {type(items).__name__} cannot be predicted", hint=f"Give {FORMS}")


def _column_names(items: Any) -> list[str] | None:
    """Columns of a DataFrame or of a data set; None for anything else."""
    names = getattr(items, "column_names", None)
    if names is None and hasattr(items, "columns") and hasattr(items, "iloc"):
        names = list(items.columns)
    return [str(name) for name in names] if isinstance(names, list) else None


def is_picture(value: Any) -> bool:
    """Whether a value is a Pillow image."""
    return hasattr(value, "convert") and hasattr(value, "resize") and hasattr(value, "getbands")


def exists(file: Path) -> bool:
    """Whether there is such a file; names that no system takes have none."""
    try:
        return file.exists()
    except OSError:  # longer than a name can be
        return False
