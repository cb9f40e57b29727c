"""Joint draws of several arms' metrics on the same examples, and what follows from them.

The unit that is compared is a procedure: subset, seed and order vary between repeats (Bouthillier 2021,
arXiv 2103.03098). Two sources of uncertainty enter each draw: which test examples were drawn (a bootstrap whose counts
all arms and repeats share) and how repeats scatter (t terms, because a bootstrap of three repeats is too narrow, and
because how far an arm's runs scatter is known by its kind and its own repeats alone).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.evidence.crossed import (
    arm_weights,
    example_covariance,
    normal_draws,
    repeat_covariance,
    shared_correlation,
)
from headstart.evidence.few_groups import are_few, between_parts, group_weights, stretch, unmet_sd
from headstart.evidence.scores import LEVEL, Floats, Integers, Run, bootstrap_counts, metric_of, weighted_metric
from headstart.evidence.spread import Spread

DRAWS = 2000
PRIOR_FREEDOM = 4  # how many repeats' worth of trust one prior figure gets against an arm's own repeats
TEST_TO_TRAIN = 0.25  # of five rotating parts, one tests and four are learnt from
DIGITS = 12  # so that equal runs have equal sums in whatever order they are added
BLOCK_CELLS = 4_000_000  # draws x examples that are in memory at once
PATTERN_SHARE = 0.25  # of the examples: with more patterns than this, resampling them saves nothing


@dataclass(frozen=True)
class JointDraws:
    """Draws of several arms' metrics at one size.

    Attributes:
        arms: Names of the columns.
        estimates: By generalised least squares over all runs (A,).
        draws: (draws, A), paired: one row is one possible world.
        repeats: Runs behind each column.
        groups: Groups of test examples behind them; 0 where that is not known.
    """

    arms: tuple[str, ...]
    estimates: Floats
    draws: Floats
    repeats: tuple[int, ...]
    groups: int = 0

    def only(self, arms: Sequence[str]) -> JointDraws:
        """The same worlds with some of the arms."""
        places = [self.arms.index(arm) for arm in arms]
        repeats = tuple(self.repeats[place] for place in places)
        return JointDraws(tuple(arms), self.estimates[places], self.draws[:, places], repeats, self.groups)

    def widened(self, sd: Mapping[str, float], seed: int, gains: Mapping[str, float] | None = None) -> JointDraws:
        """The same worlds with what was not measured about some arms.

        Args:
            sd: By arm, the standard deviation of what may go either way.
            seed: Of the draws.
            gains: By arm, the scale of what can only help: half of a normal distribution.
        """
        rng, known = np.random.default_rng(seed), gains or {}
        sds, scales = (np.asarray([of.get(arm, 0.0) for arm in self.arms]) for of in (sd, known))
        draws = self.draws + rng.standard_normal(self.draws.shape) * sds
        if scales.any():
            draws = draws + np.abs(rng.standard_normal(self.draws.shape)) * scales
        return JointDraws(self.arms, self.estimates, np.clip(draws, 0, 1), self.repeats, self.groups)

    def p_side(self, side: Sequence[str], other: Sequence[str]) -> float:
        """Share of the draws in which the best arm of one side beats the best of the other; ties are shared."""
        mine, theirs = (self.draws[:, [self.arms.index(arm) for arm in arms]].max(1) for arms in (side, other))
        return float((mine > theirs).mean() + (mine == theirs).mean() / 2)

    def p_within(self, arm: str, reference: str, margin: float) -> float:
        """Share of the draws in which two arms differ by no more than the margin."""
        return float((np.abs(self.column(arm) - self.column(reference)) <= margin).mean())

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


def joint_draws(
    runs: Mapping[str, Sequence[Run]],
    metric: str,
    num_classes: int,
    scatter: float | Mapping[str, Spread],
    seed: int,
    rotating: bool = False,
    draws: int = DRAWS,
    *,
    correlation: float = 0.0,
    overlap: float = 1.0,
) -> JointDraws:
    """Draw the metrics of several arms jointly.

    The estimates are those of :mod:`headstart.evidence.crossed`, so every run counts, paired or not.

    Args:
        runs: Runs of each arm at one size.
        metric: Name of the metric.
        num_classes: Number of classes.
        scatter: Spread between repeats of each arm; or one prior standard deviation, to which each arm's own repeats
            are shrunk with the weight of ``PRIOR_FREEDOM`` of them.
        seed: Makes the draws deterministic.
        rotating: Test parts rotate: their training parts overlap, which Nadeau & Bengio (2003, equation 9) account for.
        draws: How many worlds.
        correlation: Between two arms' deviations in one repeat, as far as is known without these runs.
        overlap: Labels of a training part over those of the pool: parts of few labels hardly overlap.

    Raises:
        ValueError: No arms, or an arm without runs.
    """
    if not runs or any(not of_arm for of_arm in runs.values()):
        raise ValueError("every arm needs at least one run")
    rng = np.random.default_rng(seed)
    every = [run for of_arm in runs.values() for run in of_arm]
    arms = np.repeat(np.arange(len(runs)), [len(of_arm) for of_arm in runs.values()])
    keys = [run.key for run in every]
    values = np.asarray([metric_of(run, metric, num_classes) for run in every])
    sampling = example_covariance(every, arms) if rotating else np.zeros((len(every), len(every)))
    spreads = _spreads(runs, values, arms, sampling, scatter)
    sd = np.asarray([spread.sd for spread in spreads])
    correlation = shared_correlation(values, arms, keys, correlation)
    training = repeat_covariance(arms, keys, sd, correlation)
    weights = arm_weights(arms, keys, training + sampling)
    estimates = np.round(weights @ values, DIGITS)
    examples, groups = _example_deviations(every, arms, metric, num_classes, weights, rng, draws)
    between = weights @ training @ weights.T
    if rotating and len(set(keys)) > 1:
        shared = correlation * np.outer(sd, sd)
        np.fill_diagonal(shared, sd**2)
        between = between + TEST_TO_TRAIN * min(max(overlap, 0.0), 1.0) * shared
    freedom = np.asarray([spread.freedom for spread in spreads])
    deviation = normal_draws(between, draws, rng) * np.sqrt(freedom / rng.chisquare(freedom, (draws, len(spreads))))
    world = estimates + examples + deviation
    counts = tuple(len(of_arm) for of_arm in runs.values())
    return JointDraws(tuple(runs), np.clip(estimates, 0, 1), np.clip(world, 0, 1), counts, groups)


def _spreads(
    runs: Mapping[str, Sequence[Run]],
    values: Floats,
    arms: Integers,
    sampling: Floats,
    scatter: float | Mapping[str, Spread],
) -> list[Spread]:
    """The spread of each arm."""
    if not isinstance(scatter, int | float):
        return [scatter[arm] for arm in runs]
    found = []
    for place in range(len(runs)):
        own, chance = values[arms == place], float(np.diag(sampling)[arms == place].mean())
        more = len(own) - 1
        squares = max(float(((own - own.mean()) ** 2).sum()) - more * chance, 0.0)
        freedom = PRIOR_FREEDOM + more
        found.append(Spread(float(np.sqrt((PRIOR_FREEDOM * scatter**2 + squares) / freedom)), freedom))
    return found


def _example_deviations(
    runs: Sequence[Run],
    arms: Integers,
    metric: str,
    num_classes: int,
    weights: Floats,
    rng: np.random.Generator,
    draws: int,
) -> tuple[Floats, int]:
    """What other test examples would have changed, the same ones for every run.

    Returns:
        Deviations of the arms' estimates (draws, A), and the number of groups of examples.
    """
    patterns = _patterns(runs, metric)
    found: Floats
    if patterns is not None:
        alike_runs, alike = patterns
        drawn = rng.multinomial(alike.sum(), alike / alike.sum(), draws).astype(np.float32)
        columns = [weighted_metric(run, metric, num_classes, drawn) for run in alike_runs]
        found, groups, weighted = np.stack(columns, 1) @ weights.T, int(alike.sum()), False
    else:
        names = np.unique(np.concatenate([run.groups for run in runs]))
        places = [np.searchsorted(names, run.groups) for run in runs]
        groups = len(names)
        weighted = are_few(groups) and any(len(np.unique(place)) < groups for place in places)
        found = _resampled(runs, places, arms, metric, num_classes, weights, rng, draws, weighted)
    # a sample repeats examples, which shifts macro-F1; few groups know little of how groups scatter
    deviations = found - found.mean(0)
    if weighted:
        deviations = deviations + rng.standard_normal(deviations.shape) * unmet_sd(runs, arms)
    return np.round(deviations, DIGITS) * stretch(groups, draws, rng, weighted=weighted), groups


def _resampled(
    runs: Sequence[Run],
    places: Sequence[Integers],
    arms: Integers,
    metric: str,
    num_classes: int,
    weights: Floats,
    rng: np.random.Generator,
    draws: int,
    weighted: bool,
) -> Floats:
    """The weighted sums of the runs' metrics (draws, A) with groups drawn anew, or weighted anew."""
    groups = 1 + max(int(place.max()) for place in places)
    draw = group_weights if weighted else bootstrap_counts
    result = np.zeros((draws, len(weights)))
    block = max(1, BLOCK_CELLS // groups)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        counts = draw(groups, size, rng)
        each = [_columns(counts, place) for place in places]
        columns = [weighted_metric(run, metric, num_classes, own) for run, own in zip(runs, each, strict=True)]
        found: Floats = np.stack(columns, 1)
        if weighted:
            found += between_parts(found, np.stack([own.mean(1) for own in each], 1), arms)
        result[start : start + size] = found @ weights.T
    return result


def _patterns(runs: Sequence[Run], metric: str) -> tuple[list[Run], NDArray[np.int64]] | None:
    """One example for all those that look alike to every run, and how many each stands for.

    To resample M examples is to resample their P patterns, multinomially: the same draws for a small share of the
    work when there are many examples and few runs.

    Returns:
        The runs on P examples, and counts (P,). None where examples come in groups, runs have different ones, or
        hardly any are alike.
    """
    first = runs[0]
    alone = len(np.unique(first.groups)) == len(first.groups)
    if not alone or any(not np.array_equal(run.examples, first.examples) for run in runs[1:]):
        return None
    if metric == "accuracy":  # which class was right or guessed instead does not matter
        table = np.stack([run.predictions == run.labels for run in runs], 1).astype(np.int64)
    else:
        table = np.stack([first.labels, *(run.predictions for run in runs)], 1)
    _, where, counts = np.unique(table, axis=0, return_index=True, return_counts=True)
    if len(counts) > PATTERN_SHARE * len(table):
        return None
    return [run.take(where) for run in runs], counts


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
