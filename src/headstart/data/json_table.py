"""JSON documents and JSON lines as rows, in the shapes that programs write."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from headstart.core import DataError
from headstart.data.findings import Finding, finding, plural

Row = tuple[int, dict[str, Any]]

_LINE_ENDS = re.compile(r"\r\n|\n|\r")  # not U+2028, which may stand in a text


def read_json(text: str, name: str, place: str, *, lines: bool) -> tuple[list[Row], int, list[Finding]]:
    """Read rows.

    Args:
        text: The file.
        name: How ids call it.
        place: How error messages call it.
        lines: Whether the file's ending promises one object a line; a document is read then too, and the other
            way round.

    Returns:
        Rows with their line (or number), how many rows there were that are none, and findings about these.

    Raises:
        DataError: There are no objects.
    """
    document: Any = None
    trouble = ""
    if not lines or text.lstrip()[:1] == "[":
        try:
            document = json.loads(text)
        except RecursionError:
            trouble = "it is nested too deeply"
        except json.JSONDecodeError as error:
            trouble = f"{error.msg} in line {error.lineno}, column {error.colno}"
        except ValueError as error:  # numbers of thousands of digits
            trouble = str(error).split(";")[0][:100]
        else:
            return list(enumerate(_rows_of(document, place))), 0, []
    rows, broken = _read_lines(text)
    if not rows and text.lstrip()[:1] == "{" and (objects := _read_objects(text)):
        rows, broken = objects, []
    if not rows:
        reason = f" ({trouble})" if trouble else ""
        raise DataError(f"The file holds no JSON objects{reason}", place=place, hint="Write one object a line")
    findings = []
    if broken:
        message = f"{plural(len(broken), 'line')} of {name} {'is' if len(broken) == 1 else 'are'} no JSON objects"
        findings.append(
            finding("malformed-row", "warning", f"{message} and left out", [f"{name}:{line}" for line in broken])
        )
    return rows, len(broken), findings


def _read_lines(text: str) -> tuple[list[Row], list[int]]:
    rows, broken = [], []
    for line, content in enumerate(_LINE_ENDS.split(text), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            rows.append((line, row))
        else:
            broken.append(line)
    return rows, broken


def _read_objects(text: str) -> list[Row]:
    """Objects one after the other, each over several lines."""
    decoder = json.JSONDecoder()
    rows: list[Row] = []
    place = 0
    line, counted = 1, 0
    while True:
        while place < len(text) and text[place] in " \t\r\n,":
            place += 1
        if place >= len(text):
            return rows
        try:
            row, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return []
        if not isinstance(row, dict):
            return []
        line += text.count("\n", counted, place)
        counted = place
        rows.append((line, row))
        place = end


def _rows_of(document: Any, place: str) -> list[dict[str, Any]]:
    """Rows of the usual shapes: a list of objects, an object of columns, or either one level down."""
    if isinstance(document, dict):
        if (rows := _pandas_rows(document)) is not None:
            return rows
        values = list(document.values())
        if values and all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1:
            if not all(isinstance(next(iter(value), None), dict) for value in values):
                return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)]
        inner = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
        if len(inner) > 1:
            names = [str(key) for key, value in document.items() if any(value is rows for rows in inner)]
            raise DataError(
                f"The JSON document holds {len(inner)} lists of objects ({', '.join(names[:5])})",
                place=place,
                hint=f"Write each to a file of its own in one folder, such as {names[0]}.json",
            )
        document = inner[0] if len(inner) == 1 else [document]
    if not isinstance(document, list) or not document or not all(isinstance(row, dict) for row in document):
        what = "is empty" if document == [] else "is no list of objects"
        raise DataError(f"The JSON document {what}", place=place, hint='Write [{"text": ..., "label": ...}, ...]')
    return document


def _pandas_rows(document: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """What ``DataFrame.to_json`` writes: columns of cells by row, rows by name, or names and rows apart."""
    if {"columns", "data"} <= set(document) and isinstance(document["data"], list):
        names = document["columns"]
        if isinstance(names, list) and all(
            isinstance(row, list) and len(row) == len(names) for row in document["data"]
        ):
            return [dict(zip(map(str, names), row, strict=True)) for row in document["data"]]
    values = list(document.values())
    if not values or not all(isinstance(value, dict) and value for value in values):
        return None
    keys = list(values[0])
    if not all(list(value) == keys for value in values):
        return None
    if all(key.lstrip("-").isdecimal() for key in keys):  # a column an object, its cells by row number
        return [{name: document[name][key] for name in document} for key in keys]
    return values if len(values) > 1 else None  # a row an object
