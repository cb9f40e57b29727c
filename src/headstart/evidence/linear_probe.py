"""The linear probe as a score: what a ridge classifier on frozen features gets right on examples it has not seen."""

from __future__ import annotations

import numpy as np

from headstart.evidence.scores import Floats, Integers
from headstart.evidence.transferability import checked

PENALTIES = np.geomspace(1e-3, 1e3, 13)  # times the mean squared singular value
BLOCK = 4096  # examples whose residuals are in memory at once


def linear_probe(features: Floats, labels: Integers, penalties: Floats = PENALTIES) -> float:
    """Leave-one-out share right of a ridge classifier, at the penalty with the smallest leave-one-out error.

    Targets are -1 and 1 for each class against the rest, features are centred and the intercept is free. Each
    example's leave-one-out residual is its residual divided by 1 - its leverage (Golub, Heath and Wahba 1979), so one
    SVD, O(n D min(n, D)), stands in for n fits, and no fold can lack a class. A class that lies on the line between two
    others is masked, as by any least squares on indicators (Hastie, Tibshirani and Friedman 2009, section 4.2).

    Args:
        features: (n, D).
        labels: Classes (n,).
        penalties: To choose from (P,), in units of the mean squared singular value.

    Raises:
        ValueError: Missing values, unequal lengths, or a single class.
    """
    f, y = checked(features, labels)
    centre = f.mean(0)
    classes, index = np.unique(y, return_inverse=True)
    u, s, _ = np.linalg.svd(f - centre, full_matrices=False)
    share = np.bincount(index) / len(y)
    # of targets 2 [y = c] - 1: their means, and their projections onto the directions of the features
    projected = 2 * np.stack([u[index == place].sum(0) for place in range(len(classes))], 1)
    projected -= 2 * u.sum(0)[:, None] * share
    usable = s > 1e-10 * max(float(s[0]), 1e-300)
    scale = float((s[usable] ** 2).mean()) if usable.any() else 1.0
    shrink = np.where(usable, s**2 / (s**2 + scale * np.asarray(penalties)[:, None]), 0.0)
    best, found = np.inf, 0
    for row in shrink:
        error, hits = _left_out(u, row, projected, index, 2 * share - 1)
        if error < best:
            best, found = error, hits
    return found / len(y)


def _left_out(u: Floats, shrink: Floats, projected: Floats, index: Integers, means: Floats) -> tuple[float, int]:
    """Sum of squared leave-one-out errors, and examples whose own class then scores highest."""
    weights = shrink[:, None] * projected
    squared, hits = 0.0, 0
    for start in range(0, len(index), BLOCK):
        rows, own = u[start : start + BLOCK], index[start : start + BLOCK]
        target = np.full((len(rows), len(means)), -1.0)
        target[np.arange(len(rows)), own] = 1.0
        leverage = 1 / len(index) + (rows**2) @ shrink
        off = (target - means - rows @ weights) / np.maximum(1 - leverage, 1e-10)[:, None]
        squared += float((off**2).sum())
        hits += int(((target - off).argmax(1) == own).sum())
    return squared, hits
