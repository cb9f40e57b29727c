"""Labels of loose files from a list beside them, such as ``val_annotations.txt``."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from headstart.core import DataError
from headstart.data.delimited import delimiter_of
from headstart.data.encodings import read_text_file
from headstart.data.joining import join_files
from headstart.data.listing import Entry

LIST_SUFFIXES = frozenset({".txt", ".csv", ".tsv", ".lst"})
MAX_LISTS = 20  # files that are tried
MAX_BYTES = 2**28
ENOUGH = 0.8  # of the loose files must be in the list
KNOWN = 0.95  # of their labels must be classes


def labels_from_list(
    loose: Sequence[Entry], lists: Sequence[Entry], classes: set[str]
) -> tuple[Entry, dict[Entry, str]] | None:
    """Find a list that names loose files and their classes.

    Args:
        loose: Files without a label.
        lists: Files that could be the list, likely ones first.
        classes: Names of the classes.

    Returns:
        The list, and the class of each file in it; None where there is no such list.
    """
    for entry in lists[:MAX_LISTS]:
        if entry.suffix not in LIST_SUFFIXES or not 0 < entry.size <= MAX_BYTES:
            continue
        columns = _columns(entry)
        for number, cells in enumerate(columns):
            join = join_files(cells, loose)
            rows = [row for row, file in enumerate(join.files) if file is not None]
            if len({join.files[row] for row in rows}) < ENOUGH * len(loose):
                continue
            for other, labels in enumerate(columns):
                known = [row for row in rows if labels[row] in classes]
                if other != number and len(known) >= KNOWN * len(rows):
                    return entry, {file: labels[row] for row in known if (file := join.files[row]) is not None}
    return None


def _columns(entry: Entry) -> list[list[str]]:
    try:
        text = read_text_file(entry.path).text
    except DataError:
        return []
    lines = [line for line in text.splitlines() if line.strip()]
    mark, _ = delimiter_of(text)
    try:
        rows = list(csv.reader(lines, delimiter=mark)) if mark in lines[0] else [line.split() for line in lines]
    except csv.Error:
        return []
    width = max((len(row) for row in rows), default=0)
    if not 2 <= width <= 50:
        return []
    return [[(row[i].strip() if i < len(row) else "") for row in rows] for i in range(width)]
