"""Weights of one module in a safetensors file, checked against their size before anything is built by its word."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import nn

from headstart.models.inserted import without_inserted

REPEATED = ("layers", "depth", "blocks")  # words in settings that count modules, each of which has weights


@dataclass(frozen=True)
class Held:
    """What a file of weights holds.

    Attributes:
        shapes: Of each tensor, by name.
    """

    shapes: dict[str, tuple[int, ...]]

    @property
    def elements(self) -> int:
        """Numbers in all."""
        return sum(prod(shape) for shape in self.shapes.values())


def held_in(*files: Path) -> Held:
    """Read the headers of files, not their weights."""
    from safetensors import safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for file in files:
        with safe_open(file, "pt") as opened:
            shapes |= {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}
    return Held(shapes)


def on_cpu(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights as files want them, while the module (which others may share) stays where and as it is."""
    found: dict[str, torch.Tensor] = {}
    places: set[int] = set()
    for name, value in without_inserted(module).items():
        tensor = value.detach().to("cpu").contiguous()
        found[name] = tensor.clone() if tensor.data_ptr() in places else tensor  # safetensors takes no shared memory
        places.add(tensor.data_ptr())
    return found


def write_module(module: nn.Module, file: Path, kind: str = "") -> None:
    """Write a module's weights, with what its class must be called with."""
    from safetensors.torch import save_file

    settings = {"kind": kind, "settings": json.dumps(getattr(module, "settings", {}))}
    save_file(on_cpu(module), file, metadata=settings)


def read_module(file: Path, kinds: Mapping[str, Callable[..., nn.Module]]) -> nn.Module:
    """Build a module from the settings in a safetensors file, then fill it.

    Raises:
        ValueError: The settings ask for another module than the file has weights for. That is found out without
            memory for its weights.
    """
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        metadata = opened.metadata() or {}
    kind, settings = metadata.get("kind", ""), json.loads(metadata.get("settings", "null"))
    held = held_in(file)
    if kind not in kinds or not isinstance(settings, dict):
        raise ValueError(f"{file.name} does not say what it is")
    check_counts(settings, held, file.name)
    with torch.device("meta"):
        check_shapes(kinds[kind](**settings), held, file.name)
    module = kinds[kind](**settings)
    fill(module, file)
    return module


def check_counts(settings: Any, held: Held, name: str, word: str = "") -> None:
    """Compare every size in settings with the weights that there are.

    Raises:
        ValueError: One is negative, or larger than any network of these weights could have.
    """
    if isinstance(settings, dict):
        for key, value in settings.items():
            check_counts(value, held, name, str(key))
    elif isinstance(settings, list):
        for value in settings:
            check_counts(value, held, name, word)
    elif isinstance(settings, int):
        most = len(held.shapes) if any(part in word for part in REPEATED) else max(held.elements, 2**16)
        if not 0 <= settings <= most:
            raise ValueError(f"{name} holds {held.elements:,} numbers, which is not enough for {word} {settings}")


def check_shapes(module: nn.Module, held: Held, name: str) -> None:
    """Compare a module, which may be without memory, with the weights that there are.

    Raises:
        ValueError: They are those of another module.
    """
    for key, value in module.state_dict().items():
        if held.shapes.get(key) != tuple(value.shape):
            raise ValueError(f"{name} has no {key} of shape {tuple(value.shape)}")


def fill(module: nn.Module, file: Path) -> None:
    """Put the weights of a file into a module that has exactly these.

    Raises:
        RuntimeError: It has others.
    """
    from safetensors.torch import load_file

    module.load_state_dict(load_file(file))
