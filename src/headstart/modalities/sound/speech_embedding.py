"""Google's speech embedding (Lin et al. 2020, arXiv 2002.01322), whose weights come inside a package.

A small convolutional network trained to tell short spoken phrases apart. It reads log-mel pictures of 32 bands, a
frame every 10 ms, and gives 96 values for every 80 ms, each of which has seen 76 frames.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

BANDS, FRAMES, VALUES = 32, 76, 96
SLOPE = 0.2  # of the leaky ReLU
FLOOR = -0.4  # no activation is below
CHANNELS = (48, 72, 96, 96)
POOLS = ((2, 2), (1, 2), (2, 2), (1, 2), (2, 2))  # behind each stage, over time and bands


class Layer(nn.Module):
    """Convolution and the network's clipped leaky ReLU."""

    def __init__(self, before: int, after: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, after, kernel, padding=(0, kernel[1] // 2))

    def forward(self, values: Tensor) -> Tensor:
        """Transform (N, C, T, B)."""
        return functional.leaky_relu(self.convolution(values), SLOPE).clamp(min=FLOOR)


class SpeechEmbedding(nn.Module):
    """The network: log-mel (N, T, 32), T at least 76, to the logits of clips (N, classes).

    Attributes:
        stages: Five of them; the first works on single frames of bands, each further one on longer stretches.
        classifier: On mean and maximum over time.
    """

    def __init__(self, num_classes: int = 2) -> None:
        super().__init__()
        first = nn.Sequential(Layer(1, 24, (3, 3)), Layer(24, 24, (1, 3)), Layer(24, 24, (3, 1)))
        stages, before = [first], 24
        for after in CHANNELS:
            rows = [Layer(before, after, (1, 3)), Layer(after, after, (3, 1))]
            rows += [Layer(after, after, (1, 3)), Layer(after, after, (3, 1))]
            stages.append(nn.Sequential(*rows))
            before = after
        self.stages = nn.ModuleList(stages)
        self.last = nn.Conv2d(before, VALUES, (3, 1), bias=False)
        self.classifier = nn.Linear(2 * VALUES, num_classes)

    def windows(self, mels: Tensor) -> Tensor:
        """Embeddings (N, W, 96) of the windows of log-mel pictures (N, T, 32)."""
        values = mels[:, None]
        for stage, pool in zip(self.stages, POOLS, strict=True):
            values = functional.max_pool2d(stage(values), pool)
        return torch.as_tensor(self.last(values)[..., 0].transpose(1, 2))

    def forward(self, mels: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Logits of log-mel pictures; frames whose mask (N, T) is 0 are padding."""
        lengths = None if attention_mask is None else attention_mask.sum(1)
        return torch.as_tensor(self.classifier(pooled(self.windows(mels), lengths)))


def windows_of(frames: Tensor) -> Tensor:
    """How many windows of 76 frames, 8 apart, lie within so many frames; 1 at least."""
    return torch.clamp((frames - FRAMES) // 8 + 1, min=1)


def pooled(windows: Tensor, lengths: Tensor | None) -> Tensor:
    """Mean and maximum (N, 2 x 96) over the windows that are not padding."""
    if lengths is None:
        return torch.cat([windows.mean(1), windows.amax(1)], 1)
    inside = (torch.arange(windows.shape[1], device=windows.device) < windows_of(lengths)[:, None])[..., None]
    mean = (windows * inside).sum(1) / inside.sum(1)
    return torch.cat([mean, windows.masked_fill(~inside, -torch.inf).amax(1)], 1)


def renamed(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The published weights, in the order of their numbers, under this network's names.

    Args:
        published: Named ``model/conv2d_7/Conv2D_weights_fused_bn`` and the like.
    """
    layers = [f"stages.0.{place}" for place in range(3)]
    layers += [f"stages.{stage}.{place}" for stage in range(1, 5) for place in range(4)]
    found = {}
    for name, tensor in published.items():
        if "/Conv2D" not in name:
            continue
        layer = name.split("/")[1].removeprefix("conv2d").removeprefix("_")
        number = int(layer or 0)
        if number == len(layers):
            found["last.weight"] = tensor
        else:
            found[f"{layers[number]}.convolution.{'bias' if 'bias' in name else 'weight'}"] = tensor
    return found
