"""EfficientNet-Lite0, whose ImageNet weights come inside a package.

Inverted residual blocks (Sandler et al. 2018, arXiv 1801.04381) in the sizes of EfficientNet-B0 (Tan and Le 2019,
arXiv 1905.11946) without squeeze-and-excitation and with ReLU6; stem and head are not scaled (Liu 2020, EfficientNet-
Lite). Strided convolutions pad as TensorFlow does, more at the end than at the start, because the weights were trained
so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGES = (  # blocks, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, HEAD = 32, 1280
EPSILON, MOMENTUM = 1e-3, 0.01  # of batch normalisation
DROPOUT = 0.2
BLOCKS = [(stage, place) for stage, row in enumerate(STAGES) for place in range(row[0])]
PARTS = {
    "_expand_conv": "expand.0",
    "_bn0": "expand.1",
    "_depthwise_conv": "depthwise.0",
    "_bn1": "depthwise.1",
    "_project_conv": "project.0",
    "_bn2": "project.1",
}


class SameConv2d(nn.Conv2d):
    """A convolution whose output has ceil(side / stride) rows and columns."""

    def forward(self, values: Tensor) -> Tensor:
        """Pad and convolve (N, C, H, W)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        over = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in values.shape[-2:]]
        top, left = over[0] // 2, over[1] // 2
        padded = functional.pad(values, (left, over[1] - left, top, over[0] - top))
        return functional.conv2d(padded, self.weight, self.bias, self.stride, 0, 1, self.groups)


def convolution(
    before: int, after: int, kernel: int, stride: int = 1, *, groups: int = 1, active: bool = True
) -> nn.Sequential:
    """Convolution, batch normalisation and, if ``active``, ReLU6."""
    padded = SameConv2d if stride > 1 else nn.Conv2d
    layers: list[nn.Module] = [
        padded(before, after, kernel, stride, 0 if stride > 1 else kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(after, eps=EPSILON, momentum=MOMENTUM),
    ]
    return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if active else []))


class InvertedResidual(nn.Module):
    """Expand, convolve each channel alone, project; added to the input where shapes agree."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        self.expand = convolution(before, inner, 1) if expansion > 1 else nn.Identity()
        self.depthwise = convolution(inner, inner, kernel, stride, groups=inner)
        self.project = convolution(inner, after, 1, active=False)
        self.residual = stride == 1 and before == after

    def forward(self, values: Tensor) -> Tensor:
        """Transform (N, C, H, W)."""
        found: Tensor = self.project(self.depthwise(self.expand(values)))
        return values + found if self.residual else found


class EfficientNetLite0(nn.Module):
    """The network: pictures (N, 3, side, side) of any side from 32 on, scaled to -1 to 1, to logits (N, classes)."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.stem = convolution(3, STEM, 3, 2)
        stages, before = [], STEM
        for count, kernel, stride, expansion, after in STAGES:
            blocks = []
            for place in range(count):
                blocks.append(InvertedResidual(before, after, kernel, stride if place == 0 else 1, expansion))
                before = after
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.top = convolution(before, HEAD, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.classifier = nn.Linear(HEAD, num_classes)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """Logits (N, classes) of pictures (N, 3, side, side)."""
        values = self.stem(pixel_values)
        for stage in self.stages:
            values = stage(values)
        pooled = self.top(values).mean((2, 3))
        return torch.as_tensor(self.classifier(self.dropout(pooled)))


def renamed(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The published checkpoint under this network's names.

    Raises:
        KeyError: It holds a name that no such checkpoint has.
    """
    whole = {"_conv_stem": "stem.0", "_bn0": "stem.1", "_conv_head": "top.0", "_bn1": "top.1", "_fc": "classifier"}
    found = {}
    for name, tensor in published.items():
        block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
        if block:
            stage, place = BLOCKS[int(block[1])]
            found[f"stages.{stage}.{place}.{PARTS[block[2]]}.{block[3]}"] = tensor
        else:
            layer, _, value = name.rpartition(".")
            found[f"{whole[layer]}.{value}"] = tensor
    return found
