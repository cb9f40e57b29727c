"""Small residual networks made for the task, which only ever train from scratch."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from headstart.modalities.base import Scratch

SMALL_PICTURE = 24  # pixels of a side


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
        beside: torch.Tensor = x if self.shortcut is None else self.shortcut(active)
        total: torch.Tensor = path + beside
        return total


class CompactImageNetwork(nn.Module):
    """A residual network of three resolutions for images at their native size.

    With one block at each it is WRN-10-2, with two WRN-16-2 (Zagoruyko & Komodakis 2016, arXiv 1605.07146); with
    three of width 16 it is ResNet-20 (He 2016, arXiv 1512.03385) in pre-activation order. The first convolution
    strides by two from 48 px on, so that cost stays near that of 32 px images.

    Args:
        num_classes: Width of the output.
        input_size: Pixels of a side.
        width: Channels at the first resolution; doubled at each further one. By default 32, or 16 for pictures
            so small that there is little to see.
        blocks: At each resolution.
    """

    def __init__(self, num_classes: int, input_size: int, width: int | None = None, blocks: int = 1) -> None:
        super().__init__()
        width = width or (32 if input_size >= SMALL_PICTURE else 16)
        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width, "blocks": blocks}
        self.stem = nn.Conv2d(3, width, 3, 2 if input_size >= 48 else 1, 1, bias=False)
        widths = [width, *(width * 2**level for level in range(3) for _ in range(blocks))]
        strides = [2 if level and not block else 1 for level in range(3) for block in range(blocks)]
        self.stages = nn.ModuleList(map(ResidualBlock, widths[:-1], widths[1:], strides))
        self.norm = nn.BatchNorm2d(4 * width)
        self.head = nn.Linear(4 * width, num_classes)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, S, S) standardised pixels to (B, num_classes) logits."""
        x = self.stem(pixel_values)
        for stage in self.stages:
            x = stage(x)
        logits: torch.Tensor = self.head(F.relu(self.norm(x)).mean((2, 3)))
        return logits


NETWORKS: dict[str, Scratch] = {
    "builtin:compact-image": Scratch(
        "a wide residual network of three blocks at the images' own size",
        "compact-image-1",
        CompactImageNetwork,
        always=True,
    ),
    "builtin:resnet20": Scratch(
        "ResNet-20: narrow and deep, 0.3 million weights",
        "resnet20-1",
        partial(CompactImageNetwork, width=16, blocks=3),
    ),
    "builtin:wrn-16-2": Scratch(
        "WRN-16-2: twice as wide, 0.7 million weights", "wrn-16-2-1", partial(CompactImageNetwork, width=32, blocks=2)
    ),
}
