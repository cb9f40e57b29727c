"""Pretrained networks of pictures that look at series drawn as pictures: ``picture:`` and the name of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headstart.data import Content
from headstart.modalities import Candidate, Inputs, Modality, get_modality
from headstart.modalities.image.inputs import PixelInputs
from headstart.modalities.series.drawing import drawings
from headstart.models.families.base import Family
from headstart.models.families.registry import families, get_family
from headstart.models.network import Network

PREFIX = "picture:"
DRAWN = "series"  # the modality that can be drawn
LIBRARY = "library"  # setting of a candidate: the family that builds the network
SIZE = 64  # pixels of a side from which drawings are made, where the network does not say more


class DrawingFamily(Family):
    """Networks of pictures by the families that bring them, with drawings in between."""

    name = "drawings"
    pretrained = True

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """Starts for pictures that are here."""
        if modality.name != DRAWN:
            return ()
        image = get_modality("image")
        return tuple(
            f"{PREFIX}{name}"
            for family in families()
            if family.pretrained and family.name != self.name
            for name in family.names(image, every=every)
        )

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """Names that begin with ``picture:``, with whatever the families of pictures know behind it."""
        if modality.name != DRAWN or not name.startswith(PREFIX):
            return None
        image = get_modality("image")
        for family in families():
            if family.name == self.name:
                continue
            found = family.resolve(name.removeprefix(PREFIX), image, SIZE)
            if found is not None:
                settings = {**modality.adapted(native_size)["settings"], LIBRARY: found.family}
                return found.model_copy(
                    update={
                        "name": name,
                        "modality": modality.name,
                        "family": self.name,
                        "weights_hash": f"drawn-1-{found.weights_hash}",
                        "settings": settings,
                    }
                )
        return None

    def check(self, candidate: Candidate, classes: int) -> None:
        """As the network's own family does."""
        self._library(candidate).check(_of_pictures(candidate), classes)

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Draw all series."""
        return self.encode_items(candidate, content.load(range(len(content))))

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Draw new series."""
        assert candidate.resize is not None
        return PixelInputs(drawings(items, candidate.resize.size), candidate)

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """The network of pictures."""
        built = self._library(candidate).build(_of_pictures(candidate), class_names, weights, with_head)
        return _for(built, candidate)

    def renew(self, network: Network, stages: Sequence[int], seed: int) -> None:
        """By the rules of the network's own library."""
        self.renew_from_another(network, stages, seed)

    def write_body(self, network: Network, candidate: Candidate, file: Path) -> None:
        """As the network's own family does."""
        self._library(candidate).write_body(network, _of_pictures(candidate), file)

    def read_body(self, candidate: Candidate, class_names: tuple[str, ...], file: Path, allow_code: bool) -> Network:
        """As the network's own family does."""
        read = self._library(candidate).read_body(_of_pictures(candidate), class_names, file, allow_code)
        return _for(read, candidate)

    def _library(self, candidate: Candidate) -> Family:
        return get_family(str(candidate.settings[LIBRARY]))


def _of_pictures(candidate: Candidate) -> Candidate:
    """The candidate as the network's own family knows it."""
    return candidate.model_copy(
        update={
            "name": candidate.name.removeprefix(PREFIX),
            "modality": "image",
            "family": str(candidate.settings[LIBRARY]),
            "weights_hash": candidate.weights_hash.removeprefix("drawn-1-"),
        }
    )


def _for(network: Network, candidate: Candidate) -> Network:
    return Network(network.module, candidate, network.head_module, network.stages, network.added)
