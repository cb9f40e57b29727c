"""How fast each parameter moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from headstart.core import Recipe
from headstart.models import Network, inserted_in

ROUNDING = 1e-6  # as in torch.nn.utils.clip_grad_norm_


def clip_and_step(optimizer: torch.optim.Optimizer, most: float) -> None:
    """Do one step with gradients whose norm is at most ``most`` (Pascanu 2013, arXiv 1211.5063).

    The fused step divides gradients by a scale while it reads them; a pass of its own over all of them is saved.

    Args:
        optimizer: From :func:`build_optimizer`, perhaps wrapped by accelerate.
        most: Norm of all gradients together.
    """
    inner: Any = getattr(optimizer, "optimizer", optimizer)
    gradients = [p.grad for group in inner.param_groups for p in group["params"] if p.grad is not None]
    if gradients:
        norm = torch.nn.utils.get_total_norm(gradients)
        inner.grad_scale = ((norm + ROUNDING) / most).clamp(min=1.0).float()
    optimizer.step()


def build_optimizer(network: Network, moving: Sequence[int], recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW over exactly the parameters that move.

    Norms and biases are not decayed (as is usual since He 2019, arXiv 1812.01187). With ``layer_decay`` d, the
    stage that lies k places before the head moves at d^k times the rate (Clark 2020, arXiv 2003.10555, section
    3.1; Bao 2021, arXiv 2106.08254). An inserted module has a rate of its own. Each group carries ``peak``, the rate
    it reaches after warm-up.

    Args:
        network: Already frozen where it shall stay.
        moving: Indices of the stages that move.
        recipe: Rates and decay.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}  # by (rate, decay): few groups make fast steps

    def add(parameters: Sequence[nn.Parameter], rate: float, decay: float) -> None:
        for parameter in parameters:
            if parameter.requires_grad:
                groups.setdefault((rate, decay if parameter.ndim > 1 else 0.0), []).append(parameter)

    for stage in moving:
        factor = recipe.layer_decay ** (len(network.stages) - stage)
        # the pull towards the start takes the place of the pull towards zero
        decay = 0.0 if recipe.anchor else recipe.weight_decay
        add(network.stages[stage].parameters(), recipe.learning_rate * factor, decay)
    add(network.added, recipe.learning_rate, recipe.weight_decay)
    inserted = inserted_in(network)
    fresh = [] if inserted is None else list(inserted.parameters())
    add(fresh, recipe.learning_rate * recipe.inserted_rate, recipe.weight_decay)
    head = [parameter for parameter in network.head_module.parameters() if not any(parameter is p for p in fresh)]
    add(head, recipe.learning_rate * recipe.head_rate, recipe.weight_decay)
    settings = [
        {"params": held, "lr": rate, "peak": rate, "weight_decay": decay} for (rate, decay), held in groups.items()
    ]
    return torch.optim.AdamW(settings, lr=recipe.learning_rate, fused=True)  # half the time of a small step
