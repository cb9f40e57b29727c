"""Shapes of learning curves: five families on a grid of their non-linear parameters.

An error curve is e(n) = a + b g(n) with a floor a >= 0, a fall b >= 0 still to come at the smallest measured size
n_1, and a shape g with g(n_1) = 1. No family fits every curve (Viering and Loog 2022, arXiv 2103.10948), so all take
part, and the data weigh them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.evidence.scores import Floats

FAMILIES = ("pow3", "pow4", "mmf", "exp", "late")
PRIOR = (0.28, 0.24, 0.18, 0.18, 0.12)  # of the families; power laws are seen most often (LCDB, arXiv 2505.15657)
BEND = 0.1  # how sharply ``late`` leaves its plateau: the width of the bend in log n
RATES = np.geomspace(0.05, 1.6, 48)  # evenly in log: slow falls are common, and they are the ones that go on
POWERS = np.asarray([0.15, 0.25, 0.4, 0.6, 0.8, 1.0])  # of n in ``exp``


@dataclass(frozen=True)
class Shapes:
    """A grid of shapes, anchored at the sizes at which one arm was measured.

    Attributes:
        first: Smallest measured size n_1; every shape is 1 there.
        last: Largest measured size; it scales the grids of positions.
        family: Index into ``FAMILIES`` of each shape (M,).
        rate: The exponent c of each shape (M,).
        place: The size d, m or onset of each shape, or the speed k of ``exp`` (M,).
    """

    first: float
    last: float
    family: np.ndarray
    rate: Floats
    place: Floats

    @property
    def log_prior(self) -> Floats:
        """Log weights (M,): each family's share spread evenly over its grid."""
        counts = np.bincount(self.family, minlength=len(FAMILIES))
        return np.asarray(np.log(np.asarray(PRIOR) / counts)[self.family])

    def of(self, index: int) -> np.ndarray:
        """Which shapes are of a family (M,)."""
        return np.asarray(np.equal(self.family, index))

    def at(self, n: Floats) -> Floats:
        """The shapes at sizes n (N,): an array (M, N)."""
        sizes = np.asarray(n, dtype=float)
        parts = [_raw(name, sizes, self, index) for index, name in enumerate(FAMILIES)]
        return np.concatenate(parts)


def shapes(first: float, last: float) -> Shapes:
    """The grid for an arm measured from ``first`` to ``last`` labels.

    Raises:
        ValueError: The sizes are not positive and ascending.
    """
    if not 0 < first < last < np.inf:
        raise ValueError("sizes must be positive, and more than one")
    grids = (
        (RATES, np.asarray([first])),
        (RATES[::4], np.geomspace(first / 2, 2 * last, 7)),
        (RATES[2::4], np.geomspace(first / 2, 8 * last, 9)),
        (POWERS, np.geomspace(0.02, 3, 11)),
        (RATES[4::6], np.geomspace(first, last, 7)),
    )
    family = np.concatenate([np.full(len(rates) * len(places), i) for i, (rates, places) in enumerate(grids)])
    rate = np.concatenate([np.repeat(rates, len(places)) for rates, places in grids])
    place = np.concatenate([np.tile(places, len(rates)) for rates, places in grids])
    return Shapes(first, last, family, rate, place)


def _raw(name: str, n: Floats, grid: Shapes, index: int) -> Floats:
    mine = grid.of(index)
    c, p, first = grid.rate[mine, None], grid.place[mine, None], grid.first
    if name == "pow3":  # n^-c
        return np.asarray((n / first) ** -c)
    if name == "pow4":  # (n + d)^-c
        return np.asarray(((n + p) / (first + p)) ** -c)
    if name == "mmf":  # Morgan-Mercer-Flodin: 1 / (1 + (n / m)^c)
        return np.asarray((1 + (first / p) ** c) / (1 + (n / p) ** c))
    if name == "exp":  # stretched exponential: exp(-k n^c)
        return np.asarray(np.exp(-p * ((n / first) ** c - 1)))
    # late: flat (at chance, say) up to the onset, then a power law; a broken power law whose first slope is 0
    return np.asarray(((1 + (first / p) ** (1 / BEND)) / (1 + (n / p) ** (1 / BEND))) ** (c * BEND))
