"""What people do without a posterior: the yardsticks of the calibration benches."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.stats import t as student

LEVEL = 0.90
Interval = tuple[np.ndarray, np.ndarray, np.ndarray]  # point, low, high


def maximum_likelihood(sizes: np.ndarray, means: np.ndarray, errors: np.ndarray, at: np.ndarray) -> Interval | None:
    """A + b n^-c with a, b, c >= 0 by weighted least squares, intervals by the delta method; None where it fails.

    Args:
        sizes: (S,) labels.
        means: (S,) mean errors.
        errors: (S,) their standard errors.
        at: (N,) labels to predict at.
    """
    start = (max(0.5 * means[-1], 1e-3), max(means[0] - 0.5 * means[-1], 1e-3), 0.5)
    return _fit(sizes / sizes[0], means, at / sizes[0], start, errors, ((0, 0, 0), (1, 10, 5)))


def as_people_do(n: np.ndarray, errors: np.ndarray, at: np.ndarray) -> Interval | None:
    """The same family by ``scipy.optimize.curve_fit`` on the single runs, without bounds, weights or scaling."""
    return _fit(n, errors, at, None, None, (-np.inf, np.inf))


def no_further_change(sizes: np.ndarray, means: np.ndarray, errors: np.ndarray, at: np.ndarray) -> Interval:
    """The mean at the largest size, for ever, with its own 90 % interval."""
    half = student.ppf((1 + LEVEL) / 2, 2) * errors[-1]
    point = np.full(len(at), means[-1])
    return point, point - half, point + half


def interval_score(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Gneiting and Raftery (2007), equation 43: width, and 2 / alpha for each unit by which it misses."""
    alpha = 1 - LEVEL
    return (high - low) + 2 / alpha * (np.maximum(low - truth, 0) + np.maximum(truth - high, 0))


def _power_law(n: np.ndarray, a: float, b: float, c: float) -> np.ndarray:
    return a + b * n**-c


def _fit(n, y, at, start, sigma, bounds) -> Interval | None:  # type: ignore[no-untyped-def]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", OptimizeWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            found, covariance = curve_fit(
                _power_law, n, y, p0=start, sigma=sigma, absolute_sigma=sigma is not None, bounds=bounds, maxfev=5000
            )
        except (RuntimeError, ValueError):
            return None
        a, b, c = found
        slope = np.stack([np.ones(len(at)), at**-c, -b * np.log(at) * at**-c], 1)
        deviation = np.sqrt(np.einsum("ij,jk,ik->i", slope, covariance, slope))
        half = student.ppf((1 + LEVEL) / 2, max(len(y) - 3, 1)) * deviation
        point = _power_law(at, *found)
    if not (np.isfinite(point).all() and np.isfinite(half).all()):
        return None
    return point, np.clip(point - half, 0, 1), np.clip(point + half, 0, 1)
