"""A user's own architecture: any callable that takes a number of classes and returns a module."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable

import torch
from torch import nn

from headstart.core import SettingsError, reason_of
from headstart.modalities import Candidate, get_modality
from headstart.models.code import code_hash

PREFIX = "arch:"
FORM = "Write it as package.module:factory, a callable from a number of classes to a torch module"
Factory = Callable[[int], nn.Module]


class OwnNetwork(nn.Module):
    """Gives a module its inputs by position, as people write ``forward(x)``.

    Images: (B, 3, S, S) standardised pixels. Texts: (B, L) slots of hashed words (0 is
    padding, the largest is ``HASH_SLOTS`` - 1), and their mask if ``forward`` takes a second argument.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        taken = [
            parameter
            for parameter in inspect.signature(net.forward).parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD, parameter.VAR_POSITIONAL)
        ]
        self._inputs = len(taken)

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Map a batch to logits (B, classes)."""
        logits: torch.Tensor = self.net(*list(batch.values())[: self._inputs])
        return logits


def find_factory(path: str, place: str = "--arch", form: str = FORM, *, here: bool = True) -> Factory:
    """Import a factory.

    Args:
        path: ``package.module:factory``.
        place: Where the user wrote it, for messages.
        form: How it is to be written, for messages.
        here: Search the working directory too: for what the user names, never for what a saved model names.

    Raises:
        SettingsError: There is nothing to call by that name.
    """
    module_name, _, name = path.partition(":")
    if not module_name or not name:
        raise SettingsError(f"{path!r} does not name a factory", place=place, hint=form)
    if here and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        factory: Factory = getattr(importlib.import_module(module_name), name)
    except Exception as error:  # whatever the user's module raises
        reason = reason_of(error, kind=True)
        raise SettingsError(f"{path!r} cannot be imported: {reason}", place=place, hint=form) from error
    if not callable(factory):
        raise SettingsError(f"{path!r} is a {type(factory).__name__}, not a callable", place=place, hint=form)
    return factory


def build_own(path: str, num_classes: int, *, here: bool = True) -> nn.Module:
    """Call a factory, found as by :func:`find_factory`.

    Raises:
        SettingsError: It fails, or returns no module.
    """
    try:
        net = find_factory(path, here=here)(num_classes)
    except SettingsError:
        raise
    except Exception as error:  # whatever the user's code raises
        raise SettingsError(
            f"{path}({num_classes}) fails: {reason_of(error, kind=True)}",
            place="--arch",
            hint="It is called with the number of classes alone",
        ) from error
    if not isinstance(net, nn.Module):
        raise SettingsError(f"{path} returns a {type(net).__name__}, not a torch module", place="--arch", hint=FORM)
    return OwnNetwork(net)


def check_own(candidate: Candidate, num_classes: int) -> None:
    """Run a factory's module once on made-up inputs.

    Raises:
        SettingsError: It fails, or gives something else than one logit for each class.
    """
    path = candidate.name.removeprefix(PREFIX)
    net = build_own(path, num_classes).eval()
    batch = get_modality(candidate.modality).made_up(candidate)
    given = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in batch.items())
    try:
        with torch.inference_mode():
            output = net(**batch)
    except Exception as error:  # whatever the user's code raises
        reason = reason_of(error, kind=True)
        raise SettingsError(f"{path} fails on {given}: {reason}", place="--arch", hint=FORM) from error
    shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
    if shape != (2, num_classes):
        raise SettingsError(
            f"{path} gives {shape} for {given}; wanted (2, {num_classes}), one logit for each class",
            place="--arch",
            hint="Let its last layer have as many outputs as there are classes",
        )


def reset(module: nn.Module, name: str) -> None:
    """Draw the weights of every layer as its class does when it is made.

    Raises:
        SettingsError: A layer with weights of its own does not say how they begin.
    """
    for part in module.modules():
        begin = getattr(part, "reset_parameters", None)
        if callable(begin):
            begin()
        elif any(True for _ in part.parameters(recurse=False)):
            raise SettingsError(
                f"{type(part).__name__} in {name} does not say how its weights begin",
                place="--strategy",
                hint="Give it a method reset_parameters(), or choose another strategy",
            )


def source_hash(path: str) -> str:
    """Content hash of the file that holds a factory the user names: the identity of an architecture without weights.

    Raises:
        SettingsError: There is nothing to call by that name.
    """
    find_factory(path)
    return code_hash(path)
