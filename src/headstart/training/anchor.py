"""The pull of pretrained weights back to where they started (L2-SP, Li 2018, arXiv 1802.01483, equation 3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from headstart.models import Network


class Anchor:
    """Adds the gradient of strength / 2 * ||w - w0||^2 over the stages that move.

    The head has no start worth keeping; its weights decay towards zero as usual.

    Args:
        network: With the weights w0.
        moving: Indices of the stages that move.
        strength: Of the pull; 0 does nothing.
    """

    def __init__(self, network: Network, moving: Sequence[int], strength: float) -> None:
        self.strength = strength
        held = [p for stage in moving for p in network.stages[stage].parameters() if p.requires_grad]
        self._pairs = [(p, p.detach().clone()) for p in held] if strength else []

    @torch.no_grad()
    def pull(self) -> None:
        """Add to the gradients of the last backward pass."""
        for parameter, start in self._pairs:
            if parameter.grad is not None:
                parameter.grad.add_(parameter - start, alpha=self.strength)
