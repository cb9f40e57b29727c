"""What the cells of a column are: numbers, sentences, pictures, identifiers, lists of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from headstart.data.kinds import file_suffixes
from headstart.data.labels import class_texts
from headstart.data.missing import is_missing

SAMPLE = 2_000  # rows looked at when judging what a column holds
MAX_CLASSES = 200  # a column without a telling name may have this many values to count as labels
FEWEST_NUMBERS = 8  # in a cell, from which it is a row of numbers and no text
LONG_WORD = 100  # characters without a space
_BASE64 = re.compile(r"^[A-Za-z0-9+/_-]+={0,2}$")
_ADDRESS = re.compile(r"^(https?|ftp|s3|gs|hdfs|az|abfss?)://", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,;|\[\]()]+")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")


def present(values: Sequence[Any]) -> list[Any]:
    """The first cells that are not missing."""
    found: list[Any] = []
    for value in values:
        if not is_missing(value):
            found.append(value)
            if len(found) == SAMPLE:
                break
    return found


def is_numeric(values: Sequence[Any]) -> bool:
    """Whether all cells are finite numbers, written as such or as text."""
    sample = present(values[:SAMPLE])
    if any(isinstance(value, np.ndarray) for value in sample):  # older numpy makes a number of one of length one
        return False
    try:
        return bool(sample) and all(math.isfinite(float(value)) for value in sample)
    except (TypeError, ValueError, OverflowError):
        return False


def holds_images(values: Sequence[Any]) -> bool:
    """Whether nearly all cells are pictures, encoded ones, or names of picture files."""
    sample = present(values)
    return bool(sample) and sum(_is_image_cell(value) for value in sample) >= 0.9 * len(sample)


def holds_addresses(values: Sequence[Any]) -> bool:
    """Whether most cells are addresses in a network."""
    sample = present(values)
    return bool(sample) and sum(is_address(value) for value in sample) >= 0.5 * len(sample)


def is_address(value: Any) -> bool:
    """Whether a cell is an address in a network, such as ``https://...`` or ``s3://...``."""
    return isinstance(value, str) and bool(_ADDRESS.match(value.strip()))


def holds_strings(values: Sequence[Any]) -> bool:
    """Whether nearly all cells are strings."""
    sample = present(values)
    return bool(sample) and sum(isinstance(value, str) for value in sample) >= 0.9 * len(sample)


def holds_sentences(values: Sequence[Any]) -> bool:
    """Whether the cells are strings that are mostly different and mostly of several words."""
    sample = [value for value in values[: 2 * SAMPLE] if isinstance(value, str)][:SAMPLE]
    if not sample or len(sample) < 0.5 * min(len(values), SAMPLE):
        return False
    several = sum(len(value.split()) > 1 for value in sample)
    distinct = len(set(sample)) > 0.3 * len(sample)
    return several >= 0.5 * len(sample) and distinct and not numbers_a_cell(values)


def numbers_a_cell(values: Sequence[Any]) -> int:
    """Count the numbers in a cell, where the cells are rows of numbers such as grey values.

    Args:
        values: The cells.

    Returns:
        The median count; 0 where the cells are something else.
    """
    sample = present(values[:200])
    counts = sorted(_numbers_in(value) for value in sample)
    if not counts or counts[len(counts) // 10] < FEWEST_NUMBERS:
        return 0
    return counts[len(counts) // 2]


def encoded_as(values: Sequence[Any]) -> str | None:
    """Return how files are written out as text in the cells: as base64, or as Python shows bytes."""
    sample = [value for value in present(values)[:50] if isinstance(value, str)]
    if sample and all(value[:2] in ("b'", 'b"') for value in sample):
        return "bytes written out as Python shows them"
    if sample and all(len(value) >= LONG_WORD and _BASE64.match(value.strip()) for value in sample):
        return "files in base64"
    return None


def could_be_labels(values: Sequence[Any]) -> bool:
    """Whether there are few distinct short values, at least two of each on average."""
    filled = [value for value in values if not is_missing(value)]
    if not filled or any(isinstance(value, (list, dict, bytes)) for value in filled[:SAMPLE]):
        return False
    distinct = {str(value) for value in filled}
    if not 2 <= len(distinct) <= min(MAX_CLASSES, len(filled) / 2):
        return False
    return not any("\n" in value or len(value) > 100 for value in distinct) and class_texts(filled) is not None


def could_be_names(values: Sequence[Any]) -> bool:
    """Whether the cells may be names or numbers of files: short, and mostly different (two parts may share them)."""
    sample = present(values)
    if not sample or not all(isinstance(value, (str, int, float, PurePath)) for value in sample):
        return False
    written = {str(value) for value in sample}
    return len(written) >= 0.4 * len(sample) and not any("\n" in name or len(name) > 1024 for name in written)


def one_to_one(left: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether two columns say the same in different words."""
    pairs = {(str(a), str(b)) for a, b in zip(left, right, strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def all_missing(values: Sequence[Any]) -> bool:
    """Whether no cell holds anything."""
    return all(is_missing(value) for value in values)


def _numbers_in(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(inner, (list, tuple)) for inner in value):
            return sum(_numbers_in(inner) for inner in value)
        return len(value) if all(isinstance(inner, (int, float)) for inner in value) else 0
    if not isinstance(value, str):
        return 0
    words = [word for word in _SEPARATORS.split(value) if word]
    return len(words) if all(_NUMBER.match(word) for word in words) else 0


def _is_image_cell(value: Any) -> bool:
    if isinstance(value, bytes):
        return True
    if isinstance(value, dict):
        return "bytes" in value or "path" in value
    if isinstance(value, (str, PurePath)):
        text = str(value).strip()
        if text.startswith("data:image/"):
            return True
        return len(text) < 1024 and "\n" not in text and Path(text.split("?")[0]).suffix.lower() in file_suffixes()
    return hasattr(value, "convert") and hasattr(value, "resize")  # a Pillow image
