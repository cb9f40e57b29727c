"""Text that others wrote, as one line of output that no terminal or table can misread; and the screen itself."""

from __future__ import annotations

import json
import re
from typing import Any

from rich.console import Console

# What moves a cursor, ends a line or cell, reorders a line, or cannot be encoded.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_NAMED = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def one_line(text: object) -> str:
    r"""A text on one line without tabs: ``\t``, ``\n``, ``\x1b`` and ``\u202e`` stand for such characters."""
    return _UNSAFE.sub(_escape, str(text))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def as_json(document: Any, indent: int | None = 2) -> str:
    """A JSON document in which such characters are escaped as JSON has it."""
    text = json.dumps(document, indent=indent, ensure_ascii=False)
    return re.sub(_UNSAFE, lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


class Screen(Console):
    """Standard output for results: a pipe that the reader closes, as ``head`` does, is no failure."""

    def on_broken_pipe(self) -> None:
        """Leave it to the caller of the command, which ends quietly; rich itself would exit with 1."""
        raise BrokenPipeError
