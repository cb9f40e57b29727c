"""Joint draws of metrics of probabilities: AUROC, average precision, log-loss, calibration error.

The same two sources of uncertainty as in ``paired.py``. These metrics are no weighted means of examples, so each
bootstrap sample is scored anew: O(draws x runs x n log n), some hundred times what an accuracy takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.evidence.calibration import calibration
from headstart.evidence.metrics import METRICS
from headstart.evidence.paired import JointDraws, repeat_draws
from headstart.evidence.ranking_metrics import RANKING_METRICS, RankingMetric
from headstart.evidence.scores import Floats, Integers

DRAWS = 500


def calibration_error(probabilities: Floats, labels: Integers) -> float:
    """The debiased calibration error of :func:`~headstart.evidence.calibration.calibration`."""
    return calibration(probabilities, labels).error


PROBABILITY_METRICS: dict[str, RankingMetric] = {
    **{name: RankingMetric(of, True) for name, of in METRICS.items()},
    **RANKING_METRICS,
    "calibration-error": RankingMetric(calibration_error, False),
}


@dataclass(frozen=True)
class ProbabilityRun:
    """Probabilities of one measuring trial.

    Attributes:
        repeat: Which subset and seed; runs of two arms with equal repeat are paired.
        groups: Group of each test example (M,); resampled as a whole.
        labels: True classes (M,).
        probabilities: (M, classes).
    """

    repeat: int
    groups: Integers
    labels: Integers
    probabilities: Floats


def probability_draws(
    runs: Mapping[str, Sequence[ProbabilityRun]], metric: str, scatter: float, seed: int, draws: int = DRAWS
) -> JointDraws:
    """Draw a metric of probabilities of several arms jointly, all on the same test examples.

    Args:
        runs: Runs of each arm. Where all arms have repeats in common, only those count.
        metric: A name in ``PROBABILITY_METRICS``.
        scatter: Pooled standard deviation between repeats, for arms with few of them.
        seed: Makes the draws deterministic.
        draws: How many worlds.

    Returns:
        Draws in which larger is better: a metric of which less is better has its sign turned.

    Raises:
        ValueError: No arms, an arm without runs, runs on different examples, an unknown metric, missing
            values, or labels that the metric cannot judge.
    """
    if metric not in PROBABILITY_METRICS:
        raise ValueError(f"unknown metric {metric!r}")
    if not runs or any(not of_arm for of_arm in runs.values()):
        raise ValueError("every arm needs at least one run")
    first = next(iter(runs.values()))[0]
    for run in (run for of_arm in runs.values() for run in of_arm):
        if not (np.array_equal(run.labels, first.labels) and np.array_equal(run.groups, first.groups)):
            raise ValueError("all runs need the same test examples")
        if not np.isfinite(run.probabilities).all():
            raise ValueError("probabilities hold missing values")
    common = set.intersection(*({run.repeat for run in of_arm} for of_arm in runs.values()))
    chosen = [
        sorted((run for run in of_arm if run.repeat in common or not common), key=lambda run: run.repeat)
        for of_arm in runs.values()
    ]
    rule = PROBABILITY_METRICS[metric]
    sign = 1.0 if rule.larger_is_better else -1.0
    rng = np.random.default_rng(seed)
    values = [np.asarray([sign * rule.of(run.probabilities, run.labels) for run in of_arm]) for of_arm in chosen]
    estimates = np.asarray([of_arm.mean() for of_arm in values])
    if np.isnan(estimates).any():
        raise ValueError(f"{metric} cannot be judged: the labels hold a single class")
    members = _members(first.groups)
    examples = np.empty((draws, len(chosen)))
    for draw in range(draws):
        rows = np.concatenate([members[group] for group in rng.integers(0, len(members), len(members))])
        for column, of_arm in enumerate(chosen):
            again = [sign * rule.of(run.probabilities[rows], run.labels[rows]) for run in of_arm]
            examples[draw, column] = np.mean(again)
    noise = scatter * rng.standard_normal((draws, len(chosen)))
    if common:
        between = repeat_draws(values, noise, rng) / np.sqrt(len(common))
    else:
        apart = [repeat_draws([own], noise[:, [i]], rng) / np.sqrt(len(own)) for i, own in enumerate(values)]
        between = np.concatenate(apart, 1)
    # a sample that misses a class may have no AUROC, and a sample repeats examples, which shifts some of these metrics
    examples = np.where(np.isnan(examples), estimates, examples)
    examples += estimates - examples.mean(0)
    return JointDraws(tuple(runs), estimates, examples + between, tuple(len(of_arm) for of_arm in values))


def _members(groups: Integers) -> list[Integers]:
    """Positions of the examples of each group."""
    order = np.argsort(groups, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(np.asarray(groups)[order])) + 1)
