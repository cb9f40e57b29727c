"""How each kind of model is written and read: a file for each form, and the tables that choose between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from headstart.core import ModelFormat
from headstart.models.averaged import Average
from headstart.models.card import CARD, Card
from headstart.models.families import get_family
from headstart.models.formats.ensemble_folder import read_ensemble, write_ensemble
from headstart.models.formats.headstart_folder import read_headstart, write_headstart
from headstart.models.formats.peft_folder import read_peft, write_peft
from headstart.models.formats.skops_file import read_skops, write_skops
from headstart.models.formats.transformers_folder import read_transformers, write_transformers
from headstart.models.inserted import inserted_in
from headstart.models.network import Network
from headstart.models.readout import ReadoutClassifier

WRITERS: dict[ModelFormat, Callable[[Any, Card, Path], None]] = {
    "transformers": write_transformers,
    "peft": write_peft,
    "headstart": write_headstart,
    "skops": write_skops,
    "ensemble": lambda network, card, folder: write_ensemble(network, card, folder, write, format_of),
}
READERS: dict[ModelFormat, Callable[[Card, Path, bool], Any]] = {
    "transformers": read_transformers,
    "peft": read_peft,
    "headstart": read_headstart,
    "skops": read_skops,
    "ensemble": lambda card, folder, allow_code: read_ensemble(card, folder, allow_code, read),
}


def format_of(network: Network) -> ModelFormat:
    """The form that can express a trained network."""
    if isinstance(network.module, Average):
        return "ensemble"
    if isinstance(network.module, ReadoutClassifier) or inserted_in(network) is not None:
        return "headstart"
    return "peft" if hasattr(network.module, "peft_config") else get_family(network.candidate.family).native


def write(model: Any, card: Card, folder: Path) -> None:
    """Write a model into an empty folder, with its card."""
    resize = card.candidate.resize
    if card.model_format == "transformers" and resize is not None and resize.tones is not None:
        # transformers drops what is transparent and cuts deep grey off: it would answer otherwise
        card = card.model_copy(update={"model_format": "headstart"})
    WRITERS[card.model_format](model, card, folder)
    candidate = card.candidate.model_copy(update={"folder": None})  # the folder stands for itself
    (folder / CARD).write_text(card.model_copy(update={"candidate": candidate}).model_dump_json(indent=2) + "\n")


def read(card: Card, folder: Path, allow_code: bool = False) -> Any:
    """Read the model that a card describes.

    Args:
        card: What :func:`~headstart.models.card.read_card` gave.
        folder: Where it lies.
        allow_code: Whether code that the card names may run.
    """
    own = card.model_copy(update={"candidate": card.candidate.model_copy(update={"folder": str(folder)})})
    return READERS[card.model_format](own, folder, allow_code)
