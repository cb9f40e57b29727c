"""Adapters by peft, put into any network that can be cut into stages."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from headstart.core import SettingsError, reason_of
from headstart.models.network import Network
from headstart.models.quantised import is_four_bit, plain_layer

if TYPE_CHECKING:
    from peft import PeftConfig

NAME = "default"  # peft's own name for a single adapter


def adaptable_layers(network: Network, *, convolutions: bool = True) -> list[str]:
    """Dotted names of the linear (and convolution) layers inside the stages, from input to output.

    Grouped convolutions are left out: a low-rank update does not split over their groups.

    Raises:
        SettingsError: There is none.
    """
    inside = {id(part) for stage in network.stages for module in stage.modules for part in module.modules()}
    kinds = (nn.Linear, nn.Conv2d) if convolutions else (nn.Linear,)
    found = [
        name
        for name, part in network.module.named_modules()
        if isinstance(part, kinds) and id(part) in inside and getattr(part, "groups", 1) == 1
    ]
    if not found:
        raise SettingsError(
            f"{network.candidate.name} has no linear or convolution layer outside its head for adapters",
            place="--strategy",
            hint="linear_probe, full_finetune and partial_finetune need none",
        )
    return found


def narrowing_layers(network: Network, names: Sequence[str]) -> list[str]:
    """Those of the layers that map to fewer channels than they read, as the second half of a feed-forward block."""
    widths = {name: _widths(network.module.get_submodule(name)) for name in names}
    return [name for name, (inputs, outputs) in widths.items() if outputs < inputs]


def _widths(layer: nn.Module) -> tuple[int, int]:
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    assert isinstance(layer, nn.Conv2d)
    return layer.in_channels, layer.out_channels


def adapt(network: Network, config: PeftConfig, seed: int) -> Network:
    """Put fresh adapters into a network; only they and the head will move.

    Args:
        network: Its module is changed in place.
        config: One of peft's; the head is added to what it saves.
        seed: Of the adapters' first values.

    Raises:
        SettingsError: peft does not take this network.
    """
    from peft import get_peft_model

    heads = head_names(network)
    cast(Any, config).modules_to_save = list(heads)  # peft adds names of its own to the list
    torch.manual_seed(seed)
    try:
        with quiet_adapters():
            module = get_peft_model(network.module, config)
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, RuntimeError) as error:
        method = str(getattr(config.peft_type, "value", config.peft_type)).lower()
        raise SettingsError(
            f"{method} does not apply to {network.candidate.name}: {reason_of(error)}",
            place="--strategy",
            hint="lora applies to every network with linear or convolution layers",
        ) from None
    return wrap(module, network, heads)


@contextlib.contextmanager
def quiet_adapters() -> Iterator[None]:
    """Leave out peft's warnings, which are advice for people who call it by hand."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def wrap(module: nn.Module, network: Network, heads: Sequence[str]) -> Network:
    """A peft model as a network with the stages of the plain one.

    Args:
        module: What peft made.
        network: What it was made from.
        heads: Dotted names of the head's layers in the plain module, see :func:`head_names`.
    """
    base: Any = module.base_model
    trained: Any = base.model if hasattr(base, "model") else base
    copies: list[nn.Module] = [trained.get_submodule(name).modules_to_save[NAME] for name in heads]
    head = copies[0] if len(copies) == 1 else nn.ModuleList(copies)
    owned = {id(parameter) for parameter in head.parameters()}
    added = tuple(p for p in module.parameters() if p.requires_grad and id(p) not in owned)
    return Network(module, network.candidate, head, network.stages, added)


def head_names(network: Network) -> list[str]:
    """Dotted names of the layers that make up the head."""
    head = network.head_module
    parts = {id(head)} if not isinstance(head, nn.ModuleList) else {id(child) for child in head}
    return [name for name, part in network.module.named_modules() if id(part) in parts]


def packed_layers(network: Network) -> dict[str, nn.Module]:
    """Layers of the adapted network whose frozen weights are in four bits, by their names before adapters came."""
    base: Any = network.module.base_model if hasattr(network.module, "base_model") else None
    named = base.model.named_modules() if hasattr(base, "model") else ()
    return {name: part for name, part in named if is_four_bit(getattr(part, "base_layer", nn.Identity()))}


def _unpacked(network: Network) -> None:
    """Put layers without quantisation, adapters folded in, where packed ones are: packed again they would lose some."""
    model: Any = cast(Any, network.module).base_model.model
    for name, part in packed_layers(network).items():
        layer: Any = part
        model.set_submodule(name, plain_layer(layer.base_layer, layer.get_delta_weight(NAME).detach()))
    model.is_loaded_in_4bit = model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def merged(network: Network) -> Network:
    """The network with its adapters folded into its weights: the same predictions, no peft needed.

    Raises:
        SettingsError: These adapters cannot be folded in.
    """
    if not isinstance(network, Network) or not hasattr(network.module, "merge_and_unload"):
        raise SettingsError("there are no adapters that could be merged into the weights", hint="Keep it as it is")
    heads = network.head_module
    if packed_layers(network):
        _unpacked(network)
    module: nn.Module = cast(Any, network.module).merge_and_unload()
    own = {id(part): part for part in module.modules()}
    kept = [part for part in (heads if isinstance(heads, nn.ModuleList) else [heads]) if id(part) in own]
    return Network(module, network.candidate, nn.ModuleList(kept) if len(kept) > 1 else None, network.stages)
