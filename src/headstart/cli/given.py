"""What stands on the command line of ``headstart predict``: texts, files, tables, folders, lines, standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.cli.tables import TABLE_SUFFIXES, is_table, read_columns
from headstart.core import DataError
from headstart.data.encodings import read_text_file
from headstart.data.kinds import kind_of_suffix
from headstart.modalities import modality_of
from headstart.modalities.items import looks_like_path
from headstart.models.card import Card

STANDARD_INPUT = "-"
LINES = (".txt", ".lst", ".text", ".list")
UNREAD = frozenset({".xlsx", ".xls", ".ods", ".zip", ".gz", ".pdf", ".docx", ".doc", ".odt", ".pkl", ".npy"})


@dataclass(frozen=True)
class Given:
    """One input.

    Attributes:
        item: An example, or its file or bytes; None where a row holds nothing.
        name: What is printed of it.
        row: Where it stood, such as ``new.csv:3``; empty for what stands on the command line itself.
    """

    item: Any
    name: str
    row: str = ""

    @property
    def listed(self) -> bool:
        """Whether it comes from a table, a folder or a list, so that it can be left out."""
        return bool(self.row)


class InputReader:
    """How the words of a command line are read.

    Args:
        card: The model's.
        columns: Columns of tables that the user named; empty for those of the study.
        note: Called with what was left out of a table.
    """

    def __init__(self, card: Card, columns: Sequence[str], note: Callable[[str], None]) -> None:
        self.card, self.columns, self.note = card, columns, note
        self.modality = modality_of(card.task)
        self.files = not self.modality.typed

    def all(self, words: Sequence[str]) -> list[Given]:
        """Every input behind the words.

        Raises:
            DataError: One is no file, or none that this model reads.
        """
        return [given for word in words for given in self._word(word)]

    def _word(self, word: str) -> Iterable[Given]:
        if word == STANDARD_INPUT:
            text = sys.stdin.buffer.read().decode("utf-8-sig", errors="replace")
            return self._lines(text, "standard input", Path())
        path = Path(word).expanduser() if word.startswith("~") and "/" in word else Path(word)
        try:
            is_folder, is_file = path.is_dir(), path.exists()
        except (OSError, ValueError):  # longer than a name can be, or with a null character: a text
            is_folder = is_file = False
        if is_folder and word.strip():
            return self._folder(path, word)
        if is_file and word.strip():
            return self._file(path, word)
        if self.files:
            hint = f"This model reads {self.modality.noun} files; give their paths"
            raise DataError("no such file", place=word, hint=hint)
        if not word.strip():
            raise DataError("an empty text", place="INPUT", hint="Give a text, a file, a folder, or - for lines")
        if looks_like_path(word):
            raise DataError(
                "no such file",
                place=word,
                hint=f"Check the path. If it is a text: echo 'the text' | headstart predict MODEL {STANDARD_INPUT}",
            )
        return [Given(word, word)]

    def _file(self, path: Path, word: str) -> Iterable[Given]:
        suffix = path.suffix.lower()
        if not path.is_file():
            raise DataError("this is no regular file", place=word, hint="Give a file, a folder, or - for lines")
        many = self.modality.opened(path, self.columns or self.card.columns)
        if many is not None:
            return [Given(item, row, row) for row, item in many]
        if is_table(path):
            return self._table(path)
        if self.files and suffix not in LINES:
            return [Given(path, word)]
        kind = kind_of_suffix(suffix)
        if kind is not None and kind.beside:
            nouns = self.modality.nouns
            fact = f"this is {kind.one}, and the model reads {nouns}"
            raise DataError(fact, place=word, hint=f"Give {nouns}, or a table")
        if suffix in UNREAD:
            raise DataError(
                f"files ending in {suffix} are not read",
                place=word,
                hint=f"Give {', '.join(TABLE_SUFFIXES)}, or a file of lines (.txt)",
            )
        return self._lines(read_text_file(path).text, path.name, path.parent)

    def _table(self, path: Path) -> Iterator[Given]:
        for row, cell in read_columns(path, self.card, self.columns, self.note, self.modality):
            if cell is None:
                yield Given(None, "", row)
            elif self.files and isinstance(cell, str):
                yield Given(_beside(cell, path.parent), cell, row)
            else:
                yield Given(cell, row if isinstance(cell, bytes) else str(cell), row)

    def _lines(self, text: str, name: str, folder: Path) -> Iterator[Given]:
        """A line each; blank ones are no inputs."""
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
            if line.strip():
                item = _beside(line.strip(), folder) if self.files else line
                yield Given(item, line, f"{name}:{number}")

    def _text(self, file: Path) -> str | None:
        """A listed file as one text; None, and a note, where it cannot be read."""
        try:
            return read_text_file(file).text
        except DataError as trouble:
            self.note(f"{file}: {trouble.fact}")
            return None

    def _folder(self, folder: Path, word: str) -> list[Given]:
        """Every image file, or every text file as one text each, and every table."""
        wanted = self.modality.suffixes
        found: list[Given] = []
        for file in sorted(folder.rglob("*")):
            suffix = file.suffix.lower()
            if file.name.startswith(".") or not file.is_file():
                continue
            if suffix in wanted:
                item = file if self.files else self._text(file)
                found.append(Given(item, str(file), str(file.relative_to(folder))))
            elif not self.files and is_table(file):
                found += self._table(file)
        if not found:
            what = self.modality.nouns if self.files else f"{self.modality.nouns} (.txt) and no tables"
            raise DataError(f"no {what} found", place=word, hint="Give files, or a folder of them")
        return found


def _beside(name: str, folder: Path) -> Path:
    """A file named in a list: as seen from here, else from where the list lies."""
    path = Path(name)
    try:
        return path if path.is_absolute() or path.exists() else folder / path
    except (OSError, ValueError):
        return path
