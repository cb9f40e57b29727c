"""How much extrapolated intervals must be widened so that they hold on real curves.

Real curves leave every family now and then. The factors were fitted so that 90 % intervals held 90 % of the points of
real curves that the fit had not seen; ``bench/widening.py`` makes them, and says from what.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from headstart.evidence.scores import Floats


@dataclass(frozen=True)
class Widening:
    """Factors on the distance of draws from their median.

    Attributes:
        ratios: n / n_max at which factors were fitted (R,), ascending from 1.
        factors: By the number of measured sizes they were fitted with, a factor for each ratio.
    """

    ratios: tuple[float, ...]
    factors: dict[int, tuple[float, ...]]

    def at(self, ratio: Floats, sizes: int) -> Floats:
        """Factors at n / n_max: 1 inside the measured range, straight in log n, the last one beyond the table.

        Args:
            ratio: n / n_max (N,).
            sizes: Measured sizes of the curve; the nearest smaller number in the table counts.
        """
        known = sorted(self.factors)
        row = self.factors[max((count for count in known if count <= sizes), default=known[0])]
        return np.asarray(np.interp(np.log(np.maximum(ratio, 1)), np.log(self.ratios), row))


NO_WIDENING = Widening((1.0,), {1: (1.0,)})


@cache
def fitted_widening() -> Widening:
    """The factors that come with Headstart."""
    table = json.loads(files("headstart.evidence").joinpath("widening.json").read_text(encoding="utf-8"))
    factors = {int(count): tuple(row) for count, row in table["factors"].items()}
    return Widening(tuple(table["ratios"]), factors)
