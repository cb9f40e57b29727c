"""One trial in this process, with everything it left in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.core import Measurement
from headstart.models import FittedModel
from headstart.training import train_trial


@dataclass(frozen=True)
class Left:
    """A trial's outcome and its model."""

    measurement: Measurement
    measured: np.ndarray
    probabilities: np.ndarray
    model: FittedModel | None


def run(spec, worker, on_step=None) -> Left:
    trained = train_trial(spec, worker, on_step)
    outcome = trained.outcome
    return Left(outcome.measurement, outcome.measured, outcome.probabilities, trained.model)
