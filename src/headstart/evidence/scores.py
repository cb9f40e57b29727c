"""What measuring trials left behind: predicted classes of test examples, run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evidence.metrics import macro_f1_of

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]
LEVEL = 0.90  # of every interval


@dataclass(frozen=True)
class Run:
    """Predictions of one measuring trial.

    Attributes:
        repeat: Which subset and seed; runs of two arms with equal repeat and fold are paired.
        fold: Which test part.
        examples: Identity of each test example (M,), sorted.
        groups: Group of each example (M,); resampled as a whole.
        labels: True classes (M,).
        predictions: Predicted classes (M,).
    """

    repeat: int
    fold: int
    examples: Integers
    groups: Integers
    labels: Integers
    predictions: Integers

    @property
    def key(self) -> tuple[int, int]:
        """What this run is paired by."""
        return self.repeat, self.fold

    def restrict(self, keep: NDArray[np.bool_]) -> Run:
        """The run on part of its examples, by a mask (M,)."""
        return self.take(np.flatnonzero(keep))

    def take(self, rows: Integers) -> Run:
        """The run on the examples at these positions."""
        return Run(
            self.repeat, self.fold, self.examples[rows], self.groups[rows], self.labels[rows], self.predictions[rows]
        )


def metric_of(run: Run, metric: str, num_classes: int) -> float:
    """The metric of one run."""
    if metric == "macro-f1":
        return macro_f1_of(run.predictions, run.labels, num_classes)
    return float(weighted_metric(run, metric, num_classes, np.ones((1, len(run.labels))))[0])


def weighted_metric(run: Run, metric: str, num_classes: int, weights: Floats) -> Floats:
    """The metric of one run under many weightings of its examples.

    Args:
        run: M predictions.
        metric: ``accuracy``, ``macro-f1`` or ``balanced-accuracy``.
        num_classes: Number of classes.
        weights: (draws, M) floats, such as bootstrap counts.

    Returns:
        (draws,) values; zero where all weights are.

    Raises:
        ValueError: There is no such metric.
    """
    right = (run.predictions == run.labels).astype(weights.dtype)
    if metric == "accuracy":
        return np.asarray(weights @ right / np.maximum(weights.sum(1), 1e-12))
    eye = np.eye(num_classes, dtype=weights.dtype)
    truth, guess = eye[run.labels], eye[run.predictions]
    hits = weights @ (truth * right[:, None])
    actual, guessed = weights @ truth, weights @ guess
    if metric == "balanced-accuracy":
        seen = actual > 0
        recall = np.where(seen, hits / np.maximum(actual, 1e-12), 0)
        return np.asarray(recall.sum(1) / np.maximum(seen.sum(1), 1))
    if metric == "macro-f1":
        seen = actual + guessed > 0
        f1 = np.where(seen, 2 * hits / np.maximum(actual + guessed, 1e-12), 0)
        return np.asarray(f1.sum(1) / np.maximum(seen.sum(1), 1))
    raise ValueError(f"unknown metric {metric!r}")


def mistake_correlation(runs: Sequence[Run]) -> float | None:
    """Mean correlation between runs in which test examples they get wrong.

    Args:
        runs: On the same test examples, such as one of each arm.

    Returns:
        The mean over pairs, not below 0; None where no two runs can be compared.
    """
    wrong = [(run.predictions != run.labels).astype(float) for run in runs]
    alike = [run for run in runs if np.array_equal(run.examples, runs[0].examples)]
    uneven = [one for one in wrong if one.any() and not one.all()]
    if len(alike) < len(runs) or len(uneven) < 2:
        return None
    matrix = np.corrcoef(np.stack(uneven))
    count = len(uneven)
    return max(0.0, float((matrix.sum() - count) / (count * (count - 1))))


def bootstrap_counts(size: int, draws: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """How often each of ``size`` units is drawn in each of ``draws`` bootstrap samples: (draws, size).

    The same distribution as ``rng.multinomial``, several times faster for many units.
    """
    picks = rng.integers(0, size, (draws, size)) + size * np.arange(draws)[:, None]
    return np.bincount(picks.ravel(), minlength=draws * size).reshape(draws, size).astype(np.float32)
