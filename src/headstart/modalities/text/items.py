"""Texts in whatever a user gives to a model in Python: strings, files, columns of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.core import DataError
from headstart.data.encodings import read_text_file
from headstart.modalities.items import TABLES, listed, looks_like_path


def as_texts(items: Any, columns: Sequence[str]) -> list[str]:
    """The texts in whatever a user gave.

    Raises:
        DataError: There are none, or not in a form that is known.
    """
    single = isinstance(items, str)
    if single and Path(items.strip()).suffix.lower() in TABLES and looks_like_path(items) and " " not in items.strip():
        raise DataError(
            f"{items!r} is the name of a file, not a text",
            hint="Read it with pandas.read_csv and give a column, or use `headstart predict MODEL FILE`",
        )
    values = listed(items, columns)
    texts = [_text_of(value, index) for index, value in enumerate(values)]
    if not texts:
        raise DataError("nothing to predict", hint="Give at least one input")
    return texts


def _text_of(value: Any, index: int) -> str:
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, Path):
        return read_text_file(value).text
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, int | float):
        return str(value)
    raise DataError(
        f"a {type(value).__name__} is no text", place=f"input {index + 1}", hint="This model reads texts: give strings"
    )


def _encodable(text: str) -> str:
    """The text with its lone surrogates (bytes of file names, halves of emoji) replaced, which no tokenizer takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
