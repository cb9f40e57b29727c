"""An arm's error at a size that was not measured, from one or two that were: enough to choose by, not to claim.

A learning curve needs three sizes; a planner has to choose before. Between neighbouring sizes errors follow a local
power law, e(m) = e(n) (n / m)^b. The exponent b has the prior below, and what the last two measured sizes say about it.
"""

from __future__ import annotations

import numpy as np

from headstart.evidence.scores import Floats

EXPONENT, EXPONENT_SD = 0.22, 0.2  # of LCDB 1.1 curves (arXiv 2505.15657), n to 4 n: mean 0.17, standard deviation 0.26
KEPT_SD = 0.15  # how far the next exponent lies from the last: 90 % of LCDB curves within 0.23
LEAST_EXPONENT = -0.05  # few curves rise
LEAST = 1e-3  # errors below are taken for this


def project(sizes: Floats, errors: Floats, n: float, rng: np.random.Generator) -> Floats:
    """Draw an arm's error at n labels.

    Args:
        sizes: Measured sizes (S,), ascending.
        errors: Draws of the errors there (draws, S).
        n: The size in question.
        rng: For the other draws.

    Returns:
        Draws (draws,). Between measured sizes straight in both logarithms; below the smallest as beyond the largest.
    """
    logs, known = np.log(np.maximum(errors, LEAST)), np.log(np.asarray(sizes, dtype=float))
    at = float(np.log(n))
    if len(known) > 1 and known[0] <= at <= known[-1]:
        right = min(max(int(np.searchsorted(known, at)), 1), len(known) - 1)
        share = (at - known[right - 1]) / (known[right] - known[right - 1])
        return np.asarray(np.exp((1 - share) * logs[:, right - 1] + share * logs[:, right]))
    end = 0 if at < known[0] else -1
    exponent = EXPONENT + EXPONENT_SD * rng.standard_normal(len(errors))
    if len(known) > 1:
        one, two = (0, 1) if end == 0 else (-2, -1)
        slopes = (logs[:, one] - logs[:, two]) / (known[two] - known[one])
        noise = KEPT_SD**2 + float(slopes.var())
        share = EXPONENT_SD**2 / (EXPONENT_SD**2 + noise)
        middle = (1 - share) * EXPONENT + share * float(slopes.mean())
        exponent = middle + np.sqrt(share * noise) * rng.standard_normal(len(errors))
    # the exponent and the error at the end move together: a lucky last run has a steep curve behind it
    exponent = np.maximum(exponent, LEAST_EXPONENT)
    return np.asarray(np.clip(np.exp(logs[:, end] - exponent * (at - known[end])), 0, 1))
