"""Series in the form of a candidate: padded batch by batch, with a mask of what is real, and varied."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headstart.core import Augmentation, DataError
from headstart.modalities.candidate import Candidate
from headstart.modalities.inputs import Batch
from headstart.modalities.series.items import Numbers

JITTER, SCALING = 0.03, 0.1  # of a series' deviation; Um 2017 (arXiv 1706.00527) has 0.05 and 0.1
SHIFT = 1 / 16  # of the length


class SeriesInputs:
    """N series of C channels, padded with zeros to the longest of each batch.

    Attributes:
        truncated: How many were cut; none are, longer ones were averaged before.

    Args:
        series: (C, T) each.
    """

    truncated = 0

    def __init__(self, series: Sequence[Numbers]) -> None:
        self.series = list(series)

    def __len__(self) -> int:
        return len(self.series)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Values of each series."""
        return np.asarray([one.shape[1] for one in self.series], dtype=np.int64)

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather, vary and pad the series ``rows``: ``values`` (B, C, T) and ``attention_mask`` (B, T)."""
        import torch

        longest = int(self.lengths[rows].max())
        values = np.zeros((len(rows), len(self.series[0]), longest), dtype=np.float32)
        mask = np.zeros((len(rows), longest), dtype=np.int64)
        for place, row in enumerate(rows.tolist()):
            one = self.series[row]
            values[place, :, : one.shape[1]] = one
            mask[place, : one.shape[1]] = 1
        batch = {"values": torch.from_numpy(values), "attention_mask": torch.from_numpy(mask)}
        return varied(batch) if augmentation != "none" else batch


def varied(batch: Batch) -> Batch:
    """Scale, jitter and shift each series by draws of its own from torch's generator; the mask stays.

    What is shifted beyond an end is replaced by the value there.
    """
    import torch

    values, mask = batch["values"], batch["attention_mask"]
    count, channels, longest = values.shape
    lengths = mask.sum(1)
    spread = values.std(dim=2, keepdim=True)
    moves = ((2 * torch.rand(count) - 1) * SHIFT * lengths).round().long()
    at = (torch.arange(longest)[None] + moves[:, None]).clamp(min=0)
    at = torch.minimum(at, lengths[:, None] - 1)
    moved = values.gather(2, at[:, None].expand(count, channels, longest))
    scales = 1 + SCALING * torch.randn(count, channels, 1)
    noisy = moved * scales + JITTER * spread * torch.randn(values.shape)
    return {"values": noisy * mask[:, None], "attention_mask": mask}


def encoded(candidate: Candidate, series: Sequence[Numbers], channels: int, longest: int) -> SeriesInputs:
    """Series (C, T) as networks read them; those far longer than ``longest`` as means of neighbours.

    Raises:
        DataError: One has another number of channels.
    """
    for place, one in enumerate(series):
        if len(one) != channels:
            fact = f"the series has {len(one)} channels where {candidate.name} reads {channels}"
            hint = "Give series like those of the study, arrays as (channels, time)"
            raise DataError(fact, place=f"input {place + 1}", hint=hint)
    return SeriesInputs([averaged(one, longest) for one in series])


def averaged(values: Numbers, longest: int) -> Numbers:
    """Means of neighbours (C, T / k) with the smallest whole k for which at most ``longest`` values are left."""
    length = values.shape[1]
    step = -(-length // longest)
    if step <= 1:
        return values
    whole = length // step * step
    found: Numbers = values[:, :whole].reshape(len(values), -1, step).mean(2, dtype=np.float32)
    return found
