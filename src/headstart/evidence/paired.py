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

from headstart.evidence.scores import Floats, Run, metric_of, weighted_metric

DRAWS = 2000
LEVEL = 0.90
PRIOR_FREEDOM = 4  # how many repeats' worth of trust the pooled scatter gets against an arm's own
DEFAULT_SCATTER = 0.01  # one point between repeats, where nothing was measured twice


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
    """Standard deviation between repeats, pooled over arms and sizes that were measured more than once."""
    sums, freedom = 0.0, 0
    for runs in runs_by_cell:
        values = [metric_of(run, metric, num_classes) for run in runs]
        if len(values) > 1:
            sums += float(np.var(values, ddof=1)) * (len(values) - 1)
            freedom += len(values) - 1
    prior = DEFAULT_SCATTER**2
    return float(np.sqrt((sums + PRIOR_FREEDOM * prior) / (freedom + PRIOR_FREEDOM)))


def joint_draws(
    runs: Mapping[str, Sequence[Run]], metric: str, num_classes: int, scatter: float, seed: int,
    rotating: bool = False, draws: int = DRAWS,
) -> JointDraws:  # fmt: skip
    """Draw the metrics of several arms jointly.

    Args:
        runs: Runs of each arm at one size.
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
    arms = tuple(runs)
    common = set.intersection(*({run.key for run in of_arm} for of_arm in runs.values()))
    chosen = {
        arm: [run for run in of_arm if run.key in common] if common else list(of_arm) for arm, of_arm in runs.items()
    }
    values = [np.asarray([metric_of(run, metric, num_classes) for run in chosen[arm]]) for arm in arms]
    estimates = np.asarray([of_arm.mean() for of_arm in values])
    if rotating and min(len(of_arm) for of_arm in values) > 1:
        world = np.repeat(estimates[None], draws, 0)
        inflation = len(values[0]) * (1 / len(values[0]) + 0.25)  # a fifth tests, four fifths train
    else:
        world = _example_draws(chosen, metric, num_classes, rng, draws)
        inflation = 1.0
    world = world + np.sqrt(inflation) * _repeat_draws(values, bool(common), scatter, rng, draws)
    return JointDraws(arms, estimates, np.clip(world, 0, 1), tuple(len(of_arm) for of_arm in values))


def _example_draws(
    runs: Mapping[str, Sequence[Run]], metric: str, num_classes: int, rng: np.random.Generator, draws: int
) -> Floats:
    """Resample groups of test examples, the same ones for every arm and repeat."""
    everyone = [run for of_arm in runs.values() for run in of_arm]
    groups = np.unique(np.concatenate([run.groups for run in everyone]))
    counts = rng.multinomial(len(groups), np.full(len(groups), 1 / len(groups)), size=draws).astype(np.float32)
    columns = []
    for of_arm in runs.values():
        total = np.zeros(draws)
        for run in of_arm:
            weights = counts[:, np.searchsorted(groups, run.groups)]
            total += weighted_metric(run, metric, num_classes, weights)
        columns.append(total / len(of_arm))
    return np.stack(columns, 1)


def _repeat_draws(
    values: list[Floats], paired: bool, scatter: float, rng: np.random.Generator, draws: int
) -> Floats:
    """Deviation of each arm's mean over repeats: multivariate t, shrunk towards the pooled scatter."""
    repeats = min(len(of_arm) for of_arm in values)
    freedom = repeats - 1 + PRIOR_FREEDOM
    stretch = np.sqrt(freedom / rng.chisquare(freedom, size=(draws, 1)))
    if paired and repeats > 1:
        centred = np.stack([of_arm - of_arm.mean() for of_arm in values], 1)  # (R, A)
        own = rng.standard_normal((draws, repeats)) @ centred
        pooled = rng.standard_normal((draws, len(values))) * scatter * np.sqrt(PRIOR_FREEDOM)
        return (own + pooled) / np.sqrt(freedom * repeats) * stretch
    sizes = np.asarray([len(of_arm) for of_arm in values])
    return rng.standard_normal((draws, len(values))) * scatter / np.sqrt(sizes) * stretch


def _interval(values: Floats, level: float) -> tuple[float, float]:
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
