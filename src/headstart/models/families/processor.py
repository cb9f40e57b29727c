"""The image processor that lies beside a transformers network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headstart.modalities import Candidate


def write_processor(candidate: Candidate, folder: Path) -> None:
    """Write how pictures become squares, in transformers' words."""
    resize = candidate.resize
    assert resize is not None
    common = {
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "resample": resize.resample,
        "image_mean": list(candidate.mean),
        "image_std": list(candidate.std),
        "do_convert_rgb": True,
    }
    own: dict[str, Any]
    if resize.mode == "squash":
        own = {"image_processor_type": "ViTImageProcessor", "size": {"height": resize.size, "width": resize.size}}
    else:
        side = {"height": resize.size, "width": resize.size}
        own = {
            "image_processor_type": "BitImageProcessor",
            "size": {"shortest_edge": resize.shorter or resize.size},
            "do_center_crop": True,
            "crop_size": side,
        }
    (folder / "preprocessor_config.json").write_text(json.dumps({**own, **common}, indent=2) + "\n")
