"""What examples hold, whatever they are: the one attribute of labelled data that depends on the modality."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.data.duplicates import Clusters, cluster_keys
from headstart.data.findings import Finding


@dataclass(frozen=True)
class Preview:
    """One example for people to look at.

    Attributes:
        text: In words: the text itself, or a line about it.
        picture: As a PNG file of at most 64 pixels a side, or of a small chart.
    """

    text: str | None = None
    picture: bytes | None = None


class Content(ABC):
    """N usable examples of one modality, read as far as it is worth keeping. Goes to other processes by pickle.

    Attributes:
        native_size: What networks that adapt to the data are built for, such as the median side of pictures in pixels
            or the median length of a series; 0 where nothing depends on it.
        notes: What a reader must know, such as a cache that did not fit on the disk.
    """

    native_size: int = 0
    notes: Sequence[str] = ()

    @abstractmethod
    def __len__(self) -> int:
        """N."""

    @abstractmethod
    def identity(self) -> Iterable[bytes]:
        """Bytes that change with any example; one piece an example unless :meth:`clusters` is overridden."""

    @abstractmethod
    def load(self, rows: Iterable[int]) -> list[Any]:
        """The examples ``rows`` in a form that a trained model predicts."""

    def clusters(self, folder: Any) -> Clusters:
        """Which examples are copies, exactly and nearly.

        Args:
            folder: The cache, for what takes long.

        Returns:
            Clusters of N examples; only exact copies unless overridden.
        """
        digests = [hashlib.blake2b(piece, digest_size=8).digest() for piece in self.identity()]
        keys = np.array([int.from_bytes(digest, "big") for digest in digests], dtype=np.uint64)
        return cluster_keys(keys, keys)

    def findings(self, ids: Sequence[str]) -> list[Finding]:
        """What a user should know about the content, from one look at all of it.

        Args:
            ids: Of the N examples.
        """
        return []

    def properties(self) -> dict[str, dict[str, np.ndarray]]:
        """Properties of the container by kind and name, each (N,), from which no class should be predictable."""
        return {}

    def preview(self, row: int) -> Preview:
        """One example for the report."""
        return Preview()


@dataclass(frozen=True)
class Survey:
    """One look at M raw items.

    Attributes:
        problems: Why each cannot be used, (M,) str; empty where it can.
        keep: Makes the content of the items at some indices (N,), all usable.
    """

    problems: np.ndarray
    keep: Callable[[np.ndarray], Content]
