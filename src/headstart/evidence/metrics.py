"""Metrics of stored probabilities: arrays in, a number out. Larger is better for every one here."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]


def accuracy(probabilities: Floats, labels: Integers) -> float:
    """Share of examples whose most probable class is right.

    Args:
        probabilities: (N, classes).
        labels: (N,).
    """
    return float((probabilities.argmax(1) == labels).mean())


def macro_f1(probabilities: Floats, labels: Integers) -> float:
    """Mean of the classes' F1 over the classes that occur in ``labels`` or are predicted."""
    return macro_f1_of(probabilities.argmax(1), labels, probabilities.shape[1])


def macro_f1_of(predictions: Integers, labels: Integers, num_classes: int) -> float:
    """As :func:`macro_f1`, from predicted classes (N,)."""
    matrix = np.bincount(labels * num_classes + predictions, minlength=num_classes**2).reshape(num_classes, -1)
    hits = np.diag(matrix).astype(float)
    sums = matrix.sum(0) + matrix.sum(1)
    present = sums > 0
    return float((2 * hits[present] / sums[present]).mean())


def balanced_accuracy(probabilities: Floats, labels: Integers) -> float:
    """Mean recall over the classes that occur in ``labels``."""
    right = probabilities.argmax(1) == labels
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))


METRICS: dict[str, Callable[[Floats, Integers], float]] = {
    "accuracy": accuracy,
    "macro-f1": macro_f1,
    "balanced-accuracy": balanced_accuracy,
}


def majority_baseline(metric: str, train_labels: Integers, test_labels: Integers, num_classes: int) -> float:
    """The metric of always guessing the commonest training class."""
    guess = np.bincount(train_labels, minlength=num_classes).argmax()
    probabilities = np.zeros((len(test_labels), num_classes))
    probabilities[:, guess] = 1
    return METRICS[metric](probabilities, test_labels)
