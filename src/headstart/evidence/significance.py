"""Tests of paired differences beside the joint draws: two models, many arms, ties, rotating parts, repeated looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from headstart.evidence.scores import Floats, Run


def holm(p_values: Sequence[float]) -> Floats:
    """P-values adjusted for their number: (k - i + 1) p_(i), made monotone (Holm 1979).

    Args:
        p_values: One for each arm or class (K,).

    Returns:
        Adjusted p-values in the same order; those below alpha hold together with an error rate of alpha.

    Raises:
        ValueError: A value is missing or no probability.
    """
    values = np.asarray(p_values, dtype=float)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("p-values lie between 0 and 1, without missing ones")
    order = np.argsort(values, kind="stable")
    stepped = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return adjusted


def tie_test(difference: float, error: float, freedom: float, margin: float) -> float:
    """P-value of a tie: two one-sided t tests against -margin and +margin (Schuirmann 1987).

    Below 0.05 exactly where the 90 % interval of the difference lies inside the margin. A difference that is not
    significant is no tie.

    Args:
        difference: Estimate.
        error: Its standard error.
        freedom: Degrees of freedom of the error.
        margin: What difference does not matter, above 0.

    Raises:
        ValueError: A margin or freedom that is not positive, a negative error, or a missing value.
    """
    if not np.isfinite([difference, error, freedom, margin]).all():
        raise ValueError("difference, error, freedom and margin must not be missing")
    if margin <= 0 or error < 0 or freedom <= 0:
        raise ValueError("a tie needs a positive margin and freedom, and an error that is not negative")
    room = margin - abs(difference)
    if error == 0:
        return 0.0 if room > 0 else 1.0
    return float(student.sf(room / error, freedom))


def group_differences(ours: Sequence[Run], theirs: Sequence[Run], classes: int | None = None) -> Floats:
    """Paired differences of two arms, one for each group of test examples, whose mean is that of the metric.

    Args:
        ours: Runs of one arm.
        theirs: Runs of the other; those with equal repeat and fold are paired.
        classes: Number of classes, for balanced accuracy: each class then counts the same. None for accuracy.

    Returns:
        One value a group (G,), over all paired repeats.

    Raises:
        ValueError: No two runs are paired, or paired runs have different examples.
    """
    by_key = {run.key: run for run in theirs}
    pairs = [(run, by_key[run.key]) for run in ours if run.key in by_key]
    if not pairs:
        raise ValueError("no repeat was measured with both arms")
    if any(not np.array_equal(one.examples, other.examples) for one, other in pairs):
        raise ValueError("paired runs need the same test examples")
    groups = np.concatenate([one.groups for one, _ in pairs])
    labels = np.concatenate([one.labels for one, _ in pairs])
    gaps = np.concatenate(
        [(one.predictions == one.labels).astype(float) - (other.predictions == other.labels) for one, other in pairs]
    )
    weights = np.ones(len(labels))
    if classes is not None:
        counts = np.bincount(labels, minlength=classes)
        weights = len(labels) / ((counts > 0).sum() * counts[labels])
    _, place = np.unique(groups, return_inverse=True)
    sums = np.bincount(place, weights=weights * gaps)
    return np.asarray(sums * len(sums) / len(labels))


def always_valid_interval(values: Floats, alpha: float = 0.05, planned: int | None = None) -> tuple[float, float]:
    """An interval for a mean that may be looked at after every value and still holds with 1 - alpha.

    The asymptotic confidence sequence of Waudby-Smith et al. (2024, arXiv 2103.06476): wider than a fixed
    interval, in exchange for stopping whenever one likes. Asymptotic means: from some dozens of values on.

    Args:
        values: Independent values so far (N,), such as paired differences of test examples or groups.
        alpha: Error over all looks together.
        planned: Number of values at which it should be narrowest; as many as there are if not given.

    Raises:
        ValueError: Fewer than two values, or a missing one.
    """
    seen = np.asarray(values, dtype=float)
    if not np.isfinite(seen).all():
        raise ValueError("values are missing among those of the interval")
    count = len(seen)
    if count < 2:
        raise ValueError("two or more values are needed")
    aim = max(planned or count, 2)
    # the variance of the normal mixture that makes the interval narrowest at `aim` values
    rho2 = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / aim
    inside = 2 * (count * rho2 + 1) / (count**2 * rho2) * np.log(np.sqrt(count * rho2 + 1) / alpha)
    half = float(seen.std() * np.sqrt(inside))
    return float(seen.mean()) - half, float(seen.mean()) + half
