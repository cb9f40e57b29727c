"""Checkpoints inside a trial, so that a killed run goes on where it was with the same numbers."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn


def moving_state(module: nn.Module) -> dict[str, torch.Tensor]:
    """What training may change: the parameters that move and all buffers, such as running statistics.

    Frozen weights come from where they came from at first. Of a large model with adapters they would be nearly all.
    """
    named = module.named_parameters(remove_duplicate=False)
    changing = {name for name, parameter in named if parameter.requires_grad}
    changing |= {name for name, _ in module.named_buffers(remove_duplicate=False)}
    return {name: value for name, value in module.state_dict().items() if name in changing}


class Checkpoint:
    """One file that always holds a complete state.

    Args:
        path: Where; its folder is created on the first save.
        every_seconds: How much work a kill may cost.
    """

    def __init__(self, path: Path, every_seconds: float = 30.0) -> None:
        self.path, self.every_seconds = path, every_seconds
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether enough time has passed since the last save."""
        return time.monotonic() - self._last >= self.every_seconds

    def save(self, state: dict[str, Any]) -> None:
        """Write a state of tensors and plain values, atomically, with torch's random states.

        A full disk costs the checkpoint, not the trial.
        """
        self._last = time.monotonic()
        partial = self.path.with_suffix(".partial")
        random_states = {"rng": torch.get_rng_state(), "cuda_rng": torch.cuda.get_rng_state_all()}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({**state, **random_states}, partial)
            partial.replace(self.path)
        except (OSError, RuntimeError):  # torch's writer raises RuntimeError on a full disk
            partial.unlink(missing_ok=True)

    def load(self) -> dict[str, Any] | None:
        """Read the state back, on the CPU; None if there is none or it is damaged."""
        try:
            state = torch.load(self.path, weights_only=True, map_location="cpu")
        except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError):
            return None
        return state if isinstance(state, dict) and "rng" in state else None

    @staticmethod
    def restore_random_state(state: dict[str, Any]) -> None:
        """Go on with the random numbers that followed when ``state`` was saved."""
        torch.set_rng_state(state["rng"])
        if len(state["cuda_rng"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda_rng"])

    def discard(self) -> None:
        """Remove the file once the trial's result is stored."""
        self.path.unlink(missing_ok=True)
