"""Finished trials, wherever they are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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

    @property
    def shortened(self) -> float:
        """Share of its steps that were not done, because its time was over; 0 where all were."""
        planned = self.measurement.steps_planned
        return 1 - self.measurement.steps / planned if planned else 0.0


class Trials(Protocol):
    """Read access to finished trials: a store, or a table that is played back."""

    def trials(self) -> Sequence[Trial]:
        """Every trial in the order in which they ended."""

    def predictions(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Example indices (M,) and probabilities (M, classes) of a successful trial."""


def longest(trials: Iterable[Trial]) -> list[Trial]:
    """Trials without those that were ended early and then run again for longer."""
    found = list(trials)
    if not any(trial.spec.stopped_at for trial in found):
        return found
    steps: dict[TrialSpec, float] = {}
    for trial in found:
        whole = trial.spec.whole
        steps[whole] = max(steps.get(whole, 0.0), trial.spec.stopped_at or math.inf)
    return [trial for trial in found if (trial.spec.stopped_at or math.inf) == steps[trial.spec.whole]]
