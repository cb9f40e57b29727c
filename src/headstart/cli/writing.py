"""Where predictions go: lines for people, one JSON document, or a file of rows."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from headstart.cli.lines import as_json, one_line
from headstart.core import DataError, SettingsError, reason_of

SUFFIXES = (".csv", ".tsv", ".jsonl")


@dataclass(frozen=True)
class Prediction:
    """One classified input.

    Attributes:
        name: The text or file.
        row: Where it stood in a table, list or folder; empty if it was none.
        ranked: Classes and probabilities, the most probable first.
    """

    name: str
    row: str
    ranked: list[tuple[str, float]]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        best, probability = self.ranked[0]
        where = {"row": self.row} if self.row else {}
        probabilities = {name: round(value, 6) for name, value in self.ranked}
        return {
            "input": self.name,
            **where,
            "class": best,
            "probability": round(probability, 6),
            "probabilities": probabilities,
        }


class Writer(Protocol):
    """Takes one prediction after the other.

    Attributes:
        count: How many it took.
    """

    count: int

    def write(self, prediction: Prediction) -> None:
        """Take one."""


class LineWriter:
    """A line each on standard output, separated by tabs: input, class, probability, and so for further classes."""

    def __init__(self) -> None:
        self.count = 0

    def write(self, prediction: Prediction) -> None:
        """Print it."""
        cells = [f"{one_line(name)}\t{value:.4f}" for name, value in prediction.ranked]
        print("\t".join([one_line(prediction.name), *cells]))
        self.count += 1


class DocumentWriter:
    """One JSON list on standard output, once every prediction is there: an error leaves no half of it."""

    def __init__(self) -> None:
        self.count = 0
        self._rows: list[dict[str, Any]] = []

    def write(self, prediction: Prediction) -> None:
        """Keep it."""
        self._rows.append(prediction.to_dict())
        self.count += 1

    def close(self) -> None:
        """Print the list."""
        if self.count:
            print(as_json(self._rows))


class RowWriter:
    """A row each in a CSV or TSV file; spreadsheets and data-frame libraries read it as it is.

    Args:
        file: Open for writing.
        delimiter: Between cells.
        top: Classes of each row.
    """

    def __init__(self, file: IO[str], delimiter: str, top: int) -> None:
        self.count, self.top = 0, top
        self._rows = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        more = [f"{word}_{number}" for number in range(2, top + 1) for word in ("class", "probability")]
        self._rows.writerow(["row", "input", "class", "probability", *more])

    def write(self, prediction: Prediction) -> None:
        """Write it."""
        ranked = prediction.ranked[: self.top]
        cells = [cell for name, value in ranked for cell in (name, f"{value:.6f}")]
        cells += [""] * (2 * self.top - len(cells))
        self._rows.writerow([prediction.row, prediction.name, *cells])
        self.count += 1


class ObjectWriter:
    """A JSON object each in a file of lines.

    Args:
        file: Open for writing.
    """

    def __init__(self, file: IO[str]) -> None:
        self.count, self._file = 0, file

    def write(self, prediction: Prediction) -> None:
        """Write it."""
        self._file.write(json.dumps(prediction.to_dict(), ensure_ascii=False) + "\n")
        self.count += 1


def check_target(out: Path | None, inputs: Sequence[str]) -> None:
    """Find out before anything is loaded whether predictions can be written there.

    Raises:
        SettingsError: The ending is none of :data:`SUFFIXES`.
        DataError: It is one of the inputs, or no folder holds it.
    """
    if out is None:
        return
    if out.suffix.lower() not in SUFFIXES:
        raise SettingsError(
            f"predictions cannot be written as {out.suffix or 'a file without an ending'}",
            place="--out",
            hint=f"Give a file that ends in {', '.join(SUFFIXES)}",
        )
    if out.exists() and any(_is_file(word, out) for word in inputs):
        raise DataError("--out would replace an input", place=str(out), hint="Give another file")
    if not out.parent.is_dir() or out.is_dir():
        raise DataError(
            "predictions cannot be written there", place=str(out), hint="Give a file in a folder that exists"
        )


def _is_file(word: str, out: Path) -> bool:
    try:
        return os.path.samefile(word, out)
    except (OSError, ValueError):  # a text, or longer than a name can be
        return False


@contextmanager
def open_writer(out: Path | None, top: int, *, json_output: bool) -> Iterator[Writer]:
    """The writer that was asked for; a file takes its name only once it is complete.

    Raises:
        DataError: The file cannot be written.
    """
    if out is None:
        if not json_output:
            yield LineWriter()
            return
        document = DocumentWriter()
        yield document
        document.close()
        return
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            suffix = out.suffix.lower()
            yield ObjectWriter(file) if suffix == ".jsonl" else RowWriter(file, "\t" if suffix == ".tsv" else ",", top)
        partial.replace(out)
    except OSError as error:
        raise DataError(
            f"predictions cannot be written: {error.strerror or reason_of(error)}",
            place=str(out),
            hint="Give another --out",
        ) from None
    finally:
        partial.unlink(missing_ok=True)
