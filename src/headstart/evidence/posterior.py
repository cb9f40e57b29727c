"""Posterior of one arm's learning curve on the grid of shapes, the linear parameters in closed form.

Given a shape, a noise level and a misfit, floor and fall (a, b) have a bivariate normal posterior and the marginal
likelihood is exact:

    log m = -1/2 [sum log V + log |A| + y'Wy - u' A^-1 u],   A = X'WX + P,   u = X'Wy + P mu,   W = 1 / V

with rows (1, g(n)) in X and V = (s0^2 + s1 / n) / R + misfit^2 for a mean of R repeats. There are no local minima and
nothing to converge. Draws outside a, b >= 0, a + b <= 1 are rejected, which makes the truncation exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from headstart.evidence.families import Shapes, shapes
from headstart.evidence.observed import ArmErrors
from headstart.evidence.scores import Floats, Integers

FLOOR, FALL = (0.15, 0.20), (0.40, 0.30)  # prior mean and deviation of a and b
CONSTANT_NOISE = np.geomspace(0.0005, 0.04, 6)  # s0: scatter between repeats that labels do not reduce
FALLING_NOISE = np.geomspace(0.002, 0.15, 7)  # sqrt(s1 / n_1): scatter that falls with the root of n
MISFIT = np.asarray([0.0, 0.003, 0.008, 0.02])  # what the family is off by at each size
MISFIT_PRIOR = np.full(len(MISFIT), 1 / len(MISFIT))
SHARED = 0.8  # prior probability that all arms have one noise level
ROUNDS = 200  # of rejection; below 1 in 400 accepted, the data contradict every falling curve


@dataclass(frozen=True)
class Noise:
    """The grid of noise levels, the same for all arms.

    Attributes:
        constant: s0 of each level (L,).
        falling: s1 of each level (L,), in error^2 x labels.
    """

    constant: Floats
    falling: Floats

    def variance(self, n: Floats) -> Floats:
        """Variance of one measurement, s0^2 + s1 / n (form of Hoiem 2021, arXiv 2010.11029): (L, N)."""
        return np.asarray(self.constant[:, None] ** 2 + self.falling[:, None] / np.asarray(n))


def noise_grid(first: float) -> Noise:
    """Noise levels for curves whose smallest size is ``first``."""
    constant, falling = np.meshgrid(CONSTANT_NOISE, FALLING_NOISE, indexing="ij")
    return Noise(constant.ravel(), falling.ravel() ** 2 * first)


@dataclass(frozen=True)
class Drawn:
    """Draws from the posterior of one arm.

    Attributes:
        shape: Index of the shape (draws,).
        pair: Floor a and fall b (draws, 2).
        level: Index of the noise level (draws,).
        misfit: Deviation of the true curve from the family (draws,).
    """

    shape: Integers
    pair: Floats
    level: Integers
    misfit: Floats


@dataclass(frozen=True)
class ArmPosterior:
    """Everything about one arm that does not depend on the other arms.

    Attributes:
        shapes: The grid of M shapes.
        log_weight: Log marginal likelihood x prior (L, Q, M): noise level, misfit, shape.
        centre: Posterior mean of (a, b) of each cell (L, Q, M, 2).
        spread: Cholesky factor of their covariance: l11, l21, l22 (L, Q, M, 3).
    """

    shapes: Shapes
    log_weight: Floats
    centre: Floats
    spread: Floats

    @property
    def log_evidence(self) -> Floats:
        """Log evidence of each noise level (L,)."""
        return np.asarray(logsumexp(self.log_weight, axis=(1, 2)))

    def draw(self, levels: Floats, count: int, rng: np.random.Generator) -> Drawn:
        """Draw shapes with their floors and falls.

        Args:
            levels: Probability of each noise level (L,).
            count: How many draws.
            rng: Source of randomness.

        Returns:
            The draws. Where rejection leaves too few, the rest are projected onto the truncation's border.
        """
        number = len(levels)
        within = self.log_weight.reshape(number, -1)
        weight = np.exp(within - logsumexp(within, axis=1, keepdims=True)) * levels[:, None]
        cumulative = np.cumsum(weight.ravel())
        centre, spread = self.centre.reshape(-1, 2), self.spread.reshape(-1, 3)
        found: list[tuple[Integers, Floats]] = []
        have = 0
        for last in (*[False] * (ROUNDS - 1), True):
            cell = np.searchsorted(cumulative, rng.random(2 * count) * cumulative[-1])
            z = rng.standard_normal((2 * count, 2))
            scale = spread[cell]
            pair = centre[cell] + np.stack([scale[:, 0] * z[:, 0], scale[:, 1] * z[:, 0] + scale[:, 2] * z[:, 1]], 1)
            inside = (pair >= 0).all(1) & (pair.sum(1) <= 1)
            if last:  # keep what was drawn before, and fill up with draws at the border
                pair = np.clip(pair, 0, None)
                pair /= np.maximum(pair.sum(1, keepdims=True), 1)
                inside[:] = True
            found.append((cell[inside], pair[inside]))
            have += int(inside.sum())
            if have >= count:
                break
        cell = np.concatenate([cells for cells, _ in found])[:count]
        pair = np.concatenate([pairs for _, pairs in found])[:count]
        level, misfit, shape = np.unravel_index(cell, self.log_weight.shape)
        return Drawn(shape, pair, level, MISFIT[misfit])


def arm_posterior(arm: ArmErrors, noise: Noise) -> ArmPosterior:
    """Weigh every cell of the grid by how well it explains one arm.

    Args:
        arm: At least two sizes.
        noise: The grid of noise levels (L), shared by all arms.
    """
    grid = shapes(arm.sizes[0], arm.sizes[-1])
    g, y, r = grid.at(arm.sizes), arm.means, arm.repeats
    single = noise.variance(arm.sizes)
    mean = single[:, None, :] / r + MISFIT[:, None] ** 2
    w = 1 / mean
    prior = np.asarray([FLOOR[1] ** -2, FALL[1] ** -2])
    a11 = (w.sum(-1) + prior[0])[..., None]
    a12 = w @ g.T
    a22 = w @ (g * g).T + prior[1]
    u1 = (w @ y + prior[0] * FLOOR[0])[..., None]
    u2 = w @ (g * y).T + prior[1] * FALL[0]
    determinant = a11 * a22 - a12**2
    a, b = (a22 * u1 - a12 * u2) / determinant, (a11 * u2 - a12 * u1) / determinant
    fit = np.log(mean).sum(-1)[..., None] + np.log(determinant) + (w @ y**2)[..., None] - u1 * a - u2 * b
    # the scatter between repeats informs the noise level by itself
    scatter = (np.log(single) * (r - 1) + arm.squares / single).sum(-1)[:, None, None]
    log_weight = -0.5 * (fit + scatter) + grid.log_prior + np.log(MISFIT_PRIOR)[:, None]
    l11 = np.sqrt(a22 / determinant)
    l21 = -a12 / determinant / l11
    l22 = np.sqrt(np.maximum(a11 / determinant - l21**2, 1e-18))
    return ArmPosterior(grid, log_weight, np.stack([a, b], -1), np.stack([l11, l21, l22], -1))


def noise_levels(arms: list[ArmPosterior]) -> list[Floats]:
    """Probability of each noise level for each arm: one (L,) array an arm.

    Either all arms share one level or each has its own; the evidence decides between the two. An arm with single
    repeats so borrows the level of the others, and one very noisy arm does not widen all of them.
    """
    evidence = np.stack([arm.log_evidence for arm in arms])
    count = evidence.shape[1]
    together = evidence.sum(0)
    shared = np.log(SHARED) + logsumexp(together) - np.log(count)
    apart = np.log1p(-SHARED) + (logsumexp(evidence, axis=1) - np.log(count)).sum()
    p_shared = float(np.exp(shared - np.logaddexp(shared, apart)))
    common = np.exp(together - logsumexp(together))
    own = np.exp(evidence - logsumexp(evidence, axis=1, keepdims=True))
    return [np.asarray(p_shared * common + (1 - p_shared) * mine) for mine in own]
