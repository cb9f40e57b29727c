"""Weka's files ``.arff``: an attribute for each moment and one with the classes; several channels stand in a string."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from headstart.core import DataError
from headstart.data.encodings import read_text_file
from headstart.modalities.series.found import Found
from headstart.modalities.series.items import Series
from headstart.modalities.series.ts_file import _row

_ATTRIBUTE = re.compile(r"@attribute\s+('[^']*'|\"[^\"]*\"|\S+)\s+(.*)", re.IGNORECASE)
NUMERIC = ("numeric", "real", "integer")


def is_arff(path: Path) -> bool:
    """Whether a file ends so."""
    return path.suffix.lower() == ".arff"


def read_arff(path: Path) -> Found:
    r"""Read a file whose one attribute with classes in braces is the label.

    A relational attribute holds the channels of a row in quotes, with ``\n`` between them.

    Raises:
        DataError: There are no classes, several attributes of them, or attributes of another type.
    """
    lines = read_text_file(path).text.splitlines()
    names: list[str] = []
    kinds: list[str] = []
    inside, start = False, len(lines)
    for number, line in enumerate(lines):
        word = line.strip().lower()
        if word.startswith("@data"):
            start = number + 1
            break
        if word.startswith("@end"):
            inside = False
            continue
        match = _ATTRIBUTE.match(line.strip())
        if match and not inside:
            names.append(match.group(1).strip("'\""))
            kinds.append(match.group(2).strip())
            inside = kinds[-1].lower().startswith("relational")
    label = _label(path, names, kinds)
    found = Found([], [], [])
    for number in range(start, len(lines)):
        line = lines[number].strip()
        if not line or line.startswith("%"):
            continue
        cells = _cells(line)
        found.ids.append(f"{path.name}:{number + 1}")
        if len(cells) != len(names):
            found.labels.append(None)
            found.series.append(_broken(f"{len(cells)} cells where {len(names)} attributes are declared"))
            continue
        said = cells.pop(label).strip().strip("'\"")
        found.labels.append(None if said in ("?", "") else said)
        found.series.append(_series(cells))
    if not found.ids:
        raise DataError("The file holds no series", place=str(path), hint="Write them below @data, one a line")
    return found


def _label(path: Path, names: list[str], kinds: list[str]) -> int:
    """Place of the attribute with the classes."""
    nominal = [place for place, kind in enumerate(kinds) if kind.startswith("{")]
    if not nominal:
        raise DataError(
            "No attribute has classes in braces", place=str(path), hint="Declare it: @attribute target {one,two}"
        )
    if len(nominal) > 1:
        named = ", ".join(repr(names[place]) for place in nominal[:3])
        raise DataError(
            f"{len(nominal)} attributes have classes ({named}): a series has one label and numbers",
            place=str(path),
            hint="Remove the others, or give a table with --label-column",
        )
    for place, kind in enumerate(kinds):
        known = kind.lower().split()[0] in NUMERIC or kind.lower().startswith("relational")
        if place != nominal[0] and not known:
            raise DataError(
                f"The attribute {names[place]!r} is of the type {kind[:20]!r}, no number",
                place=str(path),
                hint="Series consist of numeric attributes; remove the others",
            )
    return nominal[0]


def _cells(line: str) -> list[str]:
    quote = "'" if "'" in line else '"'
    return next(csv.reader(io.StringIO(line), quotechar=quote, skipinitialspace=True))


def _series(cells: list[str]) -> Series:
    texts = cells[0].replace("\\n", "\n").split("\n") if len(cells) == 1 and "," in cells[0] else [",".join(cells)]
    rows = [_row(text) for text in texts]
    whole = [row for row in rows if not isinstance(row, str)]
    if len(whole) < len(rows):
        return _broken(f"{next(row for row in rows if isinstance(row, str))!r} is no number")
    if len({len(row) for row in whole}) > 1:
        return _broken("its channels differ in length")
    return Series(np.stack(whole))


def _broken(trouble: str) -> Series:
    return Series(np.empty((1, 0), np.float32), trouble=trouble)
