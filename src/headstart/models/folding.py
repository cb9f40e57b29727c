"""Networks that only read: norms whose statistics stand still become part of the convolutions before them."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from headstart.modalities import Batch
from headstart.models.network import Network

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
TOLERANCE = 1e-4  # of the largest feature: beyond it, something else reads what a convolution gives


def folded(network: Network, batch: Batch) -> Network:
    """A copy of a frozen network that gives the same features in fewer operations.

    In eval mode a batch norm multiplies and shifts each channel by constants, which a convolution right before it can
    do with other weights (Jacob 2018, arXiv 1712.05877, section 3.2). Which norm follows which convolution is seen on
    a batch; that the features are the same is tried on it.

    Args:
        network: In eval mode; it stays as it is.
        batch: Examples in its form, on its device.

    Returns:
        The copy, for features alone: a head that trains, or a file, needs the network itself. The network where
        nothing can be folded.
    """
    if not any(isinstance(module, NORMS) for module in network.modules()):  # large text encoders need no copy
        return network
    made = copy.deepcopy(network).eval()
    with torch.inference_mode():
        wanted = network.features(**batch)
    pairs = _pairs(made, batch)
    if not pairs:
        return network
    for convolution, norm in pairs:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        norm.forward = _as_it_is
    with torch.inference_mode():
        found = made.features(**batch)
    same = torch.allclose(found, wanted, rtol=0, atol=TOLERANCE * float(wanted.abs().max()))
    return made if same else network


def _as_it_is(values: torch.Tensor) -> torch.Tensor:
    return values


def _pairs(network: Network, batch: Batch) -> list[tuple[Any, Any]]:
    """Convolutions and the norms that read what they give, both of which run once."""
    given: dict[int, tuple[nn.Module, torch.Tensor]] = {}  # by output, which is kept so that no other has its address
    read_by: dict[nn.Module, nn.Module] = {}
    runs: Counter[nn.Module] = Counter()

    def note(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        runs[module] += 1
        if isinstance(module, CONVOLUTIONS):
            given[id(output)] = module, output
        elif inputs and id(inputs[0]) in given:
            read_by[module] = given[id(inputs[0])][0]

    hooks = [
        module.register_forward_hook(note) for module in network.modules() if isinstance(module, CONVOLUTIONS + NORMS)
    ]
    try:
        with torch.no_grad():
            network.features(**batch)
    finally:
        for hook in hooks:
            hook.remove()
    return [
        (convolution, norm)
        for norm, convolution in read_by.items()
        if runs[norm] == runs[convolution] == 1 and getattr(norm, "running_mean", None) is not None
        if not norm._forward_hooks and not norm._forward_pre_hooks
    ]
