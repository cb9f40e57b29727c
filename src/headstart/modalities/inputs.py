"""What a network reads: examples in the form of one candidate, ready to be cut into batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from headstart.core import Augmentation

if TYPE_CHECKING:
    import torch

Batch: TypeAlias = "dict[str, torch.Tensor]"


@runtime_checkable
class Inputs(Protocol):
    """N examples in the form of a candidate.

    Those that are costly to prepare may have a method ``on(device, hold)`` besides: the same examples with batches made
    on that device (:func:`inputs_on`).

    Attributes:
        truncated: How many inputs were cut to what the candidate reads.
    """

    truncated: int

    def __len__(self) -> int:
        """N."""

    @property
    def lengths(self) -> np.ndarray:
        """Relative cost of each example, (N,); examples of like length share a batch. All 1 where they are alike.

        Where inputs are padded to the longest of a batch these are positions, and each batch has an
        ``attention_mask`` (B, L).
        """

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather, vary and pad the examples ``rows``: keywords of the network's forward pass, each (B, ...)."""


def inputs_on(inputs: Inputs, device: torch.device, *, hold: bool = False) -> Inputs:
    """Examples whose batches are made on a device, where they know how; as they are otherwise, and on a CPU.

    Args:
        inputs: The examples.
        device: Where the network is.
        hold: Whether all of them may stay there, because they will be read again and again.
    """
    make = getattr(inputs, "on", None)
    placed: Inputs = inputs if make is None or device.type == "cpu" else make(device, hold)
    return placed


class ArrayInputs:
    """Examples as rows of one array (N, ...), given to the network as fp32 under one name.

    Args:
        values: The array.
        name: Keyword of the network's forward pass.
        truncated: How many examples were cut.
    """

    def __init__(self, values: np.ndarray, name: str = "values", truncated: int = 0) -> None:
        self.values, self.name, self.truncated = values, name, truncated

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def lengths(self) -> np.ndarray:
        """All alike."""
        return np.ones(len(self.values))

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather the examples ``rows``; arrays are not varied."""
        import torch

        return {self.name: torch.from_numpy(np.asarray(self.values[rows], dtype=np.float32))}


class ItemInputs:
    """Examples as they are, for pipelines that compute their own features."""

    truncated = 0

    def __init__(self, items: Sequence[Any]) -> None:
        self.items = list(items)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Size of each example, such as characters of a text."""
        return np.asarray([len(item) if hasattr(item, "__len__") else 1 for item in self.items])

    def take(self, rows: Sequence[int] | np.ndarray) -> list[Any]:
        """The examples ``rows`` in their order."""
        return [self.items[row] for row in rows]

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Not available: what computes its own features has no batches."""
        raise NotImplementedError("examples as they are cannot be read in batches")


def is_padded(batch: Mapping[str, Any]) -> bool:
    """Whether examples of unequal length stand in a batch, with a mask of what is real."""
    return "attention_mask" in batch
