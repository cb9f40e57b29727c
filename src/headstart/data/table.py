"""Tables in files: CSV, TSV, JSON, JSON lines, Parquet and Arrow, read without changing a cell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.core import DataError
from headstart.data.arrow_table import cells_of, read_arrow
from headstart.data.delimited import delimiter_of, is_headless, read_records
from headstart.data.encodings import Decoded, decode, read_text_file
from headstart.data.findings import Finding, finding, plural
from headstart.data.json_table import read_json
from headstart.data.packed import PACKED_SUFFIXES, inner_suffix, refuse, unpacked
from headstart.data.parts import Part
from headstart.data.table_suffixes import (
    ARROW_SUFFIXES,
    DELIMITED_SUFFIXES,
    JSON_SUFFIXES,
    PLAIN_SUFFIXES,
    TABLE_SUFFIXES,
)

FORMATS_HINT = "Give .csv, .tsv, .jsonl, .json, .parquet, or a folder with one folder of images per class"
LOUD_SHARE = 0.1  # of rows that are left out, from which the finding is an error
_FASTTEXT = re.compile(r"__label__(\S+)\s+(.*)")


@dataclass(eq=False)
class Table:
    """Rows as columns of equal length.

    Attributes:
        columns: Cells by column name; None is a missing cell.
        ids: Where each row is, such as ``"train.csv:12"``.
        parts: Which part each row is in.
        class_names: Names behind the numbers of ClassLabel columns.
        images: Columns that are declared to be images or sounds.
        base: Folder that relative paths in cells start from.
        findings: Rows that could not be read.
        found: What was noticed while reading.
        left_out: Rows of the file that are in no column, by reason.
    """

    columns: dict[str, list[Any]]
    ids: list[str]
    parts: list[Part]
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    base: Path | None = None
    findings: list[Finding] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def rows_seen(self) -> int:
        """Every row of the files, with those that could not be read."""
        return len(self) + self.left_out.total()


def is_table(path: Path) -> bool:
    """Whether a file's ending says that it is a table, compressed or not."""
    suffix = path.suffix.lower()
    return suffix in TABLE_SUFFIXES or (suffix in PACKED_SUFFIXES and inner_suffix(path) in TABLE_SUFFIXES)


def read_table(path: Path, name: str, part: Part = "train") -> Table:
    """Read one file.

    Args:
        path: The file; its ending decides how it is read.
        name: How ids call it.
        part: Which part all its rows are in.

    Returns:
        The table.

    Raises:
        DataError: The file is empty, binary, has no rows, or is no table.
    """
    suffix = path.suffix.lower()
    content: bytes | None = None
    if suffix in PACKED_SUFFIXES:
        content, suffix = unpacked(path)
    if suffix in ARROW_SUFFIXES:
        arrow, features, findings = read_arrow(path if content is None else content, suffix, str(path))
        table = table_from_arrow(arrow, name, part, features)
        table.findings += findings
    elif suffix in (*DELIMITED_SUFFIXES, *JSON_SUFFIXES, *PLAIN_SUFFIXES):
        decoded = read_text_file(path) if content is None else decode(content, str(path))
        if suffix in JSON_SUFFIXES:
            table = _from_json(decoded.text, suffix, name, part, path)
        elif suffix in PLAIN_SUFFIXES:
            table = _from_plain(decoded.text, name, part, path)
        else:
            table = _from_delimited(decoded.text, suffix, name, part, path)
        _note_encoding(table, decoded, name)
    else:
        raise refuse(path, FORMATS_HINT)
    if not table.ids:
        raise DataError("The table has no rows", place=str(path), hint="Add labelled rows below the header")
    table.base = path.parent
    return table


def concatenate(tables: list[Table]) -> Table:
    """Put tables below each other.

    Args:
        tables: At least one. A column that one of them lacks is missing in its rows.

    Returns:
        One table.
    """
    columns: dict[str, list[Any]] = {name: [] for table in tables for name in table.columns}
    joined = Table(columns=columns, ids=[], parts=[], base=tables[0].base)
    for table in tables:
        for name, cells in columns.items():
            cells.extend(table.columns.get(name) or [None] * len(table))
        joined.ids += table.ids
        joined.parts += table.parts
        joined.images |= table.images
        joined.findings += table.findings
        joined.found += table.found
        joined.left_out += table.left_out
    for name in columns:
        known = {table.class_names.get(name) for table in tables if name in table.columns}
        if len(known) == 1 and (names := known.pop()):
            joined.class_names[name] = names
    return joined


def table_from_arrow(arrow: Any, name: str, part: Part, features: dict[str, Any]) -> Table:
    """Build a table from Arrow columns.

    Args:
        arrow: A ``pyarrow.Table``.
        name: How ids call it; rows count from 0.
        part: Which part all its rows are in.
        features: Feature descriptions of ``datasets`` by column, as its metadata writes them.

    Returns:
        The table.

    Raises:
        DataError: Two columns have the same name.
    """
    _refuse_twins(arrow.column_names, name)
    kinds = {column: spec for column, spec in features.items() if isinstance(spec, dict)}
    labels = {column: kind for column, kind in kinds.items() if kind.get("_type") == "ClassLabel"}
    return Table(
        columns={column: cells_of(arrow.column(column)) for column in arrow.column_names},
        ids=[f"{name}:{row}" for row in range(arrow.num_rows)],
        parts=[part] * arrow.num_rows,
        class_names={
            column: tuple(kind["names"])
            for column, kind in labels.items()
            if kind.get("names") and column in arrow.column_names
        },
        images={
            column
            for column, kind in kinds.items()
            if kind.get("_type") in ("Image", "Audio") and column in arrow.column_names
        },
    )


def _from_plain(text: str, name: str, part: Part, path: Path) -> Table:
    """A text file that the user named: lines as fastText writes them, or a table with tabs or other marks."""
    lines = [line for line in text.split("\n") if line.strip()]
    marked = [_FASTTEXT.match(line) for line in lines]
    if lines and sum(match is not None for match in marked) >= 0.9 * len(lines):
        return _from_fasttext(text, name, part)
    mark, _ = delimiter_of(text)
    if mark not in lines[0] or len(lines) < 2:
        raise DataError(
            f"The file has {plural(len(lines), 'line')} of text and no columns",
            place=str(path),
            hint="Give a table with a column of texts and a column of labels (.csv, .tsv, .jsonl)",
        )
    return _from_delimited(text, ".tsv" if mark == "\t" else ".csv", name, part, path)


def _from_fasttext(text: str, name: str, part: Part) -> Table:
    rows: list[tuple[int, str, str]] = []
    odd: list[str] = []
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        match = _FASTTEXT.match(content.strip())
        if match and not match.group(2).startswith("__label__"):
            rows.append((line, match.group(1), match.group(2)))
        else:
            odd.append(f"{name}:{line}")
    return Table(
        columns={"label": [label for _, label, _ in rows], "text": [text for _, _, text in rows]},
        ids=[f"{name}:{line}" for line, _, _ in rows],
        parts=[part] * len(rows),
        findings=_malformed(odd, len(rows), name, "have no label or several (__label__)"),
        found=[f"{name} holds lines of __label__ and text"],
        left_out=Counter({"malformed": len(odd)}),
    )


def _from_delimited(text: str, suffix: str, name: str, part: Part, path: Path) -> Table:
    tabs = suffix in (".tsv", ".tab")
    delimiter, skipped = ("\t", 0) if tabs else delimiter_of(text)
    body = text[skipped:]
    # Tab-separated files rarely quote, and an apostrophe or quotation mark in them is part of the text.
    records = read_records(body, delimiter, quoted=not tabs)
    if tabs and len({len(cells) for _, cells in records.rows}) > 1:
        quoted = read_records(body, delimiter, quoted=True)
        if len({len(cells) for _, cells in quoted.rows}) == 1 and not quoted.open_quotes:
            records = quoted
    offset = 1 if skipped else 0
    numbered = [(line + offset, cells) for line, cells in records.rows]
    if not numbered:
        raise DataError("The file is empty", place=str(path), hint="Write a header and rows into it, or leave it out")
    names = _header(numbered[0][1], path)
    found = []
    first = 1
    if is_headless(names, [row for _, row in numbered[1:1001]]):
        names, first = [f"column_{i + 1}" for i in range(len(names))], 0
        found.append(f"{name} has no header; its columns are called {', '.join(names)}")
    width = len(names)
    whole: list[tuple[int, list[str]]] = []
    ragged: list[tuple[int, int]] = []
    blank = 0
    for line, row in numbered[first:]:
        if len(row) > width and not any(cell.strip() for cell in row[width:]):
            row = row[:width]  # separators at the end of the line, as spreadsheets leave them
        if len(row) == width and any(cell.strip() for cell in row):
            whole.append((line, row))
        elif not any(cell.strip() for cell in row):
            blank += 1
        else:
            ragged.append((line, len(row)))
    if ragged and not whole:
        raise _all_ragged(ragged, names, delimiter, path)
    findings = _ragged_findings(ragged, len(whole), names, name)
    if records.open_quotes:
        message = (
            f"{plural(len(records.open_quotes), 'row has', 'rows have')} quotation marks that do not pair; "
            "they were read as part of the text"
        )
        ids = [f"{name}:{line + offset}" for line in records.open_quotes]
        findings.append(finding("open-quote", "warning", message, ids))
    if blank:
        findings.append(
            finding("blank-row", "info", f"{plural(blank, 'row')} of {name} without any cell left out", count=blank)
        )
    cells = list(zip(*(row for _, row in whole), strict=True)) or [()] * width
    return Table(
        columns={
            column: [cell if cell.strip() else None for cell in values]
            for column, values in zip(names, cells, strict=True)
        },
        ids=[f"{name}:{line}" for line, _ in whole],
        parts=[part] * len(whole),
        findings=findings,
        found=found,
        left_out=Counter({"malformed": len(ragged), "blank": blank}),
    )


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() or f"column_{i + 1}" for i, cell in enumerate(cells)]
    _refuse_twins(names, str(path))
    return names


def _refuse_twins(names: Iterable[str], place: str) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(
            f"The header has the column {twice[0]!r} more than once", place=place, hint="Rename one of them"
        )


def _all_ragged(ragged: list[tuple[int, int]], names: list[str], delimiter: str, path: Path) -> DataError:
    width, count = Counter(width for _, width in ragged).most_common(1)[0]
    mark = {"\t": "tab"}.get(delimiter, delimiter)
    return DataError(
        f"{count:,} of {plural(len(ragged), 'row')} have {plural(width, 'cell')} where the header has {len(names)} "
        f"({', '.join(names[:6])})",
        place=f"{path}, line {ragged[0][0]}",
        hint=f"Put quotation marks around texts that contain {mark!r}, or write the table with tabs as .tsv"
        if width > len(names)
        else "Write one cell for each column of the header",
    )


def _ragged_findings(ragged: list[tuple[int, int]], whole: int, names: list[str], name: str) -> list[Finding]:
    ids = [f"{name}:{line}" for line, _ in ragged]
    return _malformed(ids, whole, name, f"do not have {plural(len(names), 'cell')}", Counter(w for _, w in ragged))


def _malformed(ids: list[str], whole: int, name: str, what: str, widths: Counter[int] | None = None) -> list[Finding]:
    if not ids:
        return []
    message = f"{plural(len(ids), 'row')} of {name} {what} and were left out"
    if widths:
        width, count = widths.most_common(1)[0]
        message += f" ({count:,} have {width}; texts that contain the separator need quotation marks)"
    loud = len(ids) >= LOUD_SHARE * (len(ids) + whole) and len(ids) > 1
    return [finding("malformed-row", "error" if loud else "warning", message, ids)]


def _from_json(text: str, suffix: str, name: str, part: Part, path: Path) -> Table:
    rows, broken, findings = read_json(text, name, str(path), lines=suffix != ".json")
    names: Iterable[str] = dict.fromkeys(str(key) for _, row in rows for key in row)
    return Table(
        columns={column: [row.get(column) for _, row in rows] for column in names},
        ids=[f"{name}:{line}" for line, _ in rows],
        parts=[part] * len(rows),
        findings=findings,
        left_out=Counter({"malformed": broken}),
    )


def _note_encoding(table: Table, decoded: Decoded, name: str) -> None:
    if decoded.encoding != "utf-8":
        table.found.insert(0, f"{name} is not UTF-8 and was read as {decoded.encoding}")
    if decoded.damaged:
        line, byte = decoded.damage[0]
        message = (
            f"{plural(decoded.damaged, 'byte')} of {name} stand for no character in {decoded.encoding} and were "
            f"replaced by U+FFFD, the first in line {line}: 0x{byte:02X}"
        )
        ids = [f"{name}:{line}" for line in dict.fromkeys(line for line, _ in decoded.damage)]
        table.findings.append(finding("damaged-text", "warning", message, ids, count=decoded.damaged))
