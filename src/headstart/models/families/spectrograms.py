"""Networks for images on the log-mel pictures of sounds: ``picture:NAME`` of any candidate for images.

Networks pretrained on photographs beat the same networks from random weights on spectrograms (Palanisamy 2020,
arXiv 2007.11154).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from headstart.core import Augmentation, SourceError
from headstart.data import Content
from headstart.modalities import Batch, Candidate, Inputs, Modality, get_modality
from headstart.models.families.base import Family
from headstart.models.families.registry import families, get_family
from headstart.models.network import Network

PREFIX = "picture:"
SIDE = 64  # pixels, for networks that adapt to the data
DARKEST, BRIGHTEST = -2.0, 6.0  # values of a picture that become 0 and 1; see :class:`Front`


class SquareInputs:
    """Log-mel pictures (T, bands) stretched to squares, as grey pixels standardised like photographs.

    Args:
        pictures: Inputs of the modality.
        candidate: Says side, means and deviations.
    """

    def __init__(self, pictures: Inputs, candidate: Candidate) -> None:
        self.pictures, self.candidate, self.truncated = pictures, candidate, pictures.truncated

    def __len__(self) -> int:
        return len(self.pictures)

    @cached_property
    def lengths(self) -> np.ndarray:
        """All alike."""
        return np.ones(len(self))

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather, vary as pictures of sounds, and stretch the examples ``rows``: (B, 3, S, S)."""
        side = self.candidate.input_size
        squares = []
        for row in rows:
            mels = self.pictures.batch(np.array([row]), augmentation)["mels"][:, None].transpose(2, 3)
            squares.append(torch.nn.functional.interpolate(mels.flip(2), (side, side), mode="bilinear"))
        grey = ((torch.cat(squares) - DARKEST) / (BRIGHTEST - DARKEST)).clamp(0, 1)
        mean, std = (torch.tensor(values)[:, None, None] for values in (self.candidate.mean, self.candidate.std))
        return {"pixel_values": ((grey - mean) / std).contiguous(memory_format=torch.channels_last)}


class SpectrogramFamily(Family):
    """Candidates for images, which see what sounds look like."""

    name = "spectrograms"

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """Names that begin with ``picture:``, for modalities whose examples become log-mel pictures."""
        if not name.startswith(PREFIX) or modality.name != "sound":
            return None
        inner = name.removeprefix(PREFIX)
        image = get_modality("image")
        for family in families():
            found = family.resolve(inner, image, SIDE) if family.network and family.name != self.name else None
            if found is not None:
                heard = modality.adapted(native_size)
                settings = {**heard["settings"], "within": found.family, "milliseconds": heard["input_size"]}
                return found.model_copy(
                    update={"name": name, "modality": modality.name, "family": self.name, "settings": settings}
                )
        raise SourceError(f"{name}: there is no candidate {inner!r} for images", hint="headstart models")

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Squares of all sounds."""
        return SquareInputs(get_modality(candidate.modality).encode(_heard(candidate), content), candidate)

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Squares of new sounds."""
        return SquareInputs(get_modality(candidate.modality).encode_items(_heard(candidate), items), candidate)

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """The network for images with its own head."""
        inner = _inner(candidate)
        network = get_family(inner.family).build(inner, class_names, weights, with_head)
        return Network(network.module, candidate, network.head_module, network.stages)

    def renew(self, network: Network, stages: Sequence[int], seed: int) -> None:
        """From another network, by the rules of its library."""
        self.renew_from_another(network, stages, seed)

    def write_body(self, network: Network, candidate: Candidate, file: Path) -> None:
        """As the network's own family does."""
        get_family(_inner(candidate).family).write_body(network, _inner(candidate), file)

    def read_body(self, candidate: Candidate, class_names: tuple[str, ...], file: Path, allow_code: bool) -> Network:
        """As the network's own family does."""
        inner = _inner(candidate)
        network = get_family(inner.family).read_body(inner, class_names, file, allow_code)
        return Network(network.module, candidate, network.head_module, network.stages)

    def about(self, candidate: Candidate) -> dict[str, str]:
        """What the network's own family says."""
        return get_family(_inner(candidate).family).about(_inner(candidate))


def _inner(candidate: Candidate) -> Candidate:
    """The candidate for images."""
    update = {"name": candidate.name.removeprefix(PREFIX), "modality": "image", "settings": {}}
    return candidate.model_copy(update={**update, "family": str(candidate.settings["within"])})


def _heard(candidate: Candidate) -> Candidate:
    """A candidate that reads log-mel pictures of as many milliseconds."""
    return candidate.model_copy(update={"input_size": cast(int, candidate.settings["milliseconds"])})
