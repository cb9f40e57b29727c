"""A candidate as a record: what one could start from, with the facts needed to use it."""

from __future__ import annotations

from collections.abc import Mapping

from headstart.core import Record
from headstart.modalities.image.pixels import IMAGENET_MEAN, IMAGENET_STD, Resize


class Candidate(Record):
    """A model one could start from, or an architecture without weights.

    Attributes:
        name: ``builtin:NAME``, ``timm:NAME``, ``arch:FACTORY``, a local folder or a hub id: what the user writes.
        modality: Name of the modality, as in ``image``.
        family: Which file of ``models/families`` builds, saves and loads it.
        has_weights: Whether there is pretraining to transfer.
        missing: Why there is none, where there could be.
        weights_hash: Content hash of the weights, or of the architecture's name and version.
        folder: Where its files lie, if anywhere.
        resize: How images become squares (images only).
        mean, std: Of the pixels that it was trained on, for each colour (images only).
        input_size: How much of an example it reads in the modality's unit, such as pixels of a side or tokens.
        settings: What else its modality or family must know to read an example, such as a sample rate.
        least_size: Native size of a data set from which it stands in every study; see
            :class:`~headstart.data.Content`.
        architecture: The same for candidates that differ in nothing but their weights; empty if not known.
        licence: As the model states it.
    """

    name: str
    modality: str
    family: str
    has_weights: bool
    missing: str = ""
    weights_hash: str
    folder: str | None = None
    resize: Resize | None = None
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    input_size: int
    settings: Mapping[str, int | float | str | bool] = {}
    least_size: int = 0
    architecture: str = ""
    licence: str | None = None
