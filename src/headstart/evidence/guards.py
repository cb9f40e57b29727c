"""When a curve must not be extrapolated: what was measured is then all that is said."""

from __future__ import annotations

import numpy as np

from headstart.evidence.observed import ArmErrors
from headstart.evidence.posterior import MISFIT
from headstart.evidence.scores import Floats

MIN_SIZES, MIN_SPAN = 3, 4.0  # fewer, or closer together, leave the shape to the prior
STANDARD_ERRORS = 3.0
VISIBLE = 0.005  # half a point: a smaller misfit is none, however exactly it was measured


def too_little(arm: ArmErrors) -> str | None:
    """Say whether too few sizes were measured, before anything is fitted."""
    if len(arm.sizes) < MIN_SIZES:
        return f"measured at {len(arm.sizes)} sizes; a curve needs {MIN_SIZES}"
    span = arm.sizes[-1] / arm.sizes[0]
    if span < MIN_SPAN * (1 - 1e-9):
        return f"its sizes span a factor of {span:.2g}; a curve needs {MIN_SPAN:.0f}"
    return None


def not_a_falling_curve(arm: ArmErrors, variance: Floats, fitted: Floats, chance: float | None = None) -> str | None:
    """Say why a fitted curve must not be extrapolated, or None.

    Args:
        arm: What was measured.
        variance: Variance of a single measurement at each size (S,).
        fitted: The posterior mean of the error at each size (S,).
        chance: Error of guessing, if known.
    """
    error = np.sqrt(variance / arm.repeats)
    if chance is not None:
        learned = arm.means < chance - 2 * error
        if learned.sum() < MIN_SIZES:
            return f"above chance at only {int(learned.sum())} sizes"
    lowest = np.argmin(arm.means[:-1])
    for first in range(len(arm.sizes) - 1):
        rise = arm.means[first + 1 :] - arm.means[first]
        sure = STANDARD_ERRORS * np.hypot(error[first], error[first + 1 :])
        if (rise > np.maximum(sure, VISIBLE)).any():
            return f"its error rises significantly after {arm.sizes[lowest]:,.0f} labels"
    miss = abs(arm.means - fitted)
    allowed = np.maximum(STANDARD_ERRORS * np.hypot(error, MISFIT[-1]), VISIBLE)
    allowed[-1] = max(STANDARD_ERRORS * error[-1], VISIBLE)  # what is extrapolated starts here
    worst = int(np.argmax(miss / allowed))
    if miss[worst] > allowed[worst]:
        return f"no falling curve fits: off by {100 * miss[worst]:.1f} points at {arm.sizes[worst]:,.0f} labels"
    return None
