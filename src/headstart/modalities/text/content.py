"""Texts of a data set, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from headstart.data.content import Content, Preview
from headstart.data.duplicates import Clusters, cluster_keys
from headstart.modalities.text.likeness import exact_keys, near_keys, text_lengths

SHOWN = 300  # characters of a preview


class TextContent(Content):
    """N texts, none of them empty.

    Attributes:
        texts: As they stand in the source, lone surrogates replaced.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, row: int) -> str:
        return self.texts[row]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def identity(self) -> list[bytes]:
        """Each text as bytes."""
        return [text.encode("utf-8", "surrogatepass") for text in self.texts]

    def load(self, rows: Iterable[int]) -> list[str]:
        """The texts ``rows``."""
        return [self.texts[row] for row in rows]

    def clusters(self, folder: Any) -> Clusters:
        """Texts that are equal, and equal in all but case, punctuation and spaces."""
        return cluster_keys(exact_keys(self.texts), near_keys(self.texts))

    def properties(self) -> dict[str, dict[str, np.ndarray]]:
        """Lengths in characters and words."""
        lengths = text_lengths(self.texts).astype(float)
        return {"length": {"length in characters": lengths[:, 0], "length in words": lengths[:, 1]}}

    def preview(self, row: int) -> Preview:
        """The beginning of a text."""
        return Preview(text=self.texts[row][:SHOWN])
