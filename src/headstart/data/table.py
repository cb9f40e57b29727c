"""Tables in files: CSV, TSV, JSON, JSON lines and Parquet, read without changing a cell."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.core import DataError
from headstart.data.findings import Finding, finding, plural
from headstart.data.parts import Part
from headstart.data.text import read_text_file

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
FORMATS_HINT = "Give .csv, .tsv, .jsonl, .json, .parquet, or a folder with one folder of images per class"


@dataclass(eq=False)
class Table:
    """Rows as columns of equal length.

    Attributes:
        columns: Cells by column name; None is a missing cell.
        ids: Where each row is, such as ``"train.csv:12"``.
        parts: Which part each row is in.
        class_names: Names behind the numbers of ClassLabel columns.
        images: Columns that are declared to be images.
        base: Folder that relative paths in cells start from.
        findings: Rows that could not be read.
        found: What was noticed while reading.
    """

    columns: dict[str, list[Any]]
    ids: list[str]
    parts: list[Part]
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    base: Path | None = None
    findings: list[Finding] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)


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
    if suffix == ".parquet":
        table = _read_parquet(path, name, part)
    elif suffix in (".csv", ".tsv"):
        table = _read_delimited(path, name, part)
    elif suffix in (".json", ".jsonl", ".ndjson"):
        table = _read_json(path, name, part)
    else:
        raise DataError(f"Files ending in {suffix or 'nothing'!r} are not read", place=str(path), hint=FORMATS_HINT)
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
    """
    kinds = {column: spec for column, spec in features.items() if isinstance(spec, dict)}
    labels = {column: kind for column, kind in kinds.items() if kind.get("_type") == "ClassLabel"}
    return Table(
        columns={column: arrow.column(column).to_pylist() for column in arrow.column_names},
        ids=[f"{name}:{row}" for row in range(arrow.num_rows)],
        parts=[part] * arrow.num_rows,
        class_names={column: tuple(kind["names"]) for column, kind in labels.items() if kind.get("names")},
        images={column for column, kind in kinds.items() if kind.get("_type") == "Image"},
    )


def _read_parquet(path: Path, name: str, part: Part) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        arrow = pyarrow.parquet.ParquetFile(path).read()
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(
            "The file is no readable Parquet file", place=str(path), hint="Copy it again, or write it anew"
        ) from error
    metadata = (arrow.schema.metadata or {}).get(b"huggingface", b"{}")
    features = json.loads(metadata).get("info", {}).get("features", {})
    return table_from_arrow(arrow, name, part, features)


def _read_delimited(path: Path, name: str, part: Part) -> Table:
    text, encoding = read_text_file(path)
    tabs = path.suffix.lower() == ".tsv"
    delimiter = "\t" if tabs else _delimiter(text)
    # Tab-separated files rarely quote, and an apostrophe or quotation mark in them is part of the text.
    numbered = _records(text, delimiter, path, quoted=not tabs)
    _, header = numbered[0]
    names = _header(header, path)
    found = [] if encoding == "utf-8" else [f"{name} is not UTF-8 and was read as {encoding}"]
    first = 1
    if _is_headless(names, [row for _, row in numbered[1:1001]]):
        names, first = [f"column_{i + 1}" for i in range(len(names))], 0
        found.append(f"{name} has no header; its columns are called {', '.join(names)}")
    whole = [(line, row) for line, row in numbered[first:] if len(row) == len(names)]
    ragged = [f"{name}:{line}" for line, row in numbered[first:] if len(row) != len(names)]
    cells = list(zip(*(row for _, row in whole), strict=True)) or [()] * len(names)
    return Table(
        columns={
            column: [cell if cell.strip() else None for cell in values]
            for column, values in zip(names, cells, strict=True)
        },
        ids=[f"{name}:{line}" for line, _ in whole],
        parts=[part] * len(whole),
        findings=_malformed(ragged, name, f"do not have {len(names)} cells"),
        found=found,
    )


def _records(text: str, delimiter: str, path: Path, *, quoted: bool) -> list[tuple[int, list[str]]]:
    """All records with the line each starts in; blank lines are left out."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    previous_limit = csv.field_size_limit(2**31 - 1)
    records, start = [], 1
    try:
        for record in reader:
            if record:
                records.append((start, record))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"The table cannot be read ({error})", place=f"{path}, line {start}", hint="Check the quotation marks there"
        ) from error
    finally:
        csv.field_size_limit(previous_limit)
    return records


def _delimiter(text: str) -> str:
    """The separator that is most frequent in the header; a comma where there is only one column."""
    header = text.split("\n", 1)[0]
    return max((",", ";", "\t", "|"), key=lambda mark: header.count(mark))


def _header(cells: list[str], path: Path) -> list[str]:
    names = [cell.strip() or f"column_{i + 1}" for i, cell in enumerate(cells)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise DataError(
            f"The header has the column {sorted(twice)[0]!r} more than once", place=str(path), hint="Rename one of them"
        )
    return names


def _is_headless(names: list[str], rows: list[list[str]]) -> bool:
    """Whether the first line is data: one of its cells is a frequent value of its column."""
    for i, name in enumerate(names):
        values = [row[i].strip() for row in rows if len(row) == len(names)]
        if values.count(name) >= 2 and values.count(name) >= 0.02 * len(values):
            return True
    return False


def _read_json(path: Path, name: str, part: Part) -> Table:
    text, _ = read_text_file(path)
    if path.suffix.lower() == ".json":
        try:
            document = json.loads(text)
        except json.JSONDecodeError:
            pass  # JSON lines under the other ending: read below
        else:
            return _table_from_rows(list(enumerate(_json_rows(document, path))), name, part, [])
    rows, broken = [], []
    for line, content in enumerate(text.splitlines() if "\r" in text else text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except json.JSONDecodeError:
            row = None
        if isinstance(row, dict):
            rows.append((line, row))
        else:
            broken.append(f"{name}:{line}")
    if not rows:
        raise DataError("The file holds no JSON objects", place=str(path), hint="Write one object a line")
    return _table_from_rows(rows, name, part, _malformed(broken, name, "are no JSON objects"))


def _json_rows(document: Any, path: Path) -> list[dict[str, Any]]:
    """Rows of the usual shapes: a list of objects, an object of columns, or either one level down."""
    if isinstance(document, dict):
        values = list(document.values())
        if values and all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1:
            if not (len(values) == 1 and isinstance(next(iter(values[0]), None), dict)):
                return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)]
        inner = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
        document = inner[0] if len(inner) == 1 else [document]
    if not isinstance(document, list) or not document or not all(isinstance(row, dict) for row in document):
        raise DataError(
            "The JSON document is no list of objects", place=str(path), hint='Write [{"text": ..., "label": ...}, ...]'
        )
    return document


def _table_from_rows(rows: list[tuple[int, dict[str, Any]]], name: str, part: Part, findings: list[Finding]) -> Table:
    names: Iterable[str] = dict.fromkeys(key for _, row in rows for key in row)
    return Table(
        columns={column: [row.get(column) for _, row in rows] for column in names},
        ids=[f"{name}:{line}" for line, _ in rows],
        parts=[part] * len(rows),
        findings=findings,
    )


def _malformed(ids: list[str], name: str, what: str) -> list[Finding]:
    if not ids:
        return []
    message = f"{plural(len(ids), 'line')} of {name} {what} and were left out"
    return [finding("malformed-row", "warning", message, ids)]
