"""From how many labels on from scratch wins: the crossover with its mass at infinity, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from headstart.evidence.crossing import DrawnLabels, crossing
from headstart.evidence.curves import CurveDraws
from headstart.evidence.observed import residual_correlation
from headstart.evidence.scores import LEVEL, Floats

CONFIDENT = 0.95
WIDEST = 8.0  # an interval that spans a larger factor places nothing
CONTENDER = 0.05  # an arm with less chance of leading its side does not limit what is said about the side
PRIOR_FREEDOM = 4.0  # how many repeats' worth of trust the scatter pooled over sizes and arms gets

Statement = str  # "tie", "crossed", "none", "between" or "undetermined"


@dataclass(frozen=True)
class CrossoverDraws(DrawnLabels):
    """The smallest n* from which the best from-scratch arm is no worse than the best transfer arm.

    Attributes:
        statement: ``tie``, ``crossed`` (at a measured size), ``between`` (low and high), ``none`` (up to the horizon)
            or ``undetermined``.
        draws: n*, draw by draw; infinity where it lies beyond the horizon or nowhere.
        n_max: Largest size at which both sides were measured.
        horizon: Largest size about which the statement speaks.
        p_crossed: P(n* <= n_max).
        p_by_horizon: P(n* <= horizon).
        p_tie: P(the two differ by less than the tie margin throughout the measured range).
        limited_by: Why the horizon ends at n_max, if it does.
    """

    statement: Statement
    draws: Floats
    n_max: float
    horizon: float
    p_crossed: float
    p_by_horizon: float
    p_tie: float
    limited_by: str | None = None


def find_crossover(
    curves: CurveDraws,
    scratch: Sequence[str] | None = None,
    transfer: Sequence[str] | None = None,
    *,
    margin: float = 0.0,
    tie: float = 0.01,
) -> CrossoverDraws:
    """Locate n* between two sides, each at its best in every draw.

    Args:
        curves: Joint draws.
        scratch: Arms of the one side; all of the side ``scratch`` if not given.
        transfer: Arms of the other side; all of the side ``transfer`` if not given.
        margin: From scratch wins once its error is at most the other's plus this; 0 is break-even.
        tie: Differences smaller than this do not matter.

    Raises:
        ValueError: A side has no arms, or the sides were measured at no common range.
    """
    sides = [_side(curves, scratch, "scratch"), _side(curves, transfer, "transfer")]
    n_max = min(max(float(curves.arms[i].sizes[-1]) for i in side) for side in sides)
    start = max(min(float(curves.arms[i].sizes[0]) for i in side) for side in sides)
    if start > n_max:
        raise ValueError("the two sides were measured at no common range of sizes")
    limit = _limit(curves, sides, n_max)
    horizon = n_max if limit else n_max * curves.horizon
    grid = curves.grid[(curves.grid > start) & (curves.grid < horizon)]
    sizes = np.unique(np.concatenate([[start], grid, [horizon]])) if horizon > start else np.asarray([start])
    gap = _gap(curves, sides, sizes)
    draws = crossing(sizes, margin - gap, np.zeros_like(gap)).draws
    measured = gap[:, sizes <= n_max * (1 + 1e-9)]
    p_tie = float((abs(measured) < tie).all(1).mean())
    crossed, by_horizon = float((draws <= n_max * (1 + 1e-9)).mean()), float(np.isfinite(draws).mean())
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    statement = "undetermined"
    if p_tie >= CONFIDENT:
        statement = "tie"
    elif crossed >= CONFIDENT and _test_agrees(curves, sides, n_max, margin):
        statement = "crossed"
    elif by_horizon <= 1 - CONFIDENT:
        statement = "none"
    elif by_horizon >= CONFIDENT and high <= WIDEST * low and crossed < CONFIDENT:
        statement = "between"
    return CrossoverDraws(statement, draws, n_max, horizon, crossed, by_horizon, p_tie, limit)


def gap_at(curves: CurveDraws, arm: str, reference: str, n: float) -> tuple[float, float, float]:
    """Difference of two arms' measured mean errors at one size, with its 90 % interval.

    Paired where they share repeats. The variance of a single difference shrinks what these repeats show, S, towards
    the one pooled over sizes (and arms, where they agree), P: (f P + (R - 1) S) / (f + R - 1), with f + R - 1 degrees
    of freedom and f = ``PRIOR_FREEDOM``; so two or three repeats suffice, and ten speak for themselves. With
    ``n_test``, the choice of test examples counts too.

    Args:
        curves: Where both arms were measured at n.
        arm: The arm.
        reference: What is subtracted.
        n: A measured size.

    Returns:
        Difference, low, high.

    Raises:
        ValueError: One of them was not measured at n.
    """
    pair = [curves.arms[curves.index(name)] for name in (arm, reference)]
    runs = [one.at(n) for one in pair]
    if not all(runs):
        raise ValueError(f"not measured at {n:g}")
    means = [float(np.mean(list(one.values()))) for one in runs]
    place = int(np.argmin(abs(np.log(curves.grid) - np.log(n))))
    pooled = [float(curves.deviation[curves.index(name), place]) for name in (arm, reference)]
    variance, freedom = _gap_variance(runs, pooled, float(residual_correlation(pair)[0, 1]))
    if curves.n_test is not None:
        one, two = (np.sqrt(mean * (1 - mean) / curves.n_test) for mean in means)
        variance += one**2 + two**2 - 2 * curves.test_correlation * one * two
    half = float(student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(max(variance, 0.0)))
    gap = means[0] - means[1]
    return gap, gap - half, gap + half


def _gap_variance(runs: list[dict[int, float]], pooled: list[float], correlation: float) -> tuple[float, float]:
    """Variance of the difference of two means of runs, by repeat, and its degrees of freedom."""
    one, two = runs
    common = sorted(one.keys() & two.keys())
    if len(common) == len(one) == len(two):
        prior = pooled[0] ** 2 + pooled[1] ** 2 - 2 * correlation * pooled[0] * pooled[1]
        variance, freedom = _shrunk(np.asarray([one[key] - two[key] for key in common]), prior)
        return variance / len(common), freedom
    own = [_shrunk(np.asarray(list(of_arm.values())), sd**2) for of_arm, sd in zip(runs, pooled, strict=True)]
    sd = [np.sqrt(variance) for variance, _ in own]
    together = correlation * sd[0] * sd[1] * len(common) / (len(one) * len(two))
    freedom = own[0][1] + own[1][1] - PRIOR_FREEDOM  # the pooled scatter counts once
    return float(own[0][0] / len(one) + own[1][0] / len(two) - 2 * together), freedom


def _shrunk(values: Floats, prior: float) -> tuple[float, float]:
    """Variance of one of these values, shrunk towards a prior one, and its degrees of freedom."""
    freedom = PRIOR_FREEDOM + len(values) - 1
    own = float(((values - values.mean()) ** 2).sum())
    return (PRIOR_FREEDOM * prior + own) / freedom, freedom


def _side(curves: CurveDraws, names: Sequence[str] | None, paradigm: str) -> list[int]:
    side = curves.of_paradigm(paradigm) if names is None else [curves.index(name) for name in names]
    if not side:
        raise ValueError(f"there is no arm of the side {paradigm}")
    return side


def _limit(curves: CurveDraws, sides: list[list[int]], n_max: float) -> str | None:
    """Why nothing is said beyond n_max: an arm that may lead its side is not extrapolated."""
    values = curves.at(n_max)
    for side in sides:
        known = np.where(np.isnan(values[:, side]), np.inf, values[:, side])
        leads = (known == known.min(1, keepdims=True)).mean(0)
        for place, i in enumerate(side):
            if curves.guarded[i] and leads[place] > CONTENDER:
                return f"{curves.arms[i].arm} is not extrapolated: {curves.guarded[i]}"
    return None


def _gap(curves: CurveDraws, sides: list[list[int]], sizes: Floats) -> Floats:
    """Scratch minus transfer, each at its lowest error, draw by draw (draws, N)."""
    columns = []
    for n in sizes:
        values = curves.at(float(n))
        known = np.where(np.isnan(values), np.inf, values)
        columns.append(known[:, sides[0]].min(1) - known[:, sides[1]].min(1))
    return np.stack(columns, 1)


def _test_agrees(curves: CurveDraws, sides: list[list[int]], n_max: float, margin: float) -> bool:
    """Whether the measured means at n_max say by themselves that from scratch is no worse."""
    best = []
    for side in sides:
        there = [i for i in side if np.isclose(curves.arms[i].sizes, n_max, rtol=1e-6).any()]
        best.append(min(there, key=lambda i: _mean_at(curves, i, n_max), default=None))
    if best[0] is None or best[1] is None:
        return False
    return gap_at(curves, curves.arms[best[0]].arm, curves.arms[best[1]].arm, n_max)[2] <= margin


def _mean_at(curves: CurveDraws, i: int, n: float) -> float:
    arm = curves.arms[i]
    return float(arm.means[int(np.argmin(abs(arm.sizes - n)))])
