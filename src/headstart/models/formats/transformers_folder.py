"""The form of transformers: what ``transformers.pipeline`` reads, with the same probabilities."""

from __future__ import annotations

from pathlib import Path

from headstart.models.building import build
from headstart.models.card import Card
from headstart.models.families.transformers import TransformersFamily, check_size
from headstart.models.formats.configuration import read_configuration
from headstart.models.formats.weights import held_in
from headstart.models.network import Network


def write_transformers(network: Network, card: Card, folder: Path) -> None:
    """Write a classifier of transformers with its tokenizer or image processor."""
    TransformersFamily().write_native(network, card.candidate, folder)


def read_transformers(card: Card, folder: Path, allow_code: bool = False) -> Network:
    """Read what :func:`write_transformers` wrote; it never needs code."""
    held = held_in(*sorted(folder.glob("*.safetensors")))
    read_configuration(folder / "config.json", held)
    candidate = card.candidate.model_copy(update={"has_weights": True})
    check_size(candidate, card.class_names, held.elements)
    return build(candidate, card.class_names, weights="pretrained", seed=0, with_head=True)
