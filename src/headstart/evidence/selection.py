"""What the chosen arm's figure is worth, once it is taken into account that it was chosen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from headstart.evidence.scores import Run, bootstrap_counts, weighted_metric


def corrected_metric(
    runs: Mapping[str, Run], metric: str, num_classes: int, seed: int, draws: int = 500
) -> tuple[float, float, float]:
    """Choose in bag, score out of bag (bootstrap bias correction, Tsamardinos 2018, algorithm 5).

    Args:
        runs: One run of each arm on the same examples.
        metric: Name of the metric.
        num_classes: Number of classes.
        seed: Makes it deterministic.
        draws: Bootstrap samples.

    Returns:
        Mean, and the 5 % and 95 % quantiles, of the out-of-bag metric of whichever arm won in bag.

    Raises:
        ValueError: All examples are in one group, so that nothing can be out of bag.
    """
    first = next(iter(runs.values()))
    groups, index = np.unique(first.groups, return_inverse=True)
    if len(groups) < 2:
        raise ValueError("the test examples are all in one group")
    rng = np.random.default_rng(seed)
    counts = bootstrap_counts(len(groups), draws, rng)[:, index].astype(float)
    inside = np.stack([weighted_metric(run, metric, num_classes, counts) for run in runs.values()], 1)
    out_of_bag = (counts == 0).astype(float)
    outside = np.stack([weighted_metric(run, metric, num_classes, out_of_bag) for run in runs.values()], 1)
    usable = out_of_bag.sum(1) > 0
    chosen = outside[np.arange(draws), inside.argmax(1)][usable]
    low, high = np.quantile(chosen, [0.05, 0.95])
    return float(chosen.mean()), float(low), float(high)


def detectable_difference(n_test: int, discordance: float, repeats: int = 1, scatter: float = 0.0) -> float:
    """The smallest difference that a paired test finds with 80 % power at two-sided 5 %.

    2.80 sqrt(q / n_test + 2 s^2 / R): normal approximation of McNemar's test plus the scatter between
    repeats (2.80 = 1.96 + 0.84).

    Args:
        n_test: Test examples.
        discordance: Share q of the examples on which exactly one of two models is right.
        repeats: Measurements of each arm.
        scatter: Standard deviation between repeats.

    Raises:
        ValueError: No test examples, a share outside [0, 1], or a missing or negative scatter.
    """
    if not (n_test >= 1 and 0 <= discordance <= 1 and 0 <= scatter < np.inf):
        raise ValueError("test examples, a share of discordant ones and a scatter that is not negative are needed")
    return float(2.80 * np.sqrt(discordance / n_test + 2 * scatter**2 / max(repeats, 1)))
