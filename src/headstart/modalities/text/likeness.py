"""Texts: how long they are, and which count as the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np


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
