"""What lies beside the weights of a saved model: how to read it, and where it comes from."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from headstart.core import BundleError, ModelFormat, Record
from headstart.modalities import Candidate, get_modality, modality_names
from headstart.models.families import family_names, get_family
from headstart.models.readout import Readout

CARD = "headstart.json"
LARGEST_CARD = 64 * 2**20  # bytes; one of 100,000 classes has a few
LARGEST_INPUT = 2**24  # values; more is a damaged card, and would take memory before it is noticed
MOST_MEMBERS = 100
OF_NETWORKS: frozenset[ModelFormat] = frozenset({"peft", "headstart", "ensemble"})


class Card(Record):
    """What reading a model needs beside the weights, and where they come from.

    Attributes:
        readout: Where the features of a head apart are taken; None if the head is the network's own.
        inserted: The module before the head, as the recipe named it; empty if there is none.
        inserted_source: Hash of the file that a user's own module comes from.
        members: Networks in an ensemble.
        quantised: Whether adapters sit on weights in four bits.
        trial: Key of the trial that trained it.
        columns: Columns of the study's table that held the texts or images, in order; empty if it was no table.
        source: Name of the data it learnt from; empty if not known.
        learnt: Labels it learnt from; None if not known.
        labels: Labels there were; None if not known.
        steps_share: Share of its recipe's steps that it was trained with, where its time was over; else 1.
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
    quantised: bool = False
    trial: str = ""
    columns: tuple[str, ...] = ()
    source: str = ""
    learnt: int | None = None
    labels: int | None = None
    steps_share: float = Field(default=1.0, gt=0, le=1)


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
    absent = _absent(card.candidate)
    if absent:
        raise BundleError(
            f"the model needs {absent}, which is not installed here",
            place=str(folder),
            hint="Install the package that brings it, or Headstart of the version that saved the model",
        )
    trouble = _trouble(card)
    if trouble:
        raise BundleError(f"{CARD} is damaged: {trouble}", place=str(folder), hint="Save the model again")
    return card


def _absent(candidate: Candidate) -> str | None:
    """What a model needs that no installed package brings."""
    if candidate.modality not in modality_names():
        return f"the modality {candidate.modality!r}"
    return None if candidate.family in family_names() else f"the family of models {candidate.family!r}"


def _trouble(card: Card) -> str | None:
    """What makes a card impossible, so that nothing is built or allocated by its word."""
    candidate = card.candidate
    if not card.class_names:
        return "it names no classes"
    if get_modality(candidate.modality).task != card.task:
        return f"{candidate.name!r} does not fit the task {card.task!r}"
    if not _is_saved_as(candidate.family, card.model_format):
        return f"a model of the family {candidate.family!r} is not saved as {card.model_format!r}"
    if not 0 <= candidate.input_size <= LARGEST_INPUT:
        return f"inputs of size {candidate.input_size}"
    if not 1 <= card.members <= MOST_MEMBERS:
        return f"{card.members} members"
    return get_modality(candidate.modality).trouble(candidate)


def _is_saved_as(name: str, model_format: ModelFormat) -> bool:
    """Whether models of a family are saved in a form: its own, or any that networks can be put into."""
    family = get_family(name)
    return model_format == family.native or (family.network and model_format in OF_NETWORKS)
