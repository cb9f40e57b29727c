"""The networks without pretraining that modalities bring.

A smaller model sized to the data is one of the real advantages of training from scratch, so these are arms of their
own. At least one of each modality stands in every study; the others are compared when asked for.
"""

from __future__ import annotations

from pathlib import Path

from headstart.modalities import Candidate, Modality, get_modality
from headstart.models.families.base import Family
from headstart.models.network import Network


class CompactFamily(Family):
    """Networks of a modality's table :attr:`~headstart.modalities.Modality.scratch`."""

    name = "compact"

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """Those of the modality."""
        return tuple(name for name, made in modality.scratch.items() if every or made.always)

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """A network made for the data's size."""
        if name not in modality.scratch:
            return None
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=False,
            weights_hash=modality.scratch[name].identity,
            licence="Apache-2.0",
            **modality.adapted(native_size),
        )

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """The network at the candidate's input size."""
        made = get_modality(candidate.modality).scratch[candidate.name]
        more = get_modality(candidate.modality).made_with(candidate)
        return Network(made.build(len(class_names), candidate.input_size, **more), candidate)

    def read_body(self, candidate: Candidate, class_names: tuple[str, ...], file: Path, allow_code: bool) -> Network:
        """By the settings that lie in the file, so that other defaults change no saved model."""
        from headstart.models.formats.weights import read_module

        made = get_modality(candidate.modality).scratch[candidate.name]
        return Network(read_module(file, {"": made.build}), candidate)
