"""Stages that are reinitialised inside a pretrained network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from headstart.models.network import Network, build
from headstart.models.own import reset


def draw_anew(network: Network, stages: Sequence[int], seed: int) -> None:
    """Give stages the random weights and statistics with which training from scratch would begin.

    Args:
        network: Changed in place.
        stages: Indices of the stages.
        seed: Of the draw.

    Raises:
        SettingsError: Nothing tells how the layers of a user's own network begin.
    """
    if network.candidate.family in ("transformers", "timm"):
        names = tuple(str(index) for index in range(network.head.out_features))
        other = build(network.candidate, names, weights="random", seed=seed)
        for index in stages:
            _copy(other.stages[index].modules, network.stages[index].modules)
        return
    torch.manual_seed(seed)
    for index in stages:
        for module in network.stages[index].modules:
            reset(module, network.candidate.name)


@torch.no_grad()
def _copy(source: Sequence[nn.Module], target: Sequence[nn.Module]) -> None:
    for new, old in zip(source, target, strict=True):
        old.load_state_dict(new.state_dict())
