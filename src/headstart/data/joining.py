"""Files that the cells of a table mean, however the names are written there and wherever the files lie."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

from headstart.data.listing import Entry
from headstart.data.missing import is_missing
from headstart.data.parts import Part, folder_part

WHOLE_NAMES = "by their names"
SAMPLE = 2_000  # rows that choose the rule
_DRIVE = re.compile(r"^[A-Za-z]:")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Rule:
    """One way in which a cell can mean a file.

    Attributes:
        words: How it is described, after "files are named".
        of_file: The key of a file.
        of_cell: The key that a cell means; None where it can mean none.
    """

    words: str
    of_file: Callable[[str], str | None]
    of_cell: Callable[[str], str | None]


@dataclass(frozen=True)
class Join:
    """Rows and the files they mean.

    Attributes:
        files: For each row the file, None where there is none or it is not clear which.
        words: How the files are named.
        share: Rows with a file.
        unclear: Rows that several files could belong to.
    """

    files: list[Entry | None]
    words: str
    share: float
    unclear: int

    @property
    def by_name(self) -> bool:
        """Whether whole names were compared, which do not agree by chance."""
        return self.words == WHOLE_NAMES


def written(cell: Any) -> str:
    """A cell as a path with slashes: numbers without a point, Windows' marks turned, drives and ``./`` dropped."""
    if isinstance(cell, dict):
        cell = cell.get("path")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).strip().strip("\"'").replace("\\", "/")
    if re.fullmatch(r"\d+\.0", text):
        text = text[:-2]
    return _DRIVE.sub("", text).removeprefix("./").strip("/")


def join_files(cells: Sequence[Any], entries: Sequence[Entry], parts: Sequence[Part] | None = None) -> Join:
    """Find the file of each row.

    Names are compared by the end of the path, by the name without ending, by the number in it, and by what is left
    without the beginning that all files share; the first rule that most rows obey is taken for all.

    Args:
        cells: One for each row.
        entries: The files.
        parts: The part of each row; of files with the same name, the one in a folder of that part is meant.

    Returns:
        The join of the best rule.
    """
    best = Join([None] * len(cells), "", 0.0, 0)
    if not entries:
        return best
    sample = [i for i, cell in enumerate(cells) if not is_missing(cell)][:SAMPLE]
    for rule in _rules(entries):
        index: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            if (key := rule.of_file(entry.relative)) is not None:
                index[key].append(entry)
        tried = _join([cells[i] for i in sample], rule, index, parts and [parts[i] for i in sample])
        if tried.share > best.share + 0.02:
            best = _join(cells, rule, index, parts)
            if best.share == 1:
                break
    return best


def _join(cells: Sequence[Any], rule: Rule, index: dict[str, list[Entry]], parts: Sequence[Part] | None) -> Join:
    files: list[Entry | None] = []
    unclear = 0
    for row, cell in enumerate(cells):
        name = "" if is_missing(cell) else written(cell)
        key = rule.of_cell(name) if name else None
        found = index.get(key, []) if key is not None else []
        if len(found) > 1:
            found = _closest(name, found, parts[row] if parts else None)
            unclear += len(found) > 1
        files.append(found[0] if len(found) == 1 else None)
    present = sum(not is_missing(cell) for cell in cells)
    return Join(files, rule.words, sum(file is not None for file in files) / max(1, present), unclear)


def _closest(name: str, found: list[Entry], part: Part | None) -> list[Entry]:
    """Of files with one key, those whose folders fit the cell's best, then those in a folder of the row's part."""
    wanted = [piece.casefold() for piece in name.split("/")][:-1]
    depth = {entry: _shared(wanted, [piece.casefold() for piece in entry.inside[:-1]]) for entry in found}
    deepest = max(depth.values())
    found = [entry for entry in found if depth[entry] == deepest]
    if len(found) > 1 and part is not None:
        mine = [entry for entry in found if any(folder_part(piece) == part for piece in entry.inside[:-1])]
        found = mine or found
    return found


def _shared(left: list[str], right: list[str]) -> int:
    count = 0
    for a, b in zip(reversed(left), reversed(right), strict=False):
        if a != b:
            break
        count += 1
    return count


def _rules(entries: Sequence[Entry]) -> list[Rule]:
    stems = [_stem(entry.relative) for entry in entries]
    first = os.path.commonprefix(stems)
    last = os.path.commonprefix([stem[::-1] for stem in stems])[::-1]
    first = re.sub(r"[^\W\d_]*\d*$", "", first) if not first or first[-1].isalnum() else first
    last = re.sub(r"^\d*[^\W\d_]*", "", last) if not last or last[0].isalnum() else last

    def bare(path: str) -> str:
        return _stem(path).removeprefix(first).removesuffix(last)

    rules = [
        Rule(WHOLE_NAMES, _base, _base),
        Rule("by their names with %-signs", _base, lambda name: _base(unquote(name))),
        Rule("without ending", _stem, _stem),
        Rule("without ending", _stem, _base),
        Rule("by the number in their names", _number, _whole_number),
    ]
    if first or last:
        around = " and ".join(repr(piece) for piece in (first, last) if piece)
        rules.append(Rule(f"without ending and {around}", bare, _stem))
    return rules


def _base(path: str) -> str:
    return PurePath(path).name.casefold()


def _stem(path: str) -> str:
    return os.path.splitext(PurePath(path).name)[0].casefold()


def _number(path: str) -> str | None:
    digits = _DIGITS.findall(_stem(path))
    return str(int(digits[0])) if len(digits) == 1 and len(digits[0]) < 19 else None


def _whole_number(name: str) -> str | None:
    stem = _stem(name)
    return str(int(stem)) if stem.isdecimal() and len(stem) < 19 else None


def folders_of(entries: Sequence[Entry | None]) -> str:
    """The folders that most of some files lie in, in words."""
    counts = Counter("/".join(entry.inside[:-1]) or "." for entry in entries if entry is not None)
    shown = [folder for folder, _ in counts.most_common(3)]
    return ", ".join(shown) + (" ..." if len(counts) > 3 else "")
