"""What runs cost by their number of labels, so that labels can be given in seconds, money or energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.evidence.crossing import DrawnLabels
from headstart.evidence.scores import LEVEL, Floats


@dataclass(frozen=True)
class CostCurve:
    """What one run of an arm costs, in any unit.

    Attributes:
        sizes: Labels (S,), ascending.
        costs: Mean cost of a run with so many (S,).
    """

    sizes: Floats
    costs: Floats

    def at(self, n: Floats) -> Floats:
        """Cost of a run with n labels (N,): straight between measured sizes, and on along their line beyond them.

        The line is that of least squares, a fixed part and one for each label; from a single size the cost is taken
        as proportional. Infinitely many labels cost infinitely much.
        """
        asked = np.asarray(n, dtype=float)
        finite = np.where(np.isfinite(asked), asked, self.sizes[-1])
        inside = np.interp(finite, self.sizes, self.costs)
        beyond = np.maximum(finite - self.sizes[-1], 0) - np.maximum(self.sizes[0] - finite, 0)
        return np.asarray(np.where(np.isfinite(asked), np.maximum(inside + self._slope * beyond, 0), np.inf))

    @property
    def _slope(self) -> float:
        if len(self.sizes) == 1:
            return float(self.costs[0] / self.sizes[0])
        off = self.sizes - self.sizes.mean()
        return max(0.0, float(off @ self.costs / (off @ off)))


def cost_curve(n: Floats, cost: Floats) -> CostCurve:
    """The cost curve of measured runs.

    Args:
        n: Labels of each run (K,).
        cost: What each cost (K,), none below 0.

    Raises:
        ValueError: No runs, unequal lengths, sizes that are not positive, or costs that are missing or negative.
    """
    labels, paid = np.asarray(n, dtype=float), np.asarray(cost, dtype=float)
    if not len(labels) == len(paid) > 0:
        raise ValueError("n and cost need equal lengths of at least one")
    if not (np.isfinite(labels).all() and (labels > 0).all() and np.isfinite(paid).all() and (paid >= 0).all()):
        raise ValueError("sizes must be positive, and costs neither negative nor missing")
    sizes, cell = np.unique(labels, return_inverse=True)
    return CostCurve(sizes, np.bincount(cell, weights=paid) / np.bincount(cell))


def saved(labels: DrawnLabels, n: float, scratch: CostCurve, transfer: CostCurve) -> tuple[float, float, float]:
    """What a head start saves: a from-scratch run that does as well, minus the transfer run with n labels.

    Args:
        labels: The head start, from scratch.
        n: Labels of the transfer run.
        scratch: What from-scratch runs cost.
        transfer: What transfer runs cost.

    Returns:
        Median, low and high; negative where the pretrained start costs more than it saves, infinity where no number
        of labels within the horizon does as well.
    """
    draws = scratch.at(labels.draws) - float(transfer.at(np.asarray([n]))[0])
    low, middle, high = np.quantile(draws, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], method="inverted_cdf")
    return float(middle), float(low), float(high)
