"""How a pretrained network of transformers sees pictures: its image processor's file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headstart.modalities.image.pixels import IMAGENET_MEAN, IMAGENET_STD, Resize
from headstart.modalities.settings_files import read_json


def picture_fields(folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Read resizing and normalisation from the image processor's file, as transformers would apply them."""
    file = folder / "preprocessor_config.json"
    settings = read_json(file) if file.exists() else {}
    size = settings.get("size", config.get("image_size", 224))
    mean = tuple(settings.get("image_mean", IMAGENET_MEAN))
    std = tuple(settings.get("image_std", IMAGENET_STD))
    resample = settings.get("resample", 2)
    if isinstance(size, int):
        size = {"height": size, "width": size}
    if "shortest_edge" in size:
        shorter = int(size["shortest_edge"] / settings.get("crop_pct", 1.0))
        crop = settings.get("crop_size", size["shortest_edge"])
        side = crop["height"] if isinstance(crop, dict) else int(crop)
        resize = Resize(size=side, mode="crop", shorter=shorter, resample=resample)
    else:
        resize = Resize(size=int(size["height"]), mode="squash", resample=resample)
    return {"resize": resize, "mean": mean, "std": std}
