"""An arm's error at a size that was not measured, from one or two that were: enough to choose by, not to claim.

A learning curve needs three sizes; a planner has to choose before. Beyond what was measured an error follows a local
power law whose exponent :mod:`headstart.evidence.exponents` knows, from the last two sizes or from the kind of arm.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from headstart.evidence.exponents import Exponents
from headstart.evidence.scores import Floats

LEAST_EXPONENT = -0.3  # a curve that rises faster is taken to rise so fast
LEAST = 1e-3  # errors below are taken for this
RESAMPLED = 4000  # prior draws that a measured exponent chooses among
TINY = 1e-12  # variance of an exponent that was measured exactly
WINDOW = 4.0  # at least so large a factor in labels is an exponent read from: as far apart as those that were fitted


def project(sizes: Floats, errors: Floats, n: float, exponents: Exponents, rng: np.random.Generator) -> Floats:
    """Draw an arm's error at n labels.

    Args:
        sizes: Measured sizes (S,), ascending.
        errors: Draws of the errors there (draws, S).
        n: The size in question.
        exponents: What is known of such arms.
        rng: For the other draws.

    Returns:
        Draws (draws,). Between measured sizes straight in both logarithms; below the smallest the curve goes on as it
        began, beyond the largest as such curves go on.
    """
    logs, known = np.log(np.maximum(errors, LEAST)), np.log(np.asarray(sizes, dtype=float))
    at = float(np.log(n))
    if len(known) == 1:
        exponent = np.maximum(exponents.draw(len(logs), rng), LEAST_EXPONENT)
        return _gone_on(logs[:, 0], exponent, at - known[0])
    if at <= known[-1]:
        right = min(max(int(np.searchsorted(known, at)), 1), len(known) - 1)
        share = (at - known[right - 1]) / (known[right] - known[right - 1])
        line = (1 - share) * logs[:, right - 1] + share * logs[:, right]
        return np.asarray(np.clip(np.exp(line), 0, 1))
    end, last = _shrunk(logs[:, -2], logs[:, -1], known[-1] - known[-2], exponents, rng)
    following = np.maximum(exponents.next.draw(last, rng), LEAST_EXPONENT)
    return _gone_on(end, following, at - known[-1])


def mean_exponent(curves: Iterable[tuple[Floats, Floats]], first: float, last: float) -> float | None:
    """Average exponent of some curves between two sizes, or over the last :data:`WINDOW` of what is measured there.

    Args:
        curves: Sizes (S,), ascending, and errors (S,) of each.
        first: The size from which the exponent is wanted.
        last: The size up to which it is.

    Returns:
        None where no curve has two sizes there.
    """
    found = []
    for sizes, errors in curves:
        end = min(last, float(sizes[-1]))
        inside = (sizes >= min(first, end / WINDOW) * (1 - 1e-9)) & (sizes <= end * (1 + 1e-9))
        if inside.sum() > 1:
            logs = np.log(sizes[inside])
            found.append(-float(np.polyfit(logs, np.log(np.maximum(errors[inside], LEAST)), 1)[0]))
    return float(np.mean(found)) if found else None


def _gone_on(end: Floats, exponent: Floats, distance: float) -> Floats:
    return np.asarray(np.clip(np.exp(end - exponent * distance), 0, 1))


def _shrunk(
    before: Floats, end: Floats, step: float, exponents: Exponents, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Log errors at the last size and the exponents that led there, both as the prior exponents correct them.

    A lucky last run has a steep curve behind it: where the exponent is corrected, the error at the end moves with it,
    by regression. Draws keep their ranks, so that arms that share a world go on sharing it.
    """
    slopes = (before - end) / step
    mean, variance = float(slopes.mean()), float(slopes.var())
    if variance < TINY:
        return end, slopes
    prior = exponents.draw(RESAMPLED, rng)
    weight = np.exp(-0.5 * (prior - mean) ** 2 / variance) + 1e-300
    chosen = np.sort(rng.choice(prior, size=len(slopes), p=weight / weight.sum()))
    corrected = np.empty_like(slopes)
    corrected[np.argsort(slopes, kind="stable")] = chosen
    regression = float(np.cov(end, slopes)[0, 1]) / variance
    return np.asarray(end + regression * (corrected - slopes)), corrected
