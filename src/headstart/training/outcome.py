"""What a trial leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.core import Measurement, TrialSpec
from headstart.models import FittedModel


@dataclass(frozen=True)
class Outcome:
    """A finished or failed trial, small enough to be sent from another machine.

    Attributes:
        measured: Example indices that were predicted (M,).
        probabilities: (M, classes), fp32; empty if the trial failed.
        model_dir: Where the worker left the trained model; None if it kept none.
        stopped_at: Steps at which the last phase was ended early; 0 if it was not, or if the trial asked for it.
        aimed_at: Steps at which it was to end when it was broken off; 0 if it was not.
    """

    measurement: Measurement
    measured: np.ndarray
    probabilities: np.ndarray
    model_dir: Path | None = None
    stopped_at: int = 0
    aimed_at: int = 0

    def spec_of(self, spec: TrialSpec) -> TrialSpec:
        """What was trained, where a trial was begun: the same, unless its time was over."""
        early = {"stopped_at": self.stopped_at, "aimed_at": self.aimed_at}
        return spec.model_copy(update=early) if self.stopped_at else spec


@dataclass(frozen=True)
class Trained:
    """An outcome together with the trained classifier itself, in the process that trained it.

    Attributes:
        model: None if the trial failed.
    """

    outcome: Outcome
    model: FittedModel | None
