"""Dropout whose masks come from a fast generator: torch draws them on one thread, number by number, on a CPU.

A quarter of a step of a small text encoder goes into that. Here sixteen random bits decide about a value, four values
a draw, so that the share left out is right to 1/65,536 (Srivastava 2014, JMLR 15, section 10, has the layer itself).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

LEVELS = 2**16
LOWEST = -(2**15)  # torch compares signed numbers only


class FastDropout(TorchFunctionMode):
    """Draws the masks of every ``torch.nn.functional.dropout`` on a CPU that happens inside the context.

    The masks are a function of seed and step, so that a run that goes on from a checkpoint has those of an
    uninterrupted one; they do not depend on the number of threads.

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
            return self._dropout(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(
        self, values: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
    ) -> torch.Tensor:
        if not training or not 0 < p < 1 or inplace or values.device.type != "cpu":
            with torch._C.DisableTorchFunction():
                return F.dropout(values, p, training, inplace)
        return values * self.mask(values.shape, p).to(values.dtype).mul_(1 / (1 - p))

    def mask(self, shape: torch.Size, p: float) -> torch.Tensor:
        """Whether each value stays: boolean, of ``shape``, true with probability 1 - p."""
        count = shape.numel()
        bits = self._bits.random_raw(-(-count // 4)).view(np.int16)[:count]
        return torch.from_numpy(bits).ge(LOWEST + round(p * LEVELS)).view(shape)
