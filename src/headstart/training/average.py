"""An exponential moving average of the weights, which is evaluated in their place."""

from __future__ import annotations

import copy
from typing import Any

import torch

from headstart.models import Network

WARMUP = 10  # early averages forget faster, else they would hold on to the random start


class WeightAverage:
    """Averages a network's weights and buffers over the steps.

    Args:
        network: What trains.
        decay: Share that is kept at each step; 0 averages nothing.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self._network, self._decay = network, decay
        self.state: dict[str, Any] | None = copy.deepcopy(network.module.state_dict()) if decay else None

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Blend in the weights as they are after ``step``, counted from 0."""
        if self.state is None:
            return
        keep = min(self._decay, (1 + step) / (WARMUP + step))
        for name, value in self._network.module.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, 1 - keep)
            else:
                self.state[name].copy_(value)

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a stored average."""
        if self.state is not None:
            for name, value in state.items():
                self.state[name].copy_(value)

    def apply(self) -> None:
        """Give the network the averaged weights."""
        if self.state is not None:
            self._network.module.load_state_dict(self.state)
