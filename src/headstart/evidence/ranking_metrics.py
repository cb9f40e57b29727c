"""Metrics of probabilities rather than of predicted classes, and which way each is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from headstart.evidence.scores import Floats, Integers


def auroc(probabilities: Floats, labels: Integers) -> float:
    """Area under the ROC curve, each class against the rest, mean over the classes that can be judged.

    The chance that an example of the class gets a higher probability than one of the rest; ties count half.

    Args:
        probabilities: (N, classes).
        labels: True classes (N,).

    Returns:
        The area; not a number if ``labels`` hold a single class.
    """
    _check(probabilities, labels)
    areas = []
    for place in range(probabilities.shape[1]):
        own = labels == place
        ours, others = int(own.sum()), int((~own).sum())
        if ours and others:
            ranks = rankdata(probabilities[:, place])
            areas.append((ranks[own].sum() - ours * (ours + 1) / 2) / (ours * others))
    return float(np.mean(areas)) if areas else float("nan")


def average_precision(probabilities: Floats, labels: Integers) -> float:
    """Precision averaged over recall, each class against the rest, mean over the classes that occur.

    Equal probabilities count as one step, so that the order of examples does not matter.

    Args:
        probabilities: (N, classes).
        labels: True classes (N,).
    """
    _check(probabilities, labels)
    values = []
    for place in np.unique(labels):
        order = np.argsort(-probabilities[:, place], kind="stable")
        score, own = probabilities[order, place], (labels == place)[order]
        ends = np.flatnonzero(np.append(np.diff(score) != 0, True))
        hits = own.cumsum()[ends]
        precision, recall = hits / (ends + 1), hits / own.sum()
        values.append(float((precision * np.diff(recall, prepend=0)).sum()))
    return float(np.mean(values))


def log_loss(probabilities: Floats, labels: Integers) -> float:
    """Mean negative log probability of the true class, in nats; probabilities of 0 count as the smallest number."""
    _check(probabilities, labels)
    own = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, np.finfo(float).tiny)).mean())


def _check(probabilities: Floats, labels: Integers) -> None:
    """Refuse what no metric can judge.

    Raises:
        ValueError: No examples, unequal lengths, or missing values.
    """
    if probabilities.ndim != 2 or len(probabilities) != len(labels) or not len(labels):
        raise ValueError("probabilities must be (N, classes), with a label for each of at least one example")
    if not np.isfinite(probabilities).all():
        raise ValueError("probabilities hold missing values")


@dataclass(frozen=True)
class RankingMetric:
    """A metric of probabilities.

    Attributes:
        of: The function of probabilities (N, classes) and labels (N,).
        larger_is_better: Its direction.
    """

    of: Callable[[Floats, Integers], float]
    larger_is_better: bool


RANKING_METRICS = {
    "auroc": RankingMetric(auroc, True),
    "average-precision": RankingMetric(average_precision, True),
    "log-loss": RankingMetric(log_loss, False),
}
