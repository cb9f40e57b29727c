"""Texts: what counts as empty, what counts as the same, and characters that no tokenizer takes."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Sequence

import numpy as np

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


def text_lengths(texts: Sequence[str]) -> np.ndarray:
    """Count characters and words.

    Args:
        texts: N texts.

    Returns:
        Integers of shape (N, 2): characters, then words separated by white space.
    """
    return np.array([(len(text), len(text.split())) for text in texts], dtype=np.int64).reshape(-1, 2)


def exact_keys(texts: Sequence[str]) -> np.ndarray:
    """Hash each text as it is; shape (N,), uint64."""
    keys = {text: _key(text) for text in set(texts)}  # repeated texts cost nothing
    return np.array([keys[text] for text in texts], dtype=np.uint64)


def near_keys(texts: Sequence[str]) -> np.ndarray:
    """Hash each text in a form that ignores case, punctuation and white space.

    Texts of punctuation alone (such as smileys) keep their own form: they would all become the same.

    Args:
        texts: N texts.

    Returns:
        Hashes of shape (N,), uint64.
    """
    keys = {text: _key(_bare(text) or text.strip()) for text in set(texts)}
    return np.array([keys[text] for text in texts], dtype=np.uint64)


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _key(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
