"""Which parameters move, how fast, and how the rate changes over the steps."""

from __future__ import annotations

import math

import torch
from torch import nn

from headstart.core import Recipe
from headstart.models import Network
from headstart.strategies import ParameterGroup, Train


def moving_stages(network: Network, phase: Train) -> tuple[ParameterGroup, ...]:
    """The phase's groups with every stage index made non-negative.

    Raises:
        IndexError: The network has fewer stages than the phase names.
    """
    count = len(network.stages)
    groups = phase.groups if phase.groups is not None else (ParameterGroup(tuple(range(count))),)
    resolved = []
    for group in groups:
        if any(not -count <= stage < count for stage in group.stages):
            raise IndexError(f"the network has {count} stages, the strategy names {group.stages}")
        resolved.append(ParameterGroup(tuple(stage % count for stage in group.stages), group.rate_factor))
    return tuple(resolved)


def freeze(network: Network, phase: Train) -> list[nn.Module]:
    """Freeze every stage that the phase does not move.

    Returns:
        The frozen modules, which must stay in eval mode so that their running statistics stay too.
    """
    moving = {stage for group in moving_stages(network, phase) for stage in group.stages}
    frozen: list[nn.Module] = []
    for index, stage in enumerate(network.stages):
        for parameter in stage.parameters():
            parameter.requires_grad_(index in moving)
        if index not in moving:
            frozen.extend(stage.modules)
    for parameter in network.head_module.parameters():
        parameter.requires_grad_(True)
    return frozen


def build_optimizer(network: Network, phase: Train, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW over exactly the parameters that move.

    Norms and biases are not decayed (as is usual since He 2019, arXiv 1812.01187). Each group carries
    ``peak``, the rate it reaches after warm-up.
    """
    groups = []
    for group in moving_stages(network, phase):
        parameters = [p for stage in group.stages for p in network.stages[stage].parameters()]
        groups += _split_decay(parameters, recipe.learning_rate * group.rate_factor, recipe.weight_decay)
    head = list(network.head_module.parameters())
    groups += _split_decay(head, recipe.learning_rate * recipe.head_rate, recipe.weight_decay)
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)  # half the time of a small step


def _split_decay(parameters: list[nn.Parameter], rate: float, decay: float) -> list[dict]:
    decayed = [p for p in parameters if p.requires_grad and p.ndim > 1]
    plain = [p for p in parameters if p.requires_grad and p.ndim <= 1]
    pairs = ((decayed, decay), (plain, 0.0))
    return [{"params": group, "weight_decay": wd, "lr": rate, "peak": rate} for group, wd in pairs if group]


def rate_share(step: int, steps: int, warmup: float) -> float:
    """Share of the peak rate at a step: linear warm-up, then a cosine to zero (Loshchilov & Hutter 2017)."""
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
