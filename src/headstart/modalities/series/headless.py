"""Text files of numbers without a header, as the UCR archive has them: a series a line, its label first or last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.core import DataError
from headstart.data.encodings import read_text_file
from headstart.data.findings import plural
from headstart.modalities.series.found import Found, part_in
from headstart.modalities.series.items import Series
from headstart.modalities.series.shape import MOST_CLASSES, follows_time

SUFFIXES = (".tsv", ".csv", ".txt", ".dat", ".data", ".tab")
SNIFFED = 2**16  # bytes
FEWEST = 9  # cells of a line, the label included
HOLES = ("", "?", "nan", "na", "null", "none")


def mark_of(path: Path) -> str | None:
    """What stands between the cells of a file of numbers without a header; None for any other file."""
    if path.suffix.lower() not in SUFFIXES:
        return None
    with open(path, "rb") as file:
        start = file.read(SNIFFED)
    whole = len(start) < SNIFFED
    text = start.decode("utf-8-sig", "replace")
    lines = [line for line in text.splitlines()[: None if whole else -1] if line.strip()][:5]
    if len(lines) < 2:
        return None
    mark = next((mark for mark in ("\t", ",", ";") if mark in lines[0]), " ")
    rows = [_cells(line, mark) for line in lines]
    return mark if all(len(row) >= FEWEST and _is_data(row) for row in rows) and not _counts(rows[0]) else None


def read_headless(path: Path, mark: str) -> Found | None:
    """Read such a file; None where nothing speaks for series: neither its name nor that neighbours are alike.

    The label is the cell, first or last, that takes few values; the archive's files, by their name of a part, have it
    first.

    Args:
        path: The file.
        mark: Between cells.

    Raises:
        DataError: First and last cells could both be labels.
    """
    lines = [(n, line) for n, line in enumerate(read_text_file(path).text.splitlines(), start=1) if line.strip()]
    rows = [_cells(line, mark) for _, line in lines]
    label, why = _label_place(path, rows)
    if label is None:
        return None
    found = Found([], [], [])
    for (number, _), row in zip(lines, rows, strict=True):
        cells = list(row)
        said = cells.pop(label)
        found.ids.append(f"{path.name}:{number}")
        found.labels.append(None if said.lower() in HOLES else _plain(said))
        found.series.append(_series(cells))
    usable = [one.values[0] for one in found.series[:500] if one is not None and not one.trouble]
    if part_in(path.stem) is None and not follows_time(usable):
        return None
    length = len(rows[0]) - 1
    found.said.append(
        f"{path.name} has no header and {plural(length, 'number')} a line, read as a series; "
        f"the {'first' if label == 0 else 'last'} cell is the label ({why})"
    )
    return found


def _label_place(path: Path, rows: list[list[str]]) -> tuple[int | None, str]:
    """Where the label stands, and why."""
    first, last = _could_be([row[0] for row in rows]), _could_be([row[-1] for row in rows])
    if first and last:
        if part_in(path.stem) is not None:
            return 0, "as in the UCR archive"
        raise DataError(
            "The first and the last cell of each line could both be the label",
            place=str(path),
            hint="Write a header with a column called label, or name the file as the archive does: NAME_TRAIN.tsv",
        )
    if first:
        return 0, "it takes few values"
    return (-1, "it takes few values") if last else (None, "")


def _could_be(cells: list[str]) -> bool:
    """Whether cells are classes: few values, whole numbers or words, two of each or more on average."""
    said = {cell for cell in cells if cell.lower() not in HOLES}
    if not 2 <= len(said) <= min(MOST_CLASSES, max(2, len(cells) / 2)):
        return False
    numbers = [_number(cell) for cell in said]
    return all(number is None or float(number).is_integer() for number in numbers)


def _plain(label: str) -> str:
    """A class as it is usually written: ``1`` for ``1.0000000e+00``."""
    number = _number(label)
    return f"{int(number)}" if number is not None and np.isfinite(number) and number.is_integer() else label


def _series(cells: list[str]) -> Series:
    while cells and not cells[-1]:  # the archive fills shorter series up
        cells.pop()
    try:
        values = np.array([np.nan if cell.lower() in HOLES else float(cell) for cell in cells], dtype=np.float32)
    except ValueError:
        broken = next(cell for cell in cells if cell.lower() not in HOLES and _number(cell) is None)
        return Series(np.empty((1, 0), np.float32), trouble=f"{broken[:20]!r} is no number")
    return Series(_unpadded(values)[None])


def _unpadded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values without the missing ones at the end, by which files of one width hold shorter series."""
    present = np.flatnonzero(np.isfinite(values))
    return values[: int(present[-1]) + 1] if len(present) else values


def _cells(line: str, mark: str) -> list[str]:
    return line.split() if mark == " " else [cell.strip() for cell in line.split(mark)]


def _is_data(row: list[str]) -> bool:
    """Whether all cells but perhaps one end are numbers or holes."""
    known = [cell.lower() in HOLES or _number(cell) is not None for cell in row]
    return all(known[1:-1]) and (known[0] or known[-1])


def _counts(row: list[str]) -> bool:
    """Whether the cells between the ends go up in even steps, as names of moments do."""
    numbers = [_number(cell) for cell in row[1:-1]]
    steps = {round(b - a, 6) for a, b in zip(numbers, numbers[1:], strict=False) if a is not None and b is not None}
    return len(steps) == 1 and min(steps) > 0


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
