"""What a user gives to predict, in Python: one item or many, in any of the usual forms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.core import DataError, did_you_mean
from headstart.data.encodings import read_text_file
from headstart.data.image import IMAGE_SUFFIXES
from headstart.data.missing import is_missing
from headstart.data.text import as_text
from headstart.models.card import Card

if TYPE_CHECKING:
    import PIL.Image

FORMS = "a text or path, a list, an array, a Pillow image, a DataFrame or a data set of `datasets`"
BETWEEN = "\n"  # between the cells of a row whose text lies in several columns
LIKELY = ("text", "texts", "sentence", "content", "message", "image", "img", "file_name", "path")
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".xls")
KNOWN_SUFFIXES = frozenset({*TABLES, *IMAGE_SUFFIXES, ".txt", ".gz", ".zip", ".pdf", ".docx", ".heic", ".avif", ".wav"})


def looks_like_path(text: str) -> bool:
    """Whether a word is written as files are: with the ending of one, or with slashes and no spaces."""
    word = text.strip()
    if not word or "\n" in word or len(word) > 4096:
        return False
    if Path(word).suffix.lower() in KNOWN_SUFFIXES:
        return True
    return ("/" in word or "\\" in word) and not any(character.isspace() for character in word)


def as_texts(items: Any, card: Card) -> list[str]:
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
    values = _listed(items, card)
    texts = [_text_of(value, index) for index, value in enumerate(values)]
    if not texts:
        raise DataError("nothing to predict", hint="Give at least one input")
    return texts


def as_pictures(items: Any, card: Card) -> list[Path | bytes | PIL.Image.Image]:
    """The pictures in whatever a user gave.

    Raises:
        DataError: There are none, or not in a form that is known.
    """
    if isinstance(items, np.ndarray) and items.dtype.kind in "uifb":
        pictures: list[Path | bytes | PIL.Image.Image] = [_from_array(array) for array in _split(items)]
    else:
        pictures = [_picture_of(value, index) for index, value in enumerate(_listed(items, card))]
    if not pictures:
        raise DataError("nothing to predict", hint="Give at least one input")
    return pictures


def columns_of(names: Sequence[str], card: Card) -> list[str]:
    """The columns of a table to read: those of the study where the table has them, else the only likely one.

    Raises:
        DataError: Nothing determines which.
    """
    if card.columns and all(name in names for name in card.columns):
        return list(card.columns)
    if len(names) == 1:
        return [names[0]]
    likely = [name for name in names if name.lower() in LIKELY]
    if not card.columns and len(likely) == 1:
        return likely
    wanted = f"no column {card.columns[0]!r}, which the model learnt from" if card.columns else "several columns"
    hint = did_you_mean(card.columns[0], names) if card.columns else f"Choose one of: {', '.join(names[:12])}"
    raise DataError(
        f"the table has {wanted}", place=f"columns {', '.join(names[:12])}", hint=f"--text-column NAME. {hint}"
    )


def join_cells(cells: Sequence[Any]) -> str:
    """One text of a row's cells, in the order of the columns, as the reader of tables makes it."""
    written = (as_text(cell) for cell in cells if not is_missing(cell))
    return BETWEEN.join(text for text in written if text is not None)


def _listed(items: Any, card: Card) -> list[Any]:
    """A list of single items."""
    if isinstance(items, str | bytes | Path) or _is_picture(items):
        return [items]
    names = _column_names(items)
    if names is not None:
        columns = columns_of(names, card)
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


def _is_picture(value: Any) -> bool:
    return hasattr(value, "convert") and hasattr(value, "resize") and hasattr(value, "getbands")


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


def _picture_of(value: Any, index: int) -> Path | bytes | PIL.Image.Image:
    if isinstance(value, dict) and (
        value.get("bytes") or value.get("path")
    ):  # as `datasets` keeps what it has not read
        value = value["bytes"] if value.get("bytes") else value["path"]
    if isinstance(value, str):
        value = Path(value)
    if isinstance(value, Path):
        if not _exists(value):
            raise DataError("no such file", place=str(value), hint="This model reads image files; give their paths")
        return value
    if isinstance(value, bytes):
        return value
    if _is_picture(value):
        picture: PIL.Image.Image = value
        return picture
    if isinstance(value, np.ndarray):
        return _from_array(value)
    raise DataError(
        f"a {type(value).__name__} is no picture",
        place=f"input {index + 1}",
        hint="This model reads images: give paths, arrays (H, W, 3) or Pillow images",
    )


def _exists(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:  # longer than a name can be
        return False


def _split(array: np.ndarray) -> list[np.ndarray]:
    """Single pictures of an array of one or many."""
    if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (1, 3, 4)):
        return [array]
    if array.ndim in (3, 4):
        return list(array)
    raise DataError(
        f"an array of shape {array.shape} is no picture", hint="Give (H, W), (H, W, 3) or (N, H, W, 3), channels last"
    )


def _from_array(array: np.ndarray) -> PIL.Image.Image:
    """Numbers as a picture: 0 to 255, or shares from 0 to 1 where they are floats."""
    from PIL import Image

    flat = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    if flat.ndim not in (2, 3) or (flat.ndim == 3 and flat.shape[-1] not in (3, 4)) or 0 in flat.shape:
        raise DataError(
            f"an array of shape {array.shape} is no picture", hint="Give (H, W) or (H, W, 3), channels last"
        )
    if flat.dtype.kind == "f":
        low, high = float(np.min(flat)), float(np.max(flat))
        if not (0 <= low and high <= 255):
            raise DataError("an array has values outside 0 to 255", hint="Give pixels as 0 to 255, or shares 0 to 1")
        flat = np.asarray(flat * 255 if high <= 1 else flat).round()
    elif flat.dtype == np.bool_:
        flat = flat * 255
    elif flat.dtype == np.uint16:
        return Image.fromarray(flat) if flat.ndim == 2 else Image.fromarray((flat >> 8).astype(np.uint8))
    elif flat.size and (int(flat.min()) < 0 or int(flat.max()) > 255):
        raise DataError("an array has values outside 0 to 255", hint="Give pixels as 0 to 255, or shares 0 to 1")
    return Image.fromarray(flat.astype(np.uint8))
