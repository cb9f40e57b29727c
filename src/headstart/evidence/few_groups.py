"""Test examples that come in few groups: six speakers, twenty patients, of which a run may have met one or two.

Examples of a group are right or wrong together, so that groups are what is sampled. With few of them the usual
bootstrap leaves some out of a sample altogether, and a run that was tested on these alone has no value there; weights
that are never zero (the Bayesian bootstrap, Rubin 1981, *Annals of Statistics* 9, 130) have one. What a run says about
groups that it was not tested on follows from how far an arm's groups differ.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.evidence.scores import Floats, Integers, Run

MANY_GROUPS = 60  # from so many on a t distribution is a normal one, and no sample misses a run's groups
GROUP_SD = 0.12  # between groups, over 2 sqrt(e (1 - e)): four options on six speakers of spoken digits, 0.10 to 0.19
GROUP_FREEDOM = 4.0  # groups' worth of trust that this figure gets against an arm's own groups
LEAST_ERROR = 0.002


def are_few(groups: int) -> bool:
    """Whether an interval must account for how few groups there are."""
    return 2 <= groups < MANY_GROUPS


def effective_examples(examples: int, groups: int) -> int:
    """Independent examples that say as much as the examples of so many groups: of one group, hardly more than 17."""
    return min(examples, round(groups / (2 * GROUP_SD) ** 2)) if are_few(groups) else examples


def stretch(groups: int, draws: int, rng: np.random.Generator, *, weighted: bool = False) -> Floats:
    """Factors that turn deviations of a bootstrap over G groups into those of a t distribution (draws, 1).

    It has G - 1 degrees. Standard methods reject too often from five to thirty groups (Cameron, Gelbach and Miller
    2008, *Review of Economics and Statistics* 90, 414).

    Args:
        groups: G.
        draws: How many.
        rng: Draws them.
        weighted: Whether it was the Bayesian bootstrap, whose variance is G / (G + 1) of the usual one's.
    """
    if not are_few(groups):
        return np.ones((draws, 1))
    more = groups + 1 if weighted else groups
    return np.asarray(np.sqrt(more / rng.chisquare(groups - 1, (draws, 1))))


def group_weights(groups: int, draws: int, rng: np.random.Generator) -> Floats:
    """Weights (draws, G) of the Bayesian bootstrap, around one."""
    weights = rng.standard_exponential((draws, groups))
    return np.asarray(weights / weights.mean(1, keepdims=True), dtype=np.float32)


def between_parts(values: Floats, weights: Floats, arms: Integers) -> Floats:
    """What it moves the values of runs by that the groups of their test parts weigh more or less than others.

    A mean over test parts weighs each as much as its groups: the first-order term of a weighted mean.

    Args:
        values: The metric of each run (draws, K).
        weights: Mean weight of each run's examples (draws, K).
        arms: Place of each run's arm (K,).
    """
    result = np.zeros_like(values)
    for arm in np.unique(arms):
        own = values[:, arms == arm]
        result[:, arms == arm] = (weights[:, arms == arm] - 1) * (own - own.mean(1, keepdims=True))
    return result


def unmet_sd(runs: Sequence[Run], arms: Integers) -> Floats:
    """Standard deviation (A,) of what each arm's mean over its own groups says about all groups.

    With variance t^2 between groups and G_a of G of them met, it is t sqrt(1 / G_a - 1 / G).

    Args:
        runs: Of all arms.
        arms: Place of each run's arm (K,).
    """
    every = len(np.unique(np.concatenate([run.groups for run in runs])))
    found = []
    for arm in np.unique(arms):
        values = _by_group([run for run, of in zip(runs, arms, strict=True) if of == arm])
        error = min(max(1 - float(values.mean()), LEAST_ERROR), 1 - LEAST_ERROR)
        known = (2 * GROUP_SD) ** 2 * error * (1 - error)
        squares = float(((values - values.mean()) ** 2).sum())
        variance = (GROUP_FREEDOM * known + squares) / (GROUP_FREEDOM + len(values) - 1)
        found.append(np.sqrt(variance * max(1 / len(values) - 1 / every, 0.0)))
    return np.asarray(found)


def _by_group(runs: Sequence[Run]) -> Floats:
    """Share of right answers in each group that the runs were tested on."""
    groups = np.concatenate([run.groups for run in runs])
    right = np.concatenate([run.predictions == run.labels for run in runs])
    known, places = np.unique(groups, return_inverse=True)
    return np.asarray(np.bincount(places, right, len(known)) / np.bincount(places, minlength=len(known)))
