"""What lies beside the weights of a saved model: how to read it, and where it comes from."""

from __future__ import annotations

import math
from pathlib import Path

from headstart.core import BundleError, ModelFormat, Record
from headstart.models.candidates import Candidate, modality_of
from headstart.models.readout import Readout

CARD = "headstart.json"
LARGEST_CARD = 64 * 2**20  # bytes; one of 100,000 classes has a few
LARGEST_SIDE = 4096  # pixels of a square; more is a damaged card, and would take memory before it is noticed
LONGEST_TEXT = 2**20  # tokens
MOST_MEMBERS = 100
FILTERS = range(6)  # Pillow's codes
FAMILIES: dict[ModelFormat, frozenset[str]] = {
    "transformers": frozenset({"transformers"}),
    "peft": frozenset({"transformers", "compact", "own", "timm"}),
    "headstart": frozenset({"transformers", "compact", "own", "timm"}),
    "ensemble": frozenset({"transformers", "compact", "own", "timm"}),
    "skops": frozenset({"tfidf"}),
}


class Card(Record):
    """What reading a model needs beside the weights, and where they come from.

    Attributes:
        readout: Where the features of a head apart are taken; None if the head is the network's own.
        inserted: The module before the head, as the recipe named it; empty if there is none.
        inserted_source: Hash of the file that a user's own module comes from.
        members: Networks in an ensemble.
        trial: Key of the trial that trained it.
        columns: Columns of the study's table that held the texts or images, in order; empty if it was no table.
        source: Name of the data it learnt from; empty if not known.
        learnt: Labels it learnt from; None if not known.
        labels: Labels there were; None if not known.
    """

    schema_version: int = 2
    model_format: ModelFormat
    task: str
    class_names: tuple[str, ...]
    candidate: Candidate
    arm: str
    readout: Readout | None = None
    inserted: str = ""
    inserted_source: str = ""
    members: int = 1
    trial: str = ""
    columns: tuple[str, ...] = ()
    source: str = ""
    learnt: int | None = None
    labels: int | None = None


def read_card(folder: Path) -> Card:
    """Read what a saved model states about itself, without its weights.

    Raises:
        BundleError: There is no model here, or its card cannot be read or describes no possible model.
    """
    file = folder / CARD
    try:
        if file.stat().st_size > LARGEST_CARD:
            raise BundleError(f"{CARD} is too large to be a model's card", place=str(folder))
        card = Card.model_validate_json(file.read_bytes())
    except OSError:
        raise BundleError(
            f"no {CARD}, so this is no model of Headstart", place=str(folder), hint="Give the model_dir of a study"
        ) from None
    except ValueError:
        raise BundleError(f"{CARD} cannot be read", place=str(folder), hint="Save the model again") from None
    trouble = _trouble(card)
    if trouble:
        raise BundleError(f"{CARD} is damaged: {trouble}", place=str(folder), hint="Save the model again")
    return card


def _trouble(card: Card) -> str | None:
    """What makes a card impossible, so that nothing is built or allocated by its word."""
    candidate, resize = card.candidate, card.candidate.resize
    if not card.class_names:
        return "it names no classes"
    if modality_of(card.task) != candidate.modality:
        return f"{candidate.name!r} does not fit the task {card.task!r}"
    if candidate.family not in FAMILIES[card.model_format]:
        return f"a model of the family {candidate.family!r} is not saved as {card.model_format!r}"
    if not 0 <= candidate.input_size <= LONGEST_TEXT:
        return f"inputs of size {candidate.input_size}"
    if not 1 <= card.members <= MOST_MEMBERS:
        return f"{card.members} members"
    if candidate.modality == "text":
        return None
    if resize is None or max(resize.size, resize.shorter or 0) > LARGEST_SIDE or resize.resample not in FILTERS:
        return "pictures of a size or filter that there is not"
    if not all(map(math.isfinite, candidate.mean)) or not all(math.isfinite(s) and s > 0 for s in candidate.std):
        return "means and deviations of pixels that are no numbers"
    return None
