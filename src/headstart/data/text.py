"""Cells as texts: what counts as empty, and characters that no tokenizer takes."""

from __future__ import annotations

import math
import unicodedata

_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # control, format (zero-width), separators


def as_text(value: object) -> str | None:
    """Turn a cell into a text.

    Args:
        value: A cell of a table.

    Returns:
        The text unchanged (a number written out), or None where nothing visible is in it.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = repaired(value if isinstance(value, str) else str(value))
    return None if is_empty(text) else text


def repaired(text: str) -> str:
    """Replace halves of characters (lone surrogates), which no tokenizer takes, by U+FFFD; whole pairs are joined."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def is_damaged(value: object) -> bool:
    """Whether a cell is a text that holds half a character."""
    return isinstance(value, str) and repaired(value) != value


def is_empty(text: str) -> bool:
    """Tell whether a text holds nothing that can be seen, such as spaces and zero-width characters."""
    if any(character.isalnum() for character in text[:64]):  # nearly every text: no need to look up categories
        return False
    return all(unicodedata.category(character) in _INVISIBLE for character in text)
