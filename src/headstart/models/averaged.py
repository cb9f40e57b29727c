"""Several networks as one that predicts the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from headstart.models.network import Network


class Average(nn.Module):
    """Networks whose probabilities are averaged.

    Attributes:
        networks: At least one, of the same classes and inputs.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Logits (B, classes) whose softmax is the mean of the members' probabilities."""
        log_shares = torch.stack([network(**batch).float().log_softmax(-1) for network in self.networks])
        return log_shares.logsumexp(0) - torch.log(torch.tensor(float(len(self.networks))))


def averaged(networks: Sequence[Network]) -> Network:
    """One network of several; its stages are those of all of them, member by member."""
    stages = tuple(stage for network in networks for stage in network.stages)
    heads = nn.ModuleList([network.head_module for network in networks])
    return Network(Average(networks), networks[0].candidate, heads, stages)


def members_of(network: Network) -> tuple[Network, ...]:
    """The networks that an average is of; the network itself if it is none."""
    return tuple(network.module.networks) if isinstance(network.module, Average) else (network,)  # type: ignore[arg-type]
