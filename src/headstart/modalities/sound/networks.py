"""Small convolutional networks for log-mel pictures, which only ever train from scratch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from headstart.modalities.base import Scratch
from headstart.modalities.sound.fronts import FRONTS

BANDS = FRONTS["log-mel"].bands


class Block(nn.Module):
    """Two 3 x 3 convolutions, then the mean of 2 x 2 points, as in PANNs (Kong 2020, arXiv 1912.10211)."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)

    def forward(self, values: Tensor, real: Tensor) -> Tensor:
        """Map (B, C, T, F) to (B, C', T // 2, F // 2); ``real`` (B, 1, T, 1) is 0 where there is padding."""
        values = functional.relu(self.norm1(self.conv1(values))) * real
        values = functional.relu(self.norm2(self.conv2(values))) * real
        return functional.avg_pool2d(values, 2)


class CompactSoundNetwork(nn.Module):
    """A convolutional network of a stem and three blocks; features are mean and maximum over time.

    What a sound is padded with in a batch changes nothing: it is kept at zero, as beyond the end of the picture.

    Args:
        num_classes: Width of the output.
        input_size: Milliseconds that are read; the network has the same weights for all.
        width: Channels of the stem, which halves the picture; doubled by each block, which halves it again.
    """

    def __init__(self, num_classes: int, input_size: int, width: int = 16) -> None:
        super().__init__()
        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width}
        self.bands = nn.BatchNorm1d(BANDS)
        self.stem = nn.Conv2d(1, width, 5, 2, 2, bias=False)
        self.norm = nn.BatchNorm2d(width)
        widths = [width, 2 * width, 4 * width, 8 * width]
        self.blocks = nn.ModuleList(map(Block, widths[:-1], widths[1:]))
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(2 * widths[-1], num_classes)

    def forward(self, mels: Tensor, attention_mask: Tensor) -> Tensor:
        """Map pictures (B, T, bands) and their mask (B, T) to (B, num_classes) logits."""
        lengths = attention_mask.sum(1)
        values = self.bands(mels.transpose(1, 2)).transpose(1, 2)[:, None]
        values = self.stem(values * within(lengths, values.shape[2]))
        lengths = (lengths + 1) // 2
        values = functional.relu(self.norm(values)) * within(lengths, values.shape[2])
        for block in self.blocks:
            values = block(values, within(lengths, values.shape[2]))
            lengths = lengths // 2
            values = values * within(lengths, values.shape[2])
        real = within(lengths, values.shape[2])[..., 0]
        means = values.mean(3)
        average = (means * real).sum(2) / real.sum(2)
        largest = means.masked_fill(real == 0, -torch.inf).amax(2)
        logits: Tensor = self.head(self.drop(torch.cat([average, largest], 1)))
        return logits


def within(lengths: Tensor, width: int) -> Tensor:
    """Which of ``width`` frames lie within each length: (B, 1, width, 1) of 0 and 1."""
    return (torch.arange(width, device=lengths.device) < lengths[:, None]).float()[:, None, :, None]


NETWORKS: dict[str, Scratch] = {
    "builtin:compact-sound": Scratch(
        "a convolutional network of a stem and three blocks on log-mel pictures",
        "compact-sound-1",
        CompactSoundNetwork,
        always=True,
    )
}
