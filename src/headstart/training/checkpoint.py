"""Checkpoints inside a trial, so that a killed run goes on where it was with the same numbers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch


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
        """Write a state of tensors and plain values, atomically, with torch's random state."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        torch.save({**state, "rng": torch.get_rng_state()}, partial)
        partial.replace(self.path)
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Read the state back and restore torch's random state; None if there is none or it is damaged."""
        if not self.path.exists():
            return None
        try:
            state = torch.load(self.path, weights_only=True)
        except (RuntimeError, EOFError, OSError, ValueError, KeyError):
            return None
        torch.set_rng_state(state["rng"])
        return state

    def discard(self) -> None:
        """Remove the file once the trial's result is stored."""
        self.path.unlink(missing_ok=True)
