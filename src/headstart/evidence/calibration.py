"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        float(-np.log(np.maximum(p[np.arange(len(y)), y], np.finfo(float).tiny)).mean()),
    )
