"""Texts: reading files that say nothing about their encoding, what counts as empty, what counts as the same."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from headstart.core import DataError

_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # control, format (zero-width), separators
_BINARY_SHARE = 0.05  # more control characters than this: no text that a user wrote


def as_text(value: object) -> str | None:
    """Turn a cell into a text.

    Args:
        value: A cell of a table.

    Returns:
        The text unchanged (a number written out), or None where nothing visible is in it.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = value if isinstance(value, str) else str(value)
    return None if is_empty(text) else text


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
    return np.array([_key(text) for text in texts], dtype=np.uint64)


def near_keys(texts: Sequence[str]) -> np.ndarray:
    """Hash each text in a form that ignores case, punctuation and white space.

    Texts of punctuation alone (such as smileys) keep their own form: they would all become the same.

    Args:
        texts: N texts.

    Returns:
        Hashes of shape (N,), uint64.
    """
    return np.array([_key(_bare(text) or text.strip()) for text in texts], dtype=np.uint64)


def read_text_file(path: Path) -> tuple[str, str]:
    """Read a text file in whichever encoding it is.

    Args:
        path: The file.

    Returns:
        The text and the encoding: ``"utf-8"``, ``"utf-16"`` (by its mark) or ``"cp1252"``.

    Raises:
        DataError: The file cannot be read, is empty, or holds no text.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"The file cannot be read ({error.strerror})", place=str(path), hint="Check its permissions"
        ) from error
    if not raw.strip():
        raise DataError("The file is empty", place=str(path), hint="Write a header and rows into it, or leave it out")
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_text(text):
            return text, "utf-8" if encoding == "utf-8-sig" else encoding
    raise DataError(
        "The file holds binary data, no text",
        place=str(path),
        hint="Give a table with a header (.csv, .tsv, .jsonl) or a .parquet file",
    )


def _encodings(raw: bytes) -> tuple[str, ...]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    return ("utf-8-sig", "cp1252")


def _is_text(text: str) -> bool:
    """Whether control characters are rare; some real corpora contain a few."""
    sample = text[:100_000]
    strange = sum(unicodedata.category(character) in {"Cc", "Co", "Cn"} for character in sample)
    plain = sample.count("\n") + sample.count("\r") + sample.count("\t")
    return "\x00" not in sample and strange - plain <= _BINARY_SHARE * len(sample)


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _key(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
