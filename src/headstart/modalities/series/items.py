"""One series, in whatever form it comes: arrays, lists of numbers, cells, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.core import DataError
from headstart.modalities.items import listed

MOST_CHANNELS = 4096
FORMS = "arrays (channels, time), lists of numbers, .npy files, or a table or .ts file like the study's"
Numbers = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Series:
    """One series as a reader found it.

    Attributes:
        values: (C, T) fp32; NaN where a value is missing.
        rate: Values a second; 0 where nothing says it.
        trouble: Why it cannot be used, where the reader knows that.
    """

    values: Numbers
    rate: float = 0.0
    trouble: str = ""

    def __len__(self) -> int:
        return int(self.values.shape[1])


def series_of(value: Any) -> Series | None:
    """A series from one item of a user's; None for what is none.

    Numbers, or texts with numbers between commas, semicolons, bars or spaces, are one channel; lists of such lists, and
    arrays of two dimensions, are (channels, time). Missing values are NaN, None, ``?`` or nothing.
    """
    if isinstance(value, Series) or value is None:
        return value
    if isinstance(value, Path):
        return _from_file(value)
    if isinstance(value, str):
        return _from_text(value)
    try:
        rows = list(value) if isinstance(value, list | tuple) else value
        if isinstance(rows, list) and rows and isinstance(rows[0], list | tuple | np.ndarray):
            channels = [_numbers(row) for row in rows]
            if len({len(channel) for channel in channels}) != 1:
                return Series(np.empty((1, 0), np.float32), trouble="its channels differ in length")
            return Series(np.stack(channels))
        array = _numbers(rows)
    except (TypeError, ValueError):
        return None
    if array.ndim == 1:
        return Series(array[None])
    return Series(array) if array.ndim == 2 else None


def as_series(given: Any, columns: Sequence[str]) -> list[Numbers]:
    """The series in whatever a user gave, (C, T) each.

    Args:
        given: One series or many: arrays (T,), (C, T) or (N, C, T), lists, files, columns of a table.
        columns: Of the study's table.

    Raises:
        DataError: There are none, or one is none.
    """
    if isinstance(given, np.ndarray) and given.dtype.kind in "fiub":
        items: list[Any] = list(given) if given.ndim == 3 else [given]
    elif isinstance(given, list | tuple) and given and isinstance(given[0], int | float | np.number):
        items = [given]
    elif isinstance(given, Series):
        items = [given]
    elif hasattr(given, "columns") and columns and all(str(name) in map(str, given.columns) for name in columns):
        items = given[list(columns)].to_numpy().tolist()
        items = [row[0] for row in items] if len(columns) == 1 else items
    else:
        items = listed(given, columns)
    if not items:
        raise DataError("nothing to predict", hint="Give at least one series")
    return [_usable(item, place) for place, item in enumerate(items)]


def _usable(item: Any, place: int) -> Numbers:
    if isinstance(item, str) and _from_text(item) is None:
        item = Path(item)
    found = series_of(item)
    name = str(item) if isinstance(item, Path) else f"input {place + 1}"
    if found is None:
        what = "the file holds no series" if isinstance(item, Path) else f"a {type(item).__name__} is no series"
        raise DataError(what, place=name, hint=f"Give {FORMS}")
    trouble = trouble_of(found)
    if trouble:
        raise DataError(f"the series cannot be used: {trouble}", place=name, hint="Leave it out, or mend it")
    return filled(found.values)


def trouble_of(series: Series) -> str:
    """Why a series cannot be used; empty where it can."""
    channels, length = series.values.shape
    if series.trouble:
        return series.trouble
    if length < 2:
        return f"it has {length} value{'' if length == 1 else 's'}: a series needs two"
    if channels > MOST_CHANNELS:
        return f"it has {channels:,} channels"
    present = np.isfinite(series.values).mean(1)
    if present.min() == 0:
        return "it holds no number" if present.max() == 0 else "one of its channels holds no number"
    return "more than half of it is missing" if present.mean() < 0.5 else ""


def filled(values: Numbers) -> Numbers:
    """Values (C, T) with missing ones on a straight line between their neighbours, level at both ends."""
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    result, at = values.copy(), np.arange(values.shape[1])
    for channel, gone in zip(result, missing, strict=True):
        if gone.any():
            channel[gone] = np.interp(at[gone], at[~gone], channel[~gone])
    return result


def array_in(path: Path) -> NDArray[Any]:
    """The array of a ``.npy`` file.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds no array, or Python objects.
    """
    with open(path, "rb") as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _from_file(path: Path) -> Series | None:
    if path.suffix.lower() != ".npy":
        return None
    try:
        array = array_in(path)
    except FileNotFoundError:
        return Series(np.empty((1, 0), np.float32), trouble="no such file")
    except (OSError, ValueError, EOFError):
        return Series(np.empty((1, 0), np.float32), trouble="the file is no readable .npy file of numbers")
    if array.dtype.kind not in "fiub" or array.ndim not in (1, 2):
        return Series(np.empty((1, 0), np.float32), trouble=f"an array {array.shape} of {array.dtype} is no series")
    return Series(np.atleast_2d(array.astype(np.float32)))


def _from_text(text: str) -> Series | None:
    words = text.translate(str.maketrans(",;|[]()\t\n", "         ")).split()
    try:
        return Series(np.array([np.nan if word == "?" else float(word) for word in words], np.float32)[None])
    except ValueError:
        return None


def _numbers(value: Any) -> Numbers:
    if isinstance(value, list | tuple):
        value = [np.nan if number is None or number == "?" else number for number in value]
        if any(isinstance(number, bool) for number in value[:1]):
            raise ValueError("truth values are no series")
    return np.asarray(value, dtype=np.float32)
