"""A module built from scratch between a pretrained network and its head: the built-in adapter, or a user's own."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import nn

from headstart.core import SettingsError, did_you_mean, reason_of
from headstart.models.network import Network
from headstart.models.own import find_factory, source_hash

PLACE = "--set inserted"
FORM = "Write residual, or package.module:factory, a callable from a width D to a torch module from (B, D) to (B, D)"
REDUCTION = 4  # of the width in the bottleneck: there is but one adapter, so it may be wider than those of each layer
NARROWEST = 8


class ResidualAdapter(nn.Module):
    """A bottleneck beside the identity, which it begins as because its last layer starts at zero.

    Rebuffi 2017 (arXiv 1705.08045) has the residual form, Houlsby 2019 (arXiv 1902.00751, section 2) the bottleneck and
    the start near the identity. The norm makes it indifferent to the scale of the features.

    Args:
        width: D of the features.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = max(NARROWEST, width // REDUCTION)
        self.norm = nn.LayerNorm(width)
        self.down = nn.Linear(width, hidden)
        self.up = nn.Linear(hidden, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, D) to (B, D)."""
        update: torch.Tensor = self.up(F.gelu(self.down(self.norm(x))))
        return x + update


BUILT_IN: dict[str, type[nn.Module]] = {"residual": ResidualAdapter}


class BeforeHead(nn.Module):
    """The last linear layer behind an inserted module, in the place where that layer was alone."""

    def __init__(self, inserted: nn.Module, linear: nn.Linear) -> None:
        super().__init__()
        self.inserted, self.linear = inserted, linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map features (B, D) to logits (B, classes)."""
        logits: torch.Tensor = self.linear(self.inserted(x))
        return logits


def make_inserted(name: str, width: int, *, here: bool = True) -> nn.Module:
    """Build a module to insert, and run it once.

    Args:
        name: ``residual``, or ``package.module:factory``.
        width: D of the features.
        here: Search the working directory too; never for what a saved model names.

    Raises:
        SettingsError: There is none of this name, or it is no module from (B, D) to (B, D).
    """
    if name in BUILT_IN:
        return BUILT_IN[name](width)
    if ":" not in name:
        raise SettingsError(
            f"there is no module {name!r} to insert",
            place=PLACE,
            hint=f"{did_you_mean(name, BUILT_IN)} For your own write package.module:factory",
        )
    try:
        module = find_factory(name, PLACE, FORM, here=here)(width)
    except SettingsError:
        raise
    except Exception as error:  # whatever the user's code raises
        raise SettingsError(
            f"{name}({width}) fails: {reason_of(error, kind=True)}",
            place=PLACE,
            hint="It is called with the width of the features alone",
        ) from error
    if not isinstance(module, nn.Module):
        raise SettingsError(f"{name} returns a {type(module).__name__}, not a torch module", place=PLACE, hint=FORM)
    _check_shape(name, module, width)
    return module


def inserted_source(name: str) -> str:
    """Content hash of the file that a user's own module to insert comes from; empty for a built-in one or none."""
    return source_hash(name) if ":" in name else ""


def _check_shape(name: str, module: nn.Module, width: int) -> None:
    was_training = module.training
    try:
        with torch.no_grad():
            output = module.eval()(torch.zeros(2, width))
    except Exception as error:  # whatever the user's code raises
        raise SettingsError(
            f"{name} fails on features (2, {width}): {reason_of(error, kind=True)}", place=PLACE, hint=FORM
        ) from error
    module.train(was_training)
    shape = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
    if shape != (2, width):
        raise SettingsError(
            f"{name} gives {shape} for features (2, {width}); wanted the same shape",
            place=PLACE,
            hint="Let its last layer have as many outputs as the width that the factory is called with",
        )


def insert(network: Network, name: str, seed: int, *, here: bool = True) -> Network:
    """Put a fresh module before the last linear layer; it counts as part of the head, so that the stages stay.

    Args:
        network: Its module is changed in place.
        name: As for :func:`make_inserted`.
        seed: Of the module's first values.
        here: As for :func:`make_inserted`.

    Returns:
        The network with the wider head; the same one where there is an inserted module already.

    Raises:
        SettingsError: The module cannot be built, or the network has adapters, whose form has no place for it.
    """
    if inserted_in(network) is not None:
        return network
    if hasattr(network.module, "peft_config"):
        raise SettingsError("adapters and an inserted module do not go together", place=PLACE, hint="Choose one")
    head = network.head
    torch.manual_seed(seed)
    behind = BeforeHead(make_inserted(name, head.in_features, here=here).to(head.weight.device), head)
    parent, _, last = next(path for path, part in network.module.named_modules() if part is head).rpartition(".")
    setattr(network.module.get_submodule(parent), last, behind)
    head_module = network.head_module
    if head_module is head:
        head_module = behind
    elif isinstance(head_module, nn.ModuleList):  # a list of our own, which the network does not know
        head_module = nn.ModuleList([behind if part is head else part for part in head_module])
    return Network(network.module, network.candidate, head_module, network.stages, network.added)


def inserted_in(network: Network) -> nn.Module | None:
    """The module before the last linear layer that :func:`insert` put there, if any."""
    behind = next((part for part in network.head_module.modules() if isinstance(part, BeforeHead)), None)
    return None if behind is None else behind.inserted


def without_inserted(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a network's module as they were called before anything was inserted, without what was."""
    state = cast("dict[str, torch.Tensor]", module.state_dict())
    for name, part in module.named_modules():
        if isinstance(part, BeforeHead):
            outer = f"{name}." if name else ""
            inserted, linear = f"{outer}inserted.", f"{outer}linear."
            state = {
                outer + key.removeprefix(linear) if key.startswith(linear) else key: value
                for key, value in state.items()
                if not key.startswith(inserted)
            }
    return state
