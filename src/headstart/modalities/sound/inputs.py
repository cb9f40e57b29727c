"""Sounds in the form of a candidate: log-mel pictures of unequal length, varied and padded batch by batch."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from headstart.core import Augmentation
from headstart.modalities.inputs import Batch

if TYPE_CHECKING:
    from headstart.modalities.sound.pictures import Pictures


class PictureInputs:
    """Log-mel pictures, padded to the longest of each batch.

    Attributes:
        truncated: How many sounds were cut.
    """

    def __init__(self, pictures: Pictures, fewest: int) -> None:
        self.pictures, self.fewest, self.truncated = pictures, fewest, pictures.cut

    def __len__(self) -> int:
        return len(self.pictures)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Frames of each example."""
        return self.pictures.lengths

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather, vary and pad the examples ``rows``: pictures (B, T, bands) and which frames are real (B, T)."""
        import torch

        found = [torch.from_numpy(np.array(self.pictures[int(row)])) for row in rows]
        if augmentation != "none":
            from headstart.modalities.sound.variation import varied

            found = [varied(frames, augmentation, self.fewest) for frames in found]
        values = torch.nn.utils.rnn.pad_sequence(found, batch_first=True)
        lengths = torch.tensor([len(frames) for frames in found])
        mask = (torch.arange(values.shape[1]) < lengths[:, None]).long()
        return {"mels": values, "attention_mask": mask}
