"""Delimited tables: separators, headers and quotation marks as people and programs write them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MARKS = (",", ";", "\t", "|")
LOOKED_AT = 200_000  # characters that show the separator
CLOSED_VALUES = 200  # distinct values up to which a column is taken for one of a few words
LONGEST_CELL = 10_000  # lines that one quoted cell may go over where quotation marks are known to be odd
_EXCEL = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


@dataclass
class Records:
    """The records of a delimited text.

    Attributes:
        rows: The line each starts in, counted from 1, and its cells; blank lines are left out.
        open_quotes: Lines whose quotation marks do not pair and were read as plain characters.
    """

    rows: list[tuple[int, list[str]]]
    open_quotes: list[int] = field(default_factory=list)


def delimiter_of(text: str) -> tuple[str, int]:
    """Find the separator.

    Args:
        text: The file.

    Returns:
        The separator, and how many characters at the start say so themselves (``sep=;``, as Excel writes it).
        Otherwise the mark that is most frequent in the header, unless the lines below disagree and agree on another.
    """
    if match := _EXCEL.match(text):
        return match.group(1), match.end()
    lines = [line for line in io.StringIO(text[:LOOKED_AT], newline="") if line.strip()][:200]
    header = lines[0] if lines else ""
    best = max(MARKS, key=header.count)
    if header.count(best) and _agreement(lines, best) < 0.5:
        others = [mark for mark in MARKS if header.count(mark) and _agreement(lines, mark) > 0.9]
        best = others[0] if others else best
    return best, 0


def _agreement(lines: list[str], mark: str) -> float:
    width = lines[0].count(mark) + 1
    with _wide_cells():
        try:
            rows = [len(row) for row in csv.reader(lines[1:], delimiter=mark)]
        except csv.Error:
            return 0.0
    return sum(row == width for row in rows) / max(1, len(rows))


def read_records(text: str, delimiter: str, *, quoted: bool) -> Records:
    """Split a text into records.

    A quotation mark that never closes would swallow the rows below it. Where marks do not pair, or a cell goes over
    lines that look like rows, each line is read by itself and its odd marks are plain characters.

    Args:
        text: The file.
        delimiter: The separator.
        quoted: Whether quotation marks may enclose cells.

    Returns:
        The records.
    """
    with _wide_cells():
        if not quoted:
            lines = io.StringIO(text, newline="")
            return Records(_numbered(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)))
        try:
            spans = _spans(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            spans = None
        reader = _LineReader(list(io.StringIO(text, newline="")), delimiter, spans)
        if spans is not None and not any(
            last > first and reader.look_like_rows(first, last) for first, last, _ in spans
        ):
            return Records([(first + 1, cells) for first, last, cells in spans])
        return reader.read()


class _LineReader:
    """Reads record by record, trying each line by itself first."""

    def __init__(self, lines: list[str], delimiter: str, spans: list[tuple[int, int, list[str]]] | None) -> None:
        self.lines = lines
        self.spans = spans  # where all marks pair, so that lines inside cells do not pass for rows
        self.delimiter = delimiter
        first = next((line for line in lines if line.strip()), "")
        self.width = len(self._one(first) or self._plain(first))
        self._closed: list[set[str]] | None = None
        self._allowance = 20 * len(lines) + LONGEST_CELL  # lines looked at twice: keeps the time linear

    def read(self) -> Records:
        """Read everything."""
        records = Records([])
        place = 0
        while place < len(self.lines):
            line = self.lines[place]
            cells, last = self._one(line), place
            if cells is None:
                cells, last = self._over_lines(place)
            if cells is None:
                cells, last = self._escaped(line) or self._odd(line), place
                records.open_quotes.append(place + 1)
            if cells:
                records.rows.append((place + 1, cells))
            place = last + 1
        return records

    def look_like_rows(self, first: int, last: int) -> bool:
        """Whether the lines after the first one of a record look like rows of their own."""
        inner = self.lines[first + 1 : last + 1]
        if inner and self._closes_a_cell(inner[-1]):
            inner = inner[:-1]
        return bool(inner) and sum(self._is_row(line) for line in inner) >= 0.5 * len(inner)

    def _closes_a_cell(self, line: str) -> bool:
        """Whether a line ends a quoted cell, as the last line of one does, and begins none."""
        odd = [cell.strip().replace('""', "") for cell in self._plain(line) if cell.count('"') % 2]
        return len(odd) == 1 and odd[0].endswith('"') and not odd[0].startswith('"')

    def _is_row(self, line: str) -> bool:
        cells = self._plain(line)
        if len(cells) != self.width or self.width < 2:
            return False
        closed = self._closed_columns()
        if not any(closed):
            return True
        return any(cell.strip().strip('"') in known for cell, known in zip(cells, closed, strict=True))

    def _closed_columns(self) -> list[set[str]]:
        """For each column its values, where it has only few."""
        if self._closed is None:
            counts: list[Counter[str]] = [Counter() for _ in range(self.width)]
            for cells in self._single_lines():
                if len(cells) == self.width:
                    for counter, cell in zip(counts, cells, strict=True):
                        if len(counter) <= CLOSED_VALUES:
                            counter[cell.strip()] += 1
            self._closed = [
                {value for value, count in counter.items() if value and count >= 0.01 * counter.total()}
                if len(counter) <= min(CLOSED_VALUES, counter.total() / 2)
                else set()
                for counter in counts
            ]
        return self._closed

    def _single_lines(self) -> Iterator[list[str]]:
        if self.spans is not None:
            yield from (cells for first, last, cells in self.spans[1:] if first == last)
            return
        yield from (cells for line in self.lines[1:] if (cells := self._one(line)) is not None)

    def _one(self, line: str) -> list[str] | None:
        """The cells of a line whose marks pair; None otherwise."""
        if '"' not in line:
            return self._plain(line)
        return self._cells([line], strict=True)

    def _plain(self, line: str) -> list[str]:
        return next(csv.reader([line], delimiter=self.delimiter, quoting=csv.QUOTE_NONE), [])

    def _over_lines(self, first: int) -> tuple[list[str] | None, int]:
        """A cell that goes over several lines, if what it holds is no rows."""
        for strict in (True, False):
            if self._allowance < 0:
                break
            stop = min(len(self.lines), first + LONGEST_CELL)
            reader = csv.reader((self.lines[i] for i in range(first, stop)), delimiter=self.delimiter, strict=strict)
            try:
                cells = next(reader, None)
            except csv.Error:
                cells = None
            last = first + reader.line_num - 1
            self._allowance -= last - first
            if cells is None or len(cells) != self.width or last == first:
                continue
            if not self.look_like_rows(first, last):
                return cells, last
        return None, first

    def _escaped(self, line: str) -> list[str] | None:
        """Marks escaped by a backslash, as databases write them."""
        if '\\"' not in line:
            return None
        reader = csv.reader([line], delimiter=self.delimiter, escapechar="\\", doublequote=False, strict=True)
        try:
            cells = next(reader, [])
        except csv.Error:
            return None
        return cells if len(cells) == self.width else None

    def _odd(self, line: str) -> list[str]:
        plain = self._plain(line)
        if len(plain) != self.width:
            lenient = self._cells([line], strict=False)
            if lenient is not None and len(lenient) == self.width:
                return lenient
        return plain

    def _cells(self, lines: Iterable[str], *, strict: bool) -> list[str] | None:
        try:
            return next(csv.reader(lines, delimiter=self.delimiter, strict=strict), [])
        except csv.Error:
            return None


def _spans(reader: Iterator[list[str]]) -> list[tuple[int, int, list[str]]]:
    """First and last line (from 0) and cells of every record."""
    spans, start = [], 0
    for record in reader:
        end: int = reader.line_num  # type: ignore[attr-defined]
        if record:
            spans.append((start, end - 1, record))
        start = end
    return spans


def _numbered(reader: Iterator[list[str]]) -> list[tuple[int, list[str]]]:
    return [(first + 1, cells) for first, _, cells in _spans(reader)]


@contextmanager
def _wide_cells() -> Iterator[None]:
    previous = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(previous)


def is_headless(names: list[str], rows: list[list[str]]) -> bool:
    """Whether the first line is data: one of its cells is a frequent value of its column."""
    for i, name in enumerate(names):
        values = [row[i].strip() for row in rows if len(row) == len(names)]
        if values.count(name) >= 2 and values.count(name) >= 0.02 * len(values):
            return True
    return False
