"""Whether probabilities mean what they say, and how far training and test part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.evidence.ranking_metrics import log_loss
from headstart.evidence.scores import Floats, Integers

BINS = 15


@dataclass(frozen=True)
class Calibration:
    """Calibration of the most probable class.

    Attributes:
        confidence: Mean confidence in each bin that holds examples (B,).
        right: Share right in each (B,).
        count: Examples in each (B,).
        error: Expected calibration error, debiased; not below 0.
        naive_error: The same as it is usually computed, too large for few examples.
        brier: Mean squared distance of the probabilities from the truth (all classes).
        log_loss: Mean negative log probability of the true class, in nats.
    """

    confidence: Floats
    right: Floats
    count: Integers
    error: float
    naive_error: float
    brier: float
    log_loss: float


def calibration(probabilities: Floats, labels: Integers, bins: int = BINS) -> Calibration:
    """Measure calibration in bins of equal numbers of examples.

    The squared error of each bin is debiased by its own sampling variance, r (1 - r) / (m - 1) (Kumar, Liang and Ma
    2019, arXiv 1909.10155); the root of the weighted mean is the error. Perfectly calibrated predictions so
    have an error near 0 however few they are.

    Args:
        probabilities: (N, classes).
        labels: True classes (N,).
        bins: How many; fewer where there are few examples.

    Raises:
        ValueError: Missing values, unequal lengths, or rows that are no probabilities.
    """
    p, y = np.asarray(probabilities, dtype=float), np.asarray(labels)
    if p.ndim != 2 or len(p) != len(y) or not len(y):
        raise ValueError("probabilities must be (N, classes), with a label for each of at least one example")
    if not np.isfinite(p).all():
        raise ValueError("probabilities hold missing values")
    if (p < 0).any() or not np.allclose(p.sum(1), 1, atol=1e-4):
        raise ValueError("probabilities must not be negative and sum to 1")
    confidence, right = p.max(1), (p.argmax(1) == y).astype(float)
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, max(1, min(bins, len(y) // 2))) if len(part)]
    count = np.asarray([len(part) for part in parts])
    sure, hit = (np.asarray([values[part].mean() for part in parts]) for values in (confidence, right))
    share = count / len(y)
    squared = (sure - hit) ** 2
    noise = hit * (1 - hit) / np.maximum(count - 1, 1)
    truth = np.eye(p.shape[1])[y]
    return Calibration(
        sure,
        hit,
        count,
        float(np.sqrt(max(float(share @ (squared - noise)), 0.0))),
        float(share @ abs(sure - hit)),
        float(((p - truth) ** 2).sum(1).mean()),
        log_loss(p, y),
    )


@dataclass(frozen=True)
class FitGap:
    """How far an arm does better on what it learnt from, and how its runs scatter.

    Attributes:
        gap: Mean training metric minus mean test metric, over runs.
        low: Lower end of the 90 % interval over runs; not a number for a single one.
        high: Upper end.
        spread: Standard deviation of the test metric between runs; not a number for a single one.
    """

    gap: float
    low: float
    high: float
    spread: float


def fit_gap(train: Floats, test: Floats) -> FitGap:
    """The overfitting gap and the spread between seeds.

    Args:
        train: Metric on the training examples, by run (R,).
        test: Metric on the test examples, by run (R,).

    Raises:
        ValueError: Unequal lengths, no runs, or missing values.
    """
    from scipy.stats import t as student

    one, other = np.asarray(train, dtype=float), np.asarray(test, dtype=float)
    if len(one) != len(other) or not len(one):
        raise ValueError("training and test need a value for each of the same runs")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("metrics hold missing values")
    gaps = one - other
    if len(gaps) == 1:
        return FitGap(float(gaps[0]), np.nan, np.nan, np.nan)
    half = float(student.ppf(0.95, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps)))
    mean = float(gaps.mean())
    return FitGap(mean, mean - half, mean + half, float(other.std(ddof=1)))
