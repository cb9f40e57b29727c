"""A user's own architecture, named by its factory."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from headstart.core import SettingsError
from headstart.modalities import Candidate, Modality
from headstart.models.code import check_code
from headstart.models.families.base import Family
from headstart.models.network import Network
from headstart.models.own import PREFIX, build_own, check_own, find_factory, reset, source_hash
from headstart.models.stages import last_linear


class OwnFamily(Family):
    """Networks of a user's factory; it may say an ``input_size``, and that it brings weights (``pretrained``)."""

    name = "own"
    runs_code = True

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """Names that begin with ``arch:``."""
        if not name.startswith(PREFIX):
            return None
        path = name.removeprefix(PREFIX)
        factory = find_factory(path)
        size = getattr(factory, "input_size", None)
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=bool(getattr(factory, "pretrained", False)),
            weights_hash=source_hash(path),
            **(modality.adapted(native_size) if size is None else modality.sized(int(size))),
        )

    def check(self, candidate: Candidate, classes: int) -> None:
        """Run the module once on made-up inputs."""
        check_own(candidate, classes)

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """Whatever the factory brings, the head starts fresh, and from scratch so does all the rest."""
        seed = torch.initial_seed()
        network = self._network(candidate, len(class_names))
        if candidate.has_weights:
            torch.manual_seed(seed)
            reset(network.head if weights == "pretrained" else network.module, candidate.name)
        return network

    def read_body(self, candidate: Candidate, class_names: tuple[str, ...], file: Path, allow_code: bool) -> Network:
        """Call the factory, if that is allowed and it is the same; never search the working directory for it."""
        from headstart.models.formats.weights import fill

        check_code(candidate.name.removeprefix(PREFIX), candidate.weights_hash, allow_code=allow_code)
        network = self._network(candidate, len(class_names), here=False)
        if file.exists():  # adapters bring the module's own weights along with the code
            fill(network.module, file)
        return network

    def _network(self, candidate: Candidate, classes: int, *, here: bool = True) -> Network:
        module = build_own(candidate.name.removeprefix(PREFIX), classes, here=here)
        return Network(module, candidate, _head(module))


def _head(module: nn.Module) -> nn.Module:
    try:
        return last_linear(module)[1]
    except ValueError as error:
        raise SettingsError(str(error), place="--arch", hint="Let the architecture end in a torch.nn.Linear") from None
