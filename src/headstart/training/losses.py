"""Losses as they become known: whoever asks a GPU for one at once lets it stand still after every step."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

import torch

from headstart.core import HeadstartError

BEHIND = 4  # steps that a GPU may be behind the one that is being prepared


class Diverged(HeadstartError):
    """The loss stopped being a number."""


class Losses:
    """Checks that every loss is a number: at once on a CPU, a few steps later on a GPU.

    It also keeps the queue of a GPU short, so that seconds that were measured between steps are those of steps.

    Args:
        behind: Losses that may be outstanding.
    """

    def __init__(self, behind: int = BEHIND) -> None:
        self._behind = behind
        self._outstanding: deque[tuple[str, Callable[[], float]]] = deque()
        self._places: list[torch.Tensor] = []  # for losses on their way, one after the other
        self._taken = 0

    def add(self, loss: torch.Tensor, place: str) -> None:
        """Take the loss of one step, and look at those that must be known by now.

        Args:
            loss: Of no dimension.
            place: Which step it is, for the error.

        Raises:
            Diverged: One of them is infinite or not a number.
        """
        self._outstanding.append((place, loss.item if loss.device.type != "cuda" else self._later(loss)))
        self._settle(self._behind if loss.device.type == "cuda" else 0)

    def settle(self) -> float:
        """Wait for all losses; returns the seconds that took.

        Raises:
            Diverged: One of them is infinite or not a number.
        """
        start = time.perf_counter()
        self._settle(0)
        return time.perf_counter() - start

    def _settle(self, behind: int) -> None:
        while len(self._outstanding) > behind:
            place, ask = self._outstanding.popleft()
            loss = ask()
            if not math.isfinite(loss):
                raise Diverged(f"the loss became {loss} at {place}")

    def _later(self, loss: torch.Tensor) -> Callable[[], float]:
        """A loss on its way to the CPU; asking waits for the step it belongs to, and for none behind it."""
        if not self._places:
            self._places = list(torch.empty(self._behind + 1, dtype=loss.dtype, pin_memory=True))
        value = self._places[self._taken % len(self._places)]
        self._taken += 1
        value.copy_(loss, non_blocking=True)
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrived.record()

        def ask() -> float:
            arrived.synchronize()
            return value.item()

        return ask
