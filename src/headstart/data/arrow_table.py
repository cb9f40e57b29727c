"""Parquet, Feather and Arrow files as columns of cells."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from headstart.core import DataError
from headstart.data.findings import Finding, finding
from headstart.data.progress import progress

MAX_EXPANDED = 8 * 2**30  # bytes; repeated texts are stored once in the file, but every example needs its own
BATCH = 65_536  # rows that are turned into cells at once


def read_arrow(source: Path | bytes, suffix: str, place: str) -> tuple[Any, dict[str, Any], list[Finding]]:
    """Read a file.

    Args:
        source: The file, or its content.
        suffix: ``".parquet"``, ``".feather"`` or ``".arrow"``.
        place: How error messages call it.

    Returns:
        A ``pyarrow.Table``, the descriptions of its features that ``datasets`` left in it, and findings.

    Raises:
        DataError: The file is damaged, or its columns expand to more than memory can hold.
    """
    import pyarrow
    import pyarrow.parquet

    stream = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    kind = "Parquet" if suffix == ".parquet" else "Arrow"
    try:
        if suffix == ".parquet":
            kinds = pyarrow.types
            repeatable = (kinds.is_string, kinds.is_large_string, kinds.is_binary, kinds.is_large_binary)
            schema = pyarrow.parquet.ParquetFile(stream).schema_arrow
            strings = [field.name for field in schema if any(is_kind(field.type) for is_kind in repeatable)]
            stream = io.BytesIO(source) if isinstance(source, bytes) else str(source)
            arrow = pyarrow.parquet.ParquetFile(stream, read_dictionary=strings).read()
        else:
            arrow = _read_ipc(stream)
        arrow.validate(full=True)  # damaged offsets would read beyond the end
        size = sum(_expanded(column) for column in arrow.columns) if arrow.column_names else 0
    except (OSError, pyarrow.ArrowException, ValueError, OverflowError, RuntimeError, KeyError) as error:
        raise DataError(
            f"The file is no readable {kind} file", place=place, hint="Copy it again, or write it once more"
        ) from error
    if size > MAX_EXPANDED:
        raise DataError(
            f"The table expands to {size / 2**30:,.0f} GB ({arrow.num_rows:,} rows)",
            place=place,
            hint=f"Give fewer rows; up to {MAX_EXPANDED // 2**30} GB are read",
        )
    features, findings = _features(arrow, place)
    return arrow, features, findings


def cells_of(column: Any) -> list[Any]:
    """Turn a ``pyarrow.ChunkedArray`` into cells; equal texts of a dictionary are one object.

    Args:
        column: The column.

    Returns:
        Its values as Python objects.
    """
    import pyarrow

    cells: list[Any] = []
    with progress("reading rows", len(column)) as step:
        for chunk in column.chunks:
            if pyarrow.types.is_dictionary(chunk.type):
                values = [*_plain(chunk.dictionary), None]
                missing = len(values) - 1
                places = chunk.indices.fill_null(missing).to_numpy(zero_copy_only=False).tolist()
                cells.extend([values[place] for place in places])
            else:
                for start in range(0, len(chunk), BATCH):
                    cells.extend(_plain(chunk.slice(start, BATCH)))
                    step(len(cells))
            step(len(cells))
    return cells


def _plain(chunk: Any) -> list[Any]:
    try:
        return list(chunk.to_pylist())
    except (UnicodeDecodeError, ValueError, OverflowError):  # bytes that are no UTF-8, times out of range
        return [_cell(chunk[i]) for i in range(len(chunk))]


def _cell(value: Any) -> Any:
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return bytes(value.as_buffer()).decode("utf-8", "replace")
    except (ValueError, OverflowError):
        return str(value)


def _read_ipc(stream: Any) -> Any:
    import pyarrow

    try:
        with pyarrow.ipc.open_file(stream) as reader:
            return reader.read_all()
    except pyarrow.ArrowInvalid:
        if hasattr(stream, "seek"):
            stream.seek(0)
            return pyarrow.ipc.open_stream(stream).read_all()
        with open(stream, "rb") as file:
            return pyarrow.ipc.open_stream(file).read_all()


def _expanded(column: Any) -> int:
    """Bytes of the cells once each row has its own."""
    import pyarrow
    import pyarrow.compute

    total = 0
    for chunk in column.chunks:
        if not pyarrow.types.is_dictionary(chunk.type):
            total += chunk.nbytes
            continue
        lengths = pyarrow.compute.binary_length(chunk.dictionary)
        total += int(pyarrow.compute.sum(lengths.take(chunk.indices)).as_py() or 0) + 8 * len(chunk)
    return total


def _features(arrow: Any, place: str) -> tuple[dict[str, Any], list[Finding]]:
    """What ``datasets`` wrote into the file about its columns; a damaged note is no reason to refuse the rows."""
    metadata = (arrow.schema.metadata or {}).get(b"huggingface")
    if metadata is None:
        return {}, []
    try:
        features = json.loads(metadata).get("info", {}).get("features", {})
        usable = {
            str(column): spec
            for column, spec in features.items()
            if isinstance(spec, dict) and all(isinstance(name, str) for name in spec.get("names") or [])
        }
    except (ValueError, AttributeError, RecursionError, TypeError):
        message = "The file's note on its columns is damaged; columns were found by their names and values"
        return {}, [finding("damaged-note", "warning", message, [place], count=1)]
    return usable, []
