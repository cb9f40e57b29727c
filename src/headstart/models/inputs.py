"""Examples in the form of a candidate: its family knows how, or leaves it to the modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headstart.data import LabelledData
from headstart.modalities import Batch, Candidate, Inputs, ItemInputs, inputs_on
from headstart.models.families import get_family

__all__ = ["Batch", "Inputs", "ItemInputs", "encode", "encode_items", "inputs_on"]


def encode(candidate: Candidate, data: LabelledData) -> Inputs:
    """Put a whole data set into the form a candidate reads."""
    return get_family(candidate.family).encode(candidate, data.content)


def encode_items(candidate: Candidate, items: Sequence[Any]) -> Inputs:
    """Put new examples into that form, such as texts, or files and bytes of pictures.

    Raises:
        DataError: One cannot be read.
        SourceError: The candidate lacks what it reads them with.
    """
    return get_family(candidate.family).encode_items(candidate, items)
