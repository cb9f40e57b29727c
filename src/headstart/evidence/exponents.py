"""How learning curves go on: the exponent of the next factor in labels, given that of the last.

Between neighbouring sizes errors follow a local power law, e(m) = e(n) (n / m)^b. Exponents are not symmetric: a curve
that has just left chance goes on more steeply than before, while few curves rise. So b has a split t distribution, of
its own for networks that descend a gradient and for closed forms. ``bench/exponents.py`` fits it, and says from what.

Data sets differ more than options do: where closed forms, which cost next to nothing, gain little from more labels,
networks gain less, too - on images and texts as in tables. So the exponent of an option that was measured once is drawn
given what the closed forms of the same study gained from the labels in question.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from scipy.stats import t as student

from headstart.evidence.scores import Floats
from headstart.evidence.spread import Kind

FREEDOM = 4.0  # of the t: real curves surprise more often than a normal distribution allows
TOP = 1.0  # last exponents beyond are taken for this: few are known
LEAST_SCALE = 0.005


@dataclass(frozen=True)
class Next:
    """The next exponent given the last one b: mode and scales are straight lines in b.

    Attributes:
        start: Mode at b = 0.
        kept: What the mode keeps of b.
        below: Scale below the mode at b = 0.
        below_slope: What it gains with b.
        above: Scale above the mode at b = 0.
        above_slope: What it gains with b.
    """

    start: float
    kept: float
    below: float
    below_slope: float
    above: float
    above_slope: float

    def draw(self, last: Floats, rng: np.random.Generator) -> Floats:
        """Draw a next exponent for each last one (draws,)."""
        return split_t(*next_parts(self, last), len(last), rng)


@dataclass(frozen=True)
class Exponents:
    """What is known of a kind of arm's exponents.

    Attributes:
        mode: Of an exponent of which no other is known.
        below: Scale below it.
        above: Scale above it.
        next: An exponent given the one before it.
        beside: The exponent of an option that descends a gradient given that of closed forms on the same data; None for
            closed forms.
    """

    mode: float
    below: float
    above: float
    next: Next
    beside: Next | None = None

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw exponents of an arm measured at one size."""
        return split_t(self.mode, self.below, self.above, count, rng)

    def given(self, closed: float | None) -> Exponents:
        """The same for a study whose closed forms have this exponent on average; as it is where that is not known."""
        if self.beside is None or closed is None:
            return self
        mode, below, above = (float(part[0]) for part in next_parts(self.beside, np.asarray([closed])))
        return replace(self, mode=mode, below=below, above=above)

    def quantile(self, level: float) -> float:
        """The exponent that a share of such exponents stays below."""
        low = self.below / (self.below + self.above)
        if level < low:
            return self.mode + self.below * float(student.ppf(level / low / 2, FREEDOM))
        return self.mode + self.above * float(student.ppf((1 + (level - low) / (1 - low)) / 2, FREEDOM))

    def log_density(self, exponent: Floats) -> Floats:
        """Log prior density."""
        return split_t_logpdf(exponent, self.mode, self.below, self.above)


@cache
def fitted_exponents(kind: Kind) -> Exponents:
    """The table that comes with Headstart, for ``gradient`` or ``closed``."""
    table = json.loads(files("headstart.evidence").joinpath("exponents.json").read_text(encoding="utf-8"))
    row = table["kinds"][kind]
    beside = Next(*row["beside"]) if "beside" in row else None
    return Exponents(row["mode"], row["below"], row["above"], Next(*row["next"]), beside)


def next_parts(given: Next, last: Floats) -> tuple[Floats, Floats, Floats]:
    """Mode and the two scales of the exponents that follow these."""
    known = np.clip(last, 0.0, TOP)
    mode = given.start + given.kept * np.clip(last, -TOP, TOP)
    below, above = given.below + given.below_slope * known, given.above + given.above_slope * known
    return mode, np.maximum(below, LEAST_SCALE), np.maximum(above, LEAST_SCALE)


def split_t(
    mode: Floats | float, below: Floats | float, above: Floats | float, count: int, rng: np.random.Generator
) -> Floats:
    """Draw from a t distribution with another scale on each side of its mode (Fernandez and Steel 1998)."""
    size = np.abs(rng.standard_t(FREEDOM, count))
    up = rng.random(count) < np.asarray(above) / (np.asarray(above) + np.asarray(below))
    return np.asarray(mode + np.where(up, above, -np.asarray(below)) * size)


def split_t_logpdf(values: Floats, mode: Floats | float, below: Floats | float, above: Floats | float) -> Floats:
    """Log density of the same distribution."""
    low, high = np.maximum(below, LEAST_SCALE), np.maximum(above, LEAST_SCALE)
    scaled = np.where(values < mode, (values - mode) / low, (values - mode) / high)
    return np.asarray(np.log(2 / (low + high)) + student.logpdf(scaled, FREEDOM))
