"""Finished trials, wherever they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headstart.core import Measurement, TrialSpec


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    Attributes:
        started: Seconds on the study's own clock.
        ended: The same.
    """

    spec: TrialSpec
    measurement: Measurement
    started: float
    ended: float

    @property
    def key(self) -> str:
        """Identity of the trial."""
        return self.spec.key

    @property
    def succeeded(self) -> bool:
        """Whether its numbers may be used."""
        return self.measurement.succeeded


class Trials(Protocol):
    """Read access to finished trials: a store, or a table that is played back."""

    def trials(self) -> Sequence[Trial]:
        """Every trial in the order in which they ended."""

    def predictions(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Example indices (M,) and probabilities (M, classes) of a successful trial."""
