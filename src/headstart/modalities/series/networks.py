"""Networks for series without pretraining: LITE, a residual network and Inception, each of convolutions in time.

Padding never counts: after each layer it is put to zero again, and means are over real values.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from headstart.modalities.base import Scratch


class Standardised(nn.Module):
    """Brings each channel to mean 0 and deviation 1, by figures of the data set that training finds."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels, affine=False)

    def forward(self, values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map (B, C, T) to the same shape."""
        normed: torch.Tensor = self.norm(values)
        return normed * mask


class FixedShapes(nn.Module):
    """Fixed filters for rises, falls and peaks of several lengths (Ismail-Fawaz 2022, section III)."""

    def __init__(self) -> None:
        super().__init__()
        filters = []
        for length in (2, 4, 8, 16, 32, 64):
            rise = torch.ones(length)
            rise[::2] = -1
            filters += [rise, -rise]
        for length in (6, 12, 24, 48, 96):
            filters.append(_peak(length))
        self.longest = max(map(len, filters))
        padded = [F.pad(one, ((self.longest - len(one)) // 2, -(-(self.longest - len(one)) // 2))) for one in filters]
        self.register_buffer("filters", torch.stack(padded)[:, None], persistent=False)
        self.outputs = len(filters)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Map (B, C, T) to (B, 17, T), summed over channels."""
        summed = values.sum(1, keepdim=True)
        padded = F.pad(summed, ((self.longest - 1) // 2, self.longest // 2))
        return F.conv1d(padded, self.get_buffer("filters"))


class Multiplexed(nn.Module):
    """Convolutions of several lengths side by side, perhaps with fixed shapes, normalised.

    Args:
        inputs: Channels.
        width: Filters of each length.
        lengths: Of the filters, odd.
        shapes: Whether the fixed filters stand beside.
    """

    def __init__(self, inputs: int, width: int, lengths: tuple[int, ...], shapes: bool = False) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs, width, length, padding=length // 2, bias=False) for length in lengths
        )
        self.shapes = FixedShapes() if shapes else None
        self.outputs = width * len(lengths) + (self.shapes.outputs if self.shapes else 0)
        self.norm = nn.BatchNorm1d(self.outputs)

    def forward(self, values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map (B, C, T) to (B, outputs, T)."""
        found = [convolution(values) for convolution in self.convolutions]
        if self.shapes is not None:
            found.append(F.relu(self.shapes(values)))
        return F.relu(self.norm(torch.cat(found, 1))) * mask


class Separable(nn.Module):
    """A convolution over channels, then one of each channel by itself: in this order the second has few channels."""

    def __init__(self, inputs: int, outputs: int, length: int, dilation: int) -> None:
        super().__init__()
        reach = dilation * (length // 2)
        self.point = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.depth = nn.Conv1d(outputs, outputs, length, padding=reach, dilation=dilation, groups=outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map (B, C, T) to (B, outputs, T)."""
        return F.relu(self.norm(self.depth(self.point(values)))) * mask


class Residual(nn.Module):
    """Three convolutions of lengths 7, 5 and 3 with a way around them (Wang 2017, arXiv 1611.06455)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        widths = (inputs, outputs, outputs, outputs)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(widths[k], widths[k + 1], length, padding=length // 2, bias=False)
            for k, length in enumerate((7, 5, 3))
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(outputs) for _ in range(3))
        self.beside = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.beside_norm = nn.BatchNorm1d(outputs)

    def forward(self, values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map (B, C, T) to (B, outputs, T)."""
        around: torch.Tensor = self.beside_norm(self.beside(values))
        for place, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            values = norm(convolution(values))
            values = (F.relu(values) if place < 2 else values) * mask
        return F.relu(values + around) * mask


class SeriesNetwork(nn.Module):
    """Blocks of one of three kinds, the mean over time, and a linear head.

    ``lite``: LITE (Ismail-Fawaz 2023, arXiv 2409.02869): one multiplexed layer with fixed shapes beside it, two
    separable ones, whose two convolutions change places because that takes a third of the time; 9,000 weights.
    ``residual``: three residual blocks. ``inception``: six multiplexed layers of lengths 39, 19 and 9 behind
    bottlenecks (Ismail Fawaz 2019, arXiv 1909.04939).

    Args:
        num_classes: Width of the output.
        input_size: Longest series; the weights do not depend on it.
        channels: Of a series.
        kind: Of the blocks.
        width: Filters of each length, or of a block.
    """

    def __init__(
        self, num_classes: int, input_size: int, channels: int = 1, kind: str = "lite", width: int = 32
    ) -> None:
        super().__init__()
        self.settings = {
            "num_classes": num_classes,
            "input_size": input_size,
            "channels": channels,
            "kind": kind,
            "width": width,
        }
        blocks, outputs = _blocks(kind, channels, width)
        self.blocks = nn.ModuleList([Standardised(channels), *blocks])
        self.head = nn.Linear(outputs, num_classes)

    def forward(self, values: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Map values (B, C, T) with their mask (B, T) to logits (B, num_classes)."""
        mask = attention_mask[:, None].to(values.dtype)
        for block in self.blocks:
            values = block(values, mask)
        pooled = values.sum(2) / mask.sum(2).clamp(min=1)
        logits: torch.Tensor = self.head(pooled)
        return logits


class Bottleneck(nn.Module):
    """One convolution over channels alone before several lengths side by side, as in Inception."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv1d(inputs, width, 1, bias=False)
        self.wide = Multiplexed(width, width, (39, 19, 9))
        self.outputs = self.wide.outputs

    def forward(self, values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Map (B, C, T) to (B, outputs, T)."""
        found: torch.Tensor = self.wide(self.narrow(values) * mask, mask)
        return found


def _blocks(kind: str, channels: int, width: int) -> tuple[list[nn.Module], int]:
    """Blocks of a kind, and how many channels the last one gives."""
    if kind == "lite":
        first = Multiplexed(channels, width, (39, 19, 9), shapes=True)
        return [first, Separable(first.outputs, width, 19, 2), Separable(width, width, 19, 4)], width
    if kind == "residual":
        return [Residual(channels, width), Residual(width, 2 * width), Residual(2 * width, 2 * width)], 2 * width
    found: list[nn.Module] = []
    for _ in range(6):
        found.append(Bottleneck(channels, width))
        channels = 3 * width
    return found, channels


def _peak(length: int) -> torch.Tensor:
    """Minus, plus twice, minus: a parabola's parts of a quarter, a half and a quarter of the length."""
    found = -torch.ones(length)
    quarter = length // 4
    found[quarter : length - quarter] = 1.0
    return found - found.mean()


NETWORKS: dict[str, Scratch] = {
    "builtin:lite": Scratch(
        "LITE: convolutions of three lengths and fixed shapes, 9,000 weights", "lite-1", SeriesNetwork, always=True
    ),
    "builtin:resnet1d": Scratch(
        "a residual network in time, 0.1 million weights", "resnet1d-1", partial(SeriesNetwork, kind="residual")
    ),
    "builtin:inception": Scratch(
        "Inception in time; ensemble:from_scratch averages several, as InceptionTime does",
        "inception-1",
        partial(SeriesNetwork, kind="inception"),
    ),
}
