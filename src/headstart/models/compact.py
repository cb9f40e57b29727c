"""The built-in networks without pretraining, by name.

A smaller model sized to the data is one of the real advantages of training from scratch, so these are arms of their
own. One for each modality stands in every study; the others are compared when asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import nn

from headstart.models.compact_image import CompactImageNetwork
from headstart.models.compact_text import BagTextNetwork, CompactTextNetwork, TransformerTextNetwork


@dataclass(frozen=True)
class Compact:
    """A network that is built from the number of classes and the input size alone.

    Attributes:
        idea: In a line.
        identity: Stands in for a hash of weights; changes when the architecture does.
        build: Called with the number of classes and the input size.
        always: Whether it stands in every study of its modality.
    """

    modality: Literal["image", "text"]
    idea: str
    identity: str
    build: Callable[..., nn.Module]
    always: bool = False


COMPACT: dict[str, Compact] = {
    "builtin:compact-image": Compact(
        "image",
        "a wide residual network of three blocks at the images' own size",
        "compact-image-1",
        CompactImageNetwork,
        always=True,
    ),
    "builtin:resnet20": Compact(
        "image",
        "ResNet-20: narrow and deep, 0.3 million weights",
        "resnet20-1",
        partial(CompactImageNetwork, width=16, blocks=3),
    ),
    "builtin:wrn-16-2": Compact(
        "image",
        "WRN-16-2: twice as wide, 0.7 million weights",
        "wrn-16-2-1",
        partial(CompactImageNetwork, width=32, blocks=2),
    ),
    "builtin:compact-text": Compact(
        "text", "convolutions over hashed words", "compact-text-1", CompactTextNetwork, always=True
    ),
    "builtin:bag": Compact("text", "the mean of hashed words and pairs, as in fastText", "bag-1", BagTextNetwork),
    "builtin:transformer": Compact(
        "text", "a transformer of two blocks over hashed words", "transformer-1", TransformerTextNetwork
    ),
}


def build_compact(name: str, num_classes: int, input_size: int) -> nn.Module:
    """A network by its name, with random weights."""
    return COMPACT[name].build(num_classes, input_size)
