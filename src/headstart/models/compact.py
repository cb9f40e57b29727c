"""Small networks made for the task, which only ever train from scratch.

A smaller model sized to the data is one of the real advantages of training from scratch, so these are
arms of their own: a wide residual network with few blocks for images at their native resolution
(Zagoruyko & Komodakis 2016), a convolutional network over hashed words for texts (Kim 2014).
"""

from __future__ import annotations

import re

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

WORD = re.compile(r"\w+|[^\w\s]")
SMALL_PICTURE = 24  # pixels of a side
HASH_SLOTS = 2**14


class ResidualBlock(nn.Module):
    """Pre-activation block of two 3 x 3 convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        needs_projection = stride != 1 or inputs != outputs
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if needs_projection else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to (B, C', H / stride, W / stride)."""
        active = F.relu(self.norm1(x))
        path = self.conv2(F.relu(self.norm2(self.conv1(active))))
        return path + (x if self.shortcut is None else self.shortcut(active))


class CompactImageNetwork(nn.Module):
    """A wide residual network of three stages, one block each.

    The first convolution strides by two from 48 px on, so that cost stays near that of 32 px images.

    Args:
        num_classes: Width of the output.
        input_size: Pixels of a side.
        width: Channels of the first stage; doubled at each further one. By default 32, or 16 for pictures
            so small that there is little to see.
    """

    def __init__(self, num_classes: int, input_size: int, width: int | None = None) -> None:
        super().__init__()
        width = width or (32 if input_size >= SMALL_PICTURE else 16)
        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width}
        stride = 2 if input_size >= 48 else 1
        self.stem = nn.Conv2d(3, width, 3, stride, 1, bias=False)
        self.stages = nn.ModuleList([
            ResidualBlock(width, width, 1),
            ResidualBlock(width, 2 * width, 2),
            ResidualBlock(2 * width, 4 * width, 2),
        ])  # fmt: skip
        self.norm = nn.BatchNorm2d(4 * width)
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, S, S) standardised pixels to (B, num_classes) logits."""
        x = self.stem(pixel_values)
        for stage in self.stages:
            x = stage(x)
        return self.head(F.relu(self.norm(x)).mean((2, 3)))


class CompactTextNetwork(nn.Module):
    """A bag and a convolution over hashed words, with max pooling.

    Words are hashed to a fixed table, so that no vocabulary has to be learnt from labels that the
    trial may not see (the hashing trick, Weinberger 2009). Slot 0 is padding.

    Args:
        num_classes: Width of the output.
        input_size: Words of a text at most.
        width: Length of a word vector.
    """

    def __init__(self, num_classes: int, input_size: int, width: int = 64) -> None:
        super().__init__()
        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width}
        self.words = nn.Embedding(HASH_SLOTS, width, padding_idx=0)
        nn.init.normal_(self.words.weight, std=0.1)
        nn.init.zeros_(self.words.weight[0])  # else a text's logits would depend on the longest one of its batch
        self.stages = nn.ModuleList([nn.Conv1d(width, width, size, padding=size // 2) for size in (1, 3, 5)])
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(3 * width, num_classes)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Map (B, L) slots and their mask to (B, num_classes) logits."""
        vectors = self.drop(self.words(input_ids)).transpose(1, 2)
        hidden = attention_mask[:, None, :] == 0
        pooled = [
            F.relu(stage(vectors)).masked_fill(hidden, 0).amax(-1) for stage in self.stages
        ]
        return self.head(self.drop(torch.cat(pooled, 1)))


def hash_words(texts: list[str], limit: int) -> tuple[list[np.ndarray], int]:
    """Turn texts into slots of the word table.

    Args:
        texts: Any strings.
        limit: Words kept of each.

    Returns:
        One int64 array a text (never empty), and how many texts were cut.
    """
    import zlib

    rows, cut = [], 0
    for text in texts:
        words = WORD.findall(text.lower())
        cut += len(words) > limit
        # crc32 is the same on every machine and in every process, which Python's own hash is not.
        slots = [zlib.crc32(word.encode()) % (HASH_SLOTS - 1) + 1 for word in words[:limit]] or [1]
        rows.append(np.asarray(slots, dtype=np.int64))
    return rows, cut
