"""How far repeats of a training run scatter: a prior by kind of arm and labels per class, and what an arm adds to it.

Spread is the standard deviation of the metric between repeats (other subset, other seed) on the same test examples.
A run of gradient descent on eight labels a class scatters by five points, a linear probe on a thousand labels by a few
tenths, so one figure for all of them is wrong for most. ``bench/spread.py`` fits the prior, and says from what.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from headstart.evidence.scores import Floats

Kind = Literal["gradient", "closed"]
AT = 8.0  # labels of a class at which the level is given
LEAST_ERROR = 0.002  # below this the binomial shape would say that repeats agree exactly
RECIPES_SD = 0.043  # of an arm's recipes, over 2 sqrt(e (1 - e)): 4.3 points near 50 %, of 19 arms of the oracle runs
SHARED_MISTAKES = 0.6  # of two recipes of one arm, on the same held-out examples


@dataclass(frozen=True)
class Spread:
    """A standard deviation, and how sure it is.

    Attributes:
        sd: Of one run.
        freedom: Degrees of freedom behind its square.
    """

    sd: float
    freedom: float


@dataclass(frozen=True)
class KindOfSpread:
    """What is known of one kind of arm before it is repeated.

    The standard deviation at k labels of a class and error e is
    ``max(level (8 / k)^slope, floor) x 2 sqrt(e (1 - e))``: the binomial shape shrinks it near the ceiling.

    Attributes:
        freedom: How much an arm's own repeats must outweigh: an arm's variance over the prior's is taken to be
            inverse chi-square with so many degrees.
    """

    level: float
    slope: float
    floor: float
    freedom: float

    def sd(self, per_class: float, error: float) -> float:
        """The prior standard deviation of one run."""
        bounded = min(max(error, LEAST_ERROR), 1 - LEAST_ERROR)
        base = max(self.level * (AT / max(per_class, 1.0)) ** self.slope, self.floor)
        return float(2 * base * np.sqrt(bounded * (1 - bounded)))

    def sds(self, per_class: Floats, error: Floats) -> Floats:
        """The same for many runs."""
        return np.asarray([self.sd(float(k), float(e)) for k, e in zip(per_class, error, strict=True)])


@dataclass(frozen=True)
class SpreadPrior:
    """The table that comes with Headstart.

    Attributes:
        kinds: By ``gradient`` and ``closed``.
        correlation: Between two arms' deviations in the same repeat, which share the subset.
        untuned: Standard deviation of what tuning moves an arm by, over 2 sqrt(e (1 - e)) at its error e.
    """

    kinds: dict[str, KindOfSpread]
    correlation: float
    untuned: float

    def of(self, kind: Kind) -> KindOfSpread:
        """What is known of a kind of arm."""
        return self.kinds[kind]

    def untuned_left(self, error: float, held_out: int) -> float:
        """Standard deviation of what better tuning would still move an arm by.

        Recipes scatter by s, and m held-out examples tell two of them apart to v = 2 e (1 - e) (1 - r) / m, r being
        how far they share mistakes; a normal prior leaves s^2 v / (s^2 + v) of its variance.

        Args:
            error: Of the arm.
            held_out: Examples that its recipes were compared on; 0 where only the default recipe was used.
        """
        shape = 2 * float(np.sqrt(error * (1 - error)))
        if not held_out:
            return self.untuned * shape
        confusion = 2 * error * (1 - error) * (1 - SHARED_MISTAKES) / held_out
        among = (RECIPES_SD * shape) ** 2
        left = confusion / (among + confusion) if among > 0 else 0.0
        return float(self.untuned * shape * np.sqrt(left))


@cache
def fitted_spread() -> SpreadPrior:
    """The prior that comes with Headstart."""
    table = json.loads(files("headstart.evidence").joinpath("spread.json").read_text(encoding="utf-8"))
    kinds = {name: KindOfSpread(**row) for name, row in table["kinds"].items()}
    return SpreadPrior(kinds, float(table["correlation"]), float(table["untuned"]))


@dataclass(frozen=True)
class Cell:
    """Repeats of one arm at one size.

    Attributes:
        per_class: Labels of a class.
        values: The metric of each repeat (R,).
        sampling: Variance that the choice of test examples alone explains in the spread of these values: 0 where
            all repeats read the same examples.
    """

    per_class: float
    values: Floats
    sampling: float = 0.0

    @property
    def error(self) -> float:
        """Mean error."""
        return float(1 - np.mean(self.values))


def arm_spread(cells: Sequence[Cell], at: Cell, kind: Kind, prior: SpreadPrior | None = None) -> Spread:
    """Spread of one run of an arm at a size: the prior of its kind, scaled by the arm's own repeats at every size.

    With prior variances P_c and R_c repeats in cell c the posterior scale is
    (f + sum_c SS_c / P_c) / (f + sum_c (R_c - 1)): the conjugate inverse chi-square update (Gelman et al. 2013,
    *Bayesian Data Analysis*, section 2.6). Other arms' repeats have no part in it.

    Args:
        cells: Every size at which the arm was measured.
        at: The size in question.
        kind: ``gradient`` or ``closed``.
        prior: The table that comes with Headstart if not given.
    """
    known = (prior or fitted_spread()).of(kind)
    total, freedom = known.freedom, known.freedom
    for cell in cells:
        more = len(cell.values) - 1
        if more < 1:
            continue
        own = float(((cell.values - cell.values.mean()) ** 2).sum())
        total += max(own - more * cell.sampling, 0.0) / known.sd(cell.per_class, cell.error) ** 2
        freedom += more
    return Spread(known.sd(at.per_class, at.error) * float(np.sqrt(total / freedom)), freedom)
