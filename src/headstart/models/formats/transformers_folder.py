"""The form of transformers: what ``transformers.pipeline`` reads, with the same probabilities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from headstart.models.candidates import Candidate
from headstart.models.card import Card
from headstart.models.formats.configuration import read_configuration
from headstart.models.formats.weights import held_in, on_cpu
from headstart.models.network import Network, build, check_size
from headstart.models.tokenizer import load_tokenizer


def write_transformers(network: Network, card: Card, folder: Path) -> None:
    """Write a classifier of transformers with its tokenizer or image processor."""
    cast(Any, network.module).save_pretrained(folder, state_dict=on_cpu(network.module))
    if card.candidate.modality == "text":
        write_tokenizer(card.candidate, folder)
    else:
        _write_processor(card.candidate, folder)


def read_transformers(card: Card, folder: Path, allow_code: bool = False) -> Network:
    """Read what :func:`write_transformers` wrote; it never needs code."""
    held = held_in(*sorted(folder.glob("*.safetensors")))
    read_configuration(folder / "config.json", held)
    candidate = card.candidate.model_copy(update={"has_weights": True})
    check_size(candidate, card.class_names, held.elements)
    return build(candidate, card.class_names, weights="pretrained", seed=0, with_head=True)


def write_tokenizer(candidate: Candidate, folder: Path) -> None:
    """Write the tokenizer with the length that training cut texts at.

    Pipelines cut there where they are called with ``truncation=True``, and warn of longer texts otherwise.
    """
    load_tokenizer(candidate).save_pretrained(folder)
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "model_max_length": candidate.input_size}, indent=2) + "\n")


def _write_processor(candidate: Candidate, folder: Path) -> None:
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
