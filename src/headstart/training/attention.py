"""The kernel of attention that is the faster one at the lengths of a trial, on a CPU.

torch's fused kernel saves the memory of the attention matrix, which few tokens do not need, and where a network drops
attention out it is none at all on a CPU: its mask is drawn on one thread (figures in ``bench/results/step_parts.md``).
The choice follows from the lengths alone, not from a timing, so that a trial that is run again has the same numbers.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from torch import nn

FUSED = "sdpa"
PLAIN = "eager"
SHORT = 128  # tokens, at the mean: plain products are faster up to here


class ChosenAttention:
    """Networks of transformers whose attention is computed another way for a while.

    Args:
        models: They compute attention by torch's fused kernel.
    """

    def __init__(self, models: tuple[nn.Module, ...] = ()) -> None:
        self.models = models
        self._set(PLAIN)

    @classmethod
    def of(cls, network: nn.Module, lengths: np.ndarray) -> ChosenAttention:
        """Plain products for short inputs.

        Args:
            network: On the device where it trains.
            lengths: Of the examples to learn from (n,), in tokens.
        """
        from transformers import PreTrainedModel

        on_cpu = next(network.parameters()).device.type == "cpu"
        if not on_cpu or not len(lengths) or lengths.max() <= 1 or lengths.mean() > SHORT:
            return cls()
        models = [module for module in network.modules() if isinstance(module, PreTrainedModel)]
        fused = [model for model in models if model.config._attn_implementation == FUSED]
        inner = {id(part) for model in fused for part in model.modules() if part is not model}
        return cls(tuple(model for model in fused if id(model) not in inner))

    def finish(self) -> None:
        """Compute attention as before."""
        self._set(FUSED)
        self.models = ()

    def _set(self, kernel: str) -> None:
        for model in self.models:
            cast(Any, model).set_attn_implementation(kernel)
