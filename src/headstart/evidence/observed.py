"""Measured errors of one arm, as any table holds them, and their summary by size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from headstart.evidence.scores import Floats, Integers


@dataclass(frozen=True)
class ArmErrors:
    """Errors of one arm: K measurements.

    Attributes:
        arm: Its name.
        paradigm: ``transfer``, ``scratch`` or ``hybrid``.
        n: Labels of each measurement (K,).
        error: Error of each, a share in [0, 1] (K,).
        repeat: Subset and seed of each (K,); equal (n, repeat) of two arms are paired.
    """

    arm: str
    paradigm: str
    n: Floats
    error: Floats
    repeat: Integers

    def __post_init__(self) -> None:
        if not len(self.n) == len(self.error) == len(self.repeat) > 0:
            raise ValueError(f"{self.arm}: n, error and repeat need equal lengths of at least one")
        if not np.isfinite(self.n).all() or (np.asarray(self.n) <= 0).any():
            raise ValueError(f"{self.arm}: sizes must be positive numbers")
        if not np.isfinite(self.error).all() or (np.asarray(self.error) < 0).any() or (self.error > 1).any():
            raise ValueError(f"{self.arm}: errors must be shares between 0 and 1, without missing ones")

    @cached_property
    def sizes(self) -> Floats:
        """Distinct sizes (S,), ascending."""
        return np.unique(np.asarray(self.n, dtype=float))

    @cached_property
    def _cell(self) -> Integers:
        return np.searchsorted(self.sizes, self.n)

    @cached_property
    def repeats(self) -> Integers:
        """Measurements at each size (S,)."""
        return np.bincount(self._cell, minlength=len(self.sizes))

    @cached_property
    def means(self) -> Floats:
        """Mean error at each size (S,)."""
        return np.asarray(np.bincount(self._cell, weights=self.error, minlength=len(self.sizes)) / self.repeats)

    @cached_property
    def squares(self) -> Floats:
        """Sum of squared deviations from the mean at each size (S,)."""
        off = (self.error - self.means[self._cell]) ** 2
        return np.asarray(np.bincount(self._cell, weights=off, minlength=len(self.sizes)), dtype=float)

    def up_to(self, n: float) -> ArmErrors:
        """Only the measurements with at most n labels."""
        keep = np.asarray(self.n) <= n
        return ArmErrors(self.arm, self.paradigm, self.n[keep], self.error[keep], self.repeat[keep])

    def at(self, n: float) -> dict[int, float]:
        """Errors of the runs with n labels, by repeat; empty where none was made."""
        here = abs(np.asarray(self.n) - n) <= 1e-6 * n
        return {int(repeat): float(error) for repeat, error in zip(self.repeat[here], self.error[here], strict=True)}

    def residuals(self) -> dict[tuple[float, int], float]:
        """Deviation from the mean of its size, by (n, repeat), where a size was measured more than once."""
        off = self.error - self.means[self._cell]
        many = self.repeats[self._cell] > 1
        return {(float(n), int(r)): float(d) for n, r, d, m in zip(self.n, self.repeat, off, many, strict=True) if m}


def residual_correlation(arms: list[ArmErrors], freedom: float = 4.0) -> Floats:
    """Correlation between arms of what subset and seed do to the error (A, A).

    Shrunk towards 0 with the weight of ``freedom`` pairs, since three repeats say little about a correlation.
    """
    matrix = np.eye(len(arms))
    known = [arm.residuals() for arm in arms]
    for i in range(len(arms)):
        for j in range(i):
            both = known[i].keys() & known[j].keys()
            x = np.asarray([known[i][key] for key in sorted(both)])
            y = np.asarray([known[j][key] for key in sorted(both)])
            scale = float(np.sqrt((x @ x) * (y @ y))) if len(x) else 0.0
            if scale > 0:
                matrix[i, j] = matrix[j, i] = (x @ y) / scale * len(x) / (len(x) + freedom)
    return matrix
