"""Vectors of a data set, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from headstart.data import Content, Preview


class VectorContent(Content):
    """N vectors of one length, (N, D) fp32."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @property
    def native_size(self) -> int:
        """D."""
        return int(self.values.shape[1])

    def identity(self) -> Iterable[bytes]:
        """Each vector as bytes."""
        return [row.tobytes() for row in self.values]

    def load(self, rows: Iterable[int]) -> list[np.ndarray]:
        """The vectors ``rows``."""
        return [self.values[row] for row in rows]

    def properties(self) -> dict[str, dict[str, np.ndarray]]:
        """Their scale, which no class should hang on."""
        return {"scale": {"mean size": np.abs(self.values).mean(1)}}

    def preview(self, row: int) -> Preview:
        """The first numbers."""
        return Preview(text=" ".join(f"{value:.2f}" for value in self.values[row][:6]))


def stacked(items: Sequence[np.ndarray]) -> np.ndarray:
    """Vectors as one array (N, D) fp32."""
    return np.stack([np.asarray(item, dtype=np.float32) for item in items])
