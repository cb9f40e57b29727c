"""Pretrained networks whose weights come inside packages, built from this project's own code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from headstart.core import SourceError, reason_of
from headstart.data import Content
from headstart.modalities import Candidate, Inputs, Modality, get_modality
from headstart.modalities.packaged import WEIGHTS, Packaged
from headstart.models.families.base import Family
from headstart.models.families.tokenizer import encode_tokens, write_tokenizer
from headstart.models.network import Network
from headstart.models.stages import last_linear


class PackagedFamily(Family):
    """Networks of a modality's catalogue :attr:`~headstart.modalities.Modality.packaged`."""

    name = "packaged"
    pretrained = True

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """Those whose package is installed."""
        return tuple(
            entry.name for entry in modality.packaged.values() if (every or entry.always) and entry.found() is not None
        )

    def absent(self, modality: Modality) -> tuple[tuple[str, str], ...]:
        """Those whose package is not."""
        return tuple(
            (entry.name, f"not installed: {entry.install}")
            for entry in modality.packaged.values()
            if entry.always and entry.found() is None
        )

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """An entry of the catalogue."""
        entry = modality.packaged.get(name)
        if entry is None:
            return None
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=True,
            weights_hash=entry.weights_hash,
            folder=str(entry.folder()),
            licence=entry.licence,
            architecture=f"{entry.package} {entry.identity}",
            least_size=entry.least_size,
            **entry.fields,
        )

    def about(self, candidate: Candidate) -> dict[str, str]:
        """The package, and the catalogue's card."""
        entry = self._entry(candidate)
        return {"source": f"from {entry.package} {entry.version}", "card": entry.card}

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Tokens by the tokenizer beside the weights; anything else as the modality does."""
        if get_modality(candidate.modality).tokens:
            return encode_tokens(candidate, content.load(range(len(content))))
        return super().encode(candidate, content)

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """The same for new examples."""
        if get_modality(candidate.modality).tokens:
            return encode_tokens(candidate, items)
        return super().encode_items(candidate, items)

    def write_reader(self, candidate: Candidate, folder: Path) -> None:
        """The tokenizer, for what reads tokens."""
        if get_modality(candidate.modality).tokens:
            write_tokenizer(candidate, folder)

    def write_body(self, network: Network, candidate: Candidate, file: Path) -> None:
        """With what its inputs are read with."""
        super().write_body(network, candidate, file)
        self.write_reader(candidate, file.parent)

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """The network with a fresh head; its body is the published one or random."""
        module = self._entry(candidate).build(len(class_names), candidate.input_size)
        if weights == "pretrained":
            self._fill(module, candidate)
        return Network(module, candidate)

    def renew(self, network: Network, stages: Sequence[int], seed: int) -> None:
        """From another network, whose constructor draws the weights."""
        self.renew_from_another(network, stages, seed)

    def _entry(self, candidate: Candidate) -> Packaged:
        return get_modality(candidate.modality).packaged[candidate.name]

    def _fill(self, module: nn.Module, candidate: Candidate) -> None:
        """Load everything but the head, which stays as it was drawn.

        Raises:
            SourceError: The cached file is damaged.
        """
        from safetensors.torch import load_file

        file = self._entry(candidate).folder() / WEIGHTS
        head, _ = last_linear(module)
        try:
            held = {name: value for name, value in load_file(file).items() if not name.startswith(f"{head}.")}
            missing, unexpected = module.load_state_dict(held, strict=False)
            lacking = [name for name in missing if not name.startswith(f"{head}.")]
            if lacking or unexpected:
                raise ValueError(f"it lacks {', '.join(lacking[:3]) or 'nothing'}")
        except Exception as error:
            raise SourceError(
                f"the converted weights of {candidate.name} cannot be read: {reason_of(error)}",
                place=str(file),
                hint="Delete this folder; it is made again",
            ) from None
