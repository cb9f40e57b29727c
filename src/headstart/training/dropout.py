"""Dropout whose masks come from a fast generator: on a CPU torch draws them on one thread, number by number.

A quarter of a step of a small text encoder goes into that. Here sixteen random bits decide about a value, four values
a draw, so that the share left out is right to 1/65,536 (the layer itself: Srivastava 2014, JMLR 15, section 10).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

LEVELS = 2**16
LOWEST = -(2**15)  # torch compares signed numbers only


class FastDropout(TorchFunctionMode):
    """Draws the masks of every ``torch.nn.functional.dropout`` that happens on a CPU inside the context.

    They are a function of seed and step, so that a run that goes on from a checkpoint has those of an uninterrupted
    one; the number of threads does not matter.

    Args:
        seed: Of the run.
        step: Which step this is.
    """

    def __init__(self, seed: int, step: int) -> None:
        super().__init__()
        self._bits = np.random.SFC64([seed, step])

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Answer for dropout; let everything else be."""
        if func is F.dropout:
            return self._dropout(func, *args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(
        self,
        func: Callable[..., Any],
        input: torch.Tensor,  # noqa: A002 - torch's name
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
    ) -> Any:
        if not training or not 0 < p < 1 or inplace or input.device.type != "cpu":
            return func(input, p, training, inplace)
        return input * self.mask(input.shape, p).to(input.dtype).mul_(1 / (1 - p))

    def mask(self, shape: torch.Size, p: float) -> torch.Tensor:
        """Whether each value stays: boolean, of ``shape``, true with probability 1 - p."""
        count = shape.numel()
        bits = self._bits.random_raw(-(-count // 4)).view(np.int16)[:count]
        return torch.from_numpy(bits).ge(LOWEST + round(p * LEVELS)).view(shape)


def fast_dropout(network: nn.Module, seed: int) -> Callable[[int], AbstractContextManager[Any]]:
    """A context for each step; one that does nothing where the network has no dropout, or is not on a CPU."""
    drops = any(isinstance(module, nn.Dropout) and module.p > 0 for module in network.modules())
    on_cpu = next(network.parameters()).device.type == "cpu"
    return (lambda step: FastDropout(seed, step)) if drops and on_cpu else lambda step: nullcontext()
