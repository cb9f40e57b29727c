"""Joint draws of several arms' metrics on the same examples, and what follows from them.

The unit that is compared is a procedure: subset, seed and order vary between repeats (Bouthillier 2021,
arXiv 2103.03098). Two sources of uncertainty enter each draw: which test examples were drawn (a
bootstrap whose counts all arms and repeats share) and how repeats scatter (a multivariate t term, because
a bootstrap of three repeats is too narrow).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evidence.scores import LEVEL, Floats, Integers, Run, bootstrap_counts, metric_of, weighted_metric

DRAWS = 2000
PRIOR_FREEDOM = 4  # how many repeats' worth of trust the pooled scatter gets against an arm's own
DEFAULT_SCATTER = 0.01  # one point between repeats, where nothing was measured twice
TEST_TO_TRAIN = 0.25  # of five rotating parts, one tests and four are learnt from
BLOCK_CELLS = 4_000_000  # draws x examples that are in memory at once
PATTERN_SHARE = 0.25  # of the examples: with more patterns than this, resampling them saves nothing


@dataclass(frozen=True)
class JointDraws:
    """Draws of several arms' metrics at one size.

    Attributes:
        arms: Names of the columns.
        estimates: Mean over the common repeats (A,).
        draws: (draws, A), paired: one row is one possible world.
        repeats: Runs behind each column.
    """

    arms: tuple[str, ...]
    estimates: Floats
    draws: Floats
    repeats: tuple[int, ...]

    def column(self, arm: str) -> Floats:
        """One arm's draws."""
        return np.asarray(self.draws[:, self.arms.index(arm)])

    def interval(self, arm: str, level: float = LEVEL) -> tuple[float, float]:
        """Central interval of one arm's metric."""
        return _interval(self.column(arm), level)

    def difference(self, arm: str, reference: str, level: float = LEVEL) -> tuple[float, float, float, float]:
        """Difference of two arms: estimate, low, high, and the share of draws in which ``arm`` is better."""
        gap = self.column(arm) - self.column(reference)
        estimate = self.estimates[self.arms.index(arm)] - self.estimates[self.arms.index(reference)]
        low, high = _interval(gap, level)
        return float(estimate), low, high, float((gap > 0).mean() + (gap == 0).mean() / 2)

    def p_best(self, arm: str) -> float:
        """Share of the draws in which ``arm`` has the highest metric; ties are shared."""
        top = self.draws >= self.draws.max(1, keepdims=True)
        return float((top[:, self.arms.index(arm)] / top.sum(1)).mean())

    def expected_regret(self, arm: str) -> float:
        """Mean loss against the best arm of each draw from taking ``arm``."""
        return float((self.draws.max(1) - self.column(arm)).mean())


def pooled_scatter(runs_by_cell: Sequence[Sequence[Run]], metric: str, num_classes: int) -> float:
    """Standard deviation between repeats, pooled over arms and sizes that were measured more than once.

    Where the repeats of a cell read different test parts, the share of those examples in the variance
    (that of a proportion) is taken off: :func:`joint_draws` accounts for it by itself.
    """
    sums, freedom = 0.0, 0
    for runs in runs_by_cell:
        values = np.asarray([metric_of(run, metric, num_classes) for run in runs])
        if len(values) > 1:
            own = float(values.var(ddof=1))
            if len({run.fold for run in runs}) > 1:
                own -= float(np.mean([v * (1 - v) / len(run.labels) for v, run in zip(values, runs, strict=True)]))
            sums += own * (len(values) - 1)
            freedom += len(values) - 1
    prior = DEFAULT_SCATTER**2
    return float(np.sqrt((max(sums, 0.0) + PRIOR_FREEDOM * prior) / (freedom + PRIOR_FREEDOM)))


def joint_draws(
    runs: Mapping[str, Sequence[Run]],
    metric: str,
    num_classes: int,
    scatter: float,
    seed: int,
    rotating: bool = False,
    draws: int = DRAWS,
) -> JointDraws:
    """Draw the metrics of several arms jointly.

    Args:
        runs: Runs of each arm at one size. Where all arms have repeats in common, only those count.
        metric: Name of the metric.
        num_classes: Number of classes.
        scatter: Pooled standard deviation between repeats, for arms with few of them.
        seed: Makes the draws deterministic.
        rotating: Test parts rotate: the folds' scatter holds both sources, with the variance
            correction of Nadeau & Bengio (2003), equation 9.
        draws: How many worlds.

    Raises:
        ValueError: No arms, or an arm without runs.
    """
    if not runs or any(not of_arm for of_arm in runs.values()):
        raise ValueError("every arm needs at least one run")
    rng = np.random.default_rng(seed)
    common = set.intersection(*({run.key for run in of_arm} for of_arm in runs.values()))
    chosen = {
        arm: [run for run in of_arm if run.key in common] if common else list(of_arm) for arm, of_arm in runs.items()
    }
    values = [np.asarray([metric_of(run, metric, num_classes) for run in of_arm]) for of_arm in chosen.values()]
    estimates = np.asarray([of_arm.mean() for of_arm in values])
    examples = _example_draws(chosen, metric, num_classes, rng, draws)
    noise = scatter * rng.standard_normal((draws, len(chosen)))
    if rotating and len(common) > 1:
        folds = len(common)
        prior = noise + np.sqrt(folds) * (examples - examples.mean(0))  # one fold holds 1 / folds of the examples
        world = estimates + np.sqrt(1 / folds + TEST_TO_TRAIN) * repeat_draws(values, prior, rng)
    elif common:
        world = examples + repeat_draws(values, noise, rng) / np.sqrt(len(common))
    else:
        apart = [repeat_draws([values[i]], noise[:, [i]], rng) / np.sqrt(len(values[i])) for i in range(len(values))]
        world = examples + np.concatenate(apart, 1)
    return JointDraws(tuple(runs), estimates, np.clip(world, 0, 1), tuple(len(of_arm) for of_arm in values))


def _example_draws(
    runs: Mapping[str, Sequence[Run]], metric: str, num_classes: int, rng: np.random.Generator, draws: int
) -> Floats:
    """Resample groups of test examples, the same ones for every arm and repeat."""
    patterns = _patterns(runs, metric)
    if patterns is not None:
        runs, alike = patterns
        drawn = rng.multinomial(alike.sum(), alike / alike.sum(), draws).astype(np.float32)
        columns = [[weighted_metric(run, metric, num_classes, drawn) for run in of_arm] for of_arm in runs.values()]
        return np.stack([np.mean(of_arm, 0) for of_arm in columns], 1)
    groups = np.unique(np.concatenate([run.groups for of_arm in runs.values() for run in of_arm]))
    places = {arm: [np.searchsorted(groups, run.groups) for run in of_arm] for arm, of_arm in runs.items()}
    result = np.zeros((draws, len(runs)))
    block = max(1, BLOCK_CELLS // len(groups))
    for start in range(0, draws, block):
        size = min(block, draws - start)
        counts = bootstrap_counts(len(groups), size, rng)
        for column, (arm, of_arm) in enumerate(runs.items()):
            for run, place in zip(of_arm, places[arm], strict=True):
                values = weighted_metric(run, metric, num_classes, _columns(counts, place))
                result[start : start + size, column] += values / len(of_arm)
    return result


def _patterns(runs: Mapping[str, Sequence[Run]], metric: str) -> tuple[dict[str, list[Run]], NDArray[np.int64]] | None:
    """One example for all those that look alike to every run, and how many each stands for.

    To resample M examples is to resample their P patterns, multinomially: the same draws for a small share of the
    work when there are many examples and few runs.

    Returns:
        The runs on P examples, and counts (P,). None where examples come in groups, runs have different ones, or
        hardly any are alike.
    """
    every = [run for of_arm in runs.values() for run in of_arm]
    first = every[0]
    alone = len(np.unique(first.groups)) == len(first.groups)
    if not alone or any(not np.array_equal(run.examples, first.examples) for run in every[1:]):
        return None
    if metric == "accuracy":  # which class was right or guessed instead does not matter
        table = np.stack([run.predictions == run.labels for run in every], 1).astype(np.int64)
    else:
        table = np.stack([first.labels, *(run.predictions for run in every)], 1)
    _, where, counts = np.unique(table, axis=0, return_index=True, return_counts=True)
    if len(counts) > PATTERN_SHARE * len(table):
        return None
    keep = {arm: [run.take(where) for run in of_arm] for arm, of_arm in runs.items()}
    return keep, counts


def _columns(counts: Floats, place: Integers) -> Floats:
    """Counts of the groups of a run's examples, without a copy where every example is a group of its own."""
    return counts if np.array_equal(place, np.arange(counts.shape[1])) else counts[:, place]


def repeat_draws(values: list[Floats], prior: Floats, rng: np.random.Generator) -> Floats:
    """Deviation of one repeat of each arm: multivariate t around zero.

    Its covariance shrinks that of the R repeats, S, towards that of the prior, P:
    (f P + (R - 1) S) / (f + R - 1), with f + R - 1 degrees of freedom and f = ``PRIOR_FREEDOM``.

    Args:
        values: One array (R,) for each of the A arms, paired.
        prior: (draws, A) draws from P, around zero.
        rng: For the other draws.
    """
    centred = np.stack([of_arm - of_arm.mean() for of_arm in values], 1)
    freedom = len(centred) - 1 + PRIOR_FREEDOM
    own = rng.standard_normal((len(prior), len(centred))) @ centred
    stretch = rng.chisquare(freedom, size=(len(prior), 1))
    return np.asarray((own + np.sqrt(PRIOR_FREEDOM) * prior) / np.sqrt(stretch))


def _interval(values: Floats, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
