"""Texts in the form of a candidate: lists of ids, padded batch by batch."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from headstart.core import Augmentation
from headstart.modalities.inputs import Batch

MAX_TOKENS = 256  # texts are cut here, and the report says how many; batches are padded to their own longest


class TokenInputs:
    """Texts as lists of ids, padded to the longest of each batch.

    Args:
        rows: One array of ids a text, none of them empty.
        padding: Id that fills up; masked.
        truncated: How many texts were cut.
    """

    def __init__(self, rows: list[np.ndarray], padding: int, truncated: int) -> None:
        self.rows, self.padding, self.truncated = rows, padding, truncated

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Tokens of each example."""
        return np.asarray([len(row) for row in self.rows])

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather and pad the examples ``rows``; texts are not augmented."""
        import torch

        width = int(self.lengths[rows].max())
        ids = np.full((len(rows), width), self.padding, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for position, row in enumerate(rows):
            tokens = self.rows[row]
            ids[position, : len(tokens)] = tokens
            mask[position, : len(tokens)] = 1
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
