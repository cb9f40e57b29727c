"""What a trial leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.core import Measurement
from headstart.models import FittedModel


@dataclass(frozen=True)
class Outcome:
    """A finished or failed trial, small enough to be sent from another machine.

    Attributes:
        measured: Example indices that were predicted (M,).
        probabilities: (M, classes), fp32; empty if the trial failed.
        model_dir: Where the worker left the trained model; None if it kept none.
    """

    measurement: Measurement
    measured: np.ndarray
    probabilities: np.ndarray
    model_dir: Path | None = None


@dataclass(frozen=True)
class Trained:
    """An outcome together with the trained classifier itself, in the process that trained it.

    Attributes:
        model: None if the trial failed.
    """

    outcome: Outcome
    model: FittedModel | None
