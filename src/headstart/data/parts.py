"""The names that people give to the parts of a data set."""

from __future__ import annotations

import re
from typing import Literal

Part = Literal["train", "validation", "test"]

PART_NAMES: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
}


def part_of(name: str) -> Part | None:
    """Tell which part a folder, file or split name means.

    Args:
        name: Such as ``"Training"``, ``"valid"``, ``"train-00000-of-00002"`` or ``"test_final"``.

    Returns:
        The part, or None where the name starts with none of the usual words.
    """
    words = re.split(r"[^a-z]+", name.lower())
    return PART_NAMES.get(words[0]) if words else None


def folder_part(name: str) -> Part | None:
    """Tell which part a folder means; unlike :func:`part_of` the whole name must be one of the usual words.

    A class may well be called ``test_tube`` or ``train-station``.

    Args:
        name: The folder's name.

    Returns:
        The part, or None.
    """
    return PART_NAMES.get(name.lower())
