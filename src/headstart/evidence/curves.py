"""Learning curves of several arms with joint uncertainty, inside the measured range and up to a horizon beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart.core.seeds import derive_seed
from headstart.evidence.guards import not_a_falling_curve, too_little
from headstart.evidence.observed import ArmErrors, residual_correlation
from headstart.evidence.posterior import ArmPosterior, Drawn, Noise, arm_posterior, noise_grid, noise_levels
from headstart.evidence.scores import LEVEL, Floats
from headstart.evidence.widening import Widening, fitted_widening

DRAWS = 1000
HORIZON = 4.0  # x the largest measured size; beyond it nothing is claimed
POINTS = 160  # of the grid of sizes
TEST_CORRELATION = 0.5  # between two arms' mistakes on the same test examples, where only summaries are known


@dataclass(frozen=True)
class CurveDraws:
    """Joint draws of learning curves: one draw is one possible world.

    Attributes:
        arms: What was measured of each of the A arms.
        grid: Sizes (G,), ascending.
        errors: (draws, A, G); not a number where nothing is said about an arm.
        reach: Largest size up to which something is said about each arm (A,).
        guarded: Why an arm is not extrapolated (A entries); None where it is.
        deviation: Expected standard deviation of one measurement at each grid size (A, G).
        horizon: Factor beyond the largest measured size up to which statements may go.
        n_test: Examples in the test part, if their choice was to count.
        test_correlation: Between two arms' mistakes on the same test examples.
    """

    arms: tuple[ArmErrors, ...]
    grid: Floats
    errors: Floats
    reach: Floats
    guarded: tuple[str | None, ...]
    deviation: Floats
    horizon: float
    n_test: int | None = None
    test_correlation: float = TEST_CORRELATION

    def index(self, arm: str) -> int:
        """Position of an arm.

        Raises:
            ValueError: There is no such arm.
        """
        return [known.arm for known in self.arms].index(arm)

    def of_paradigm(self, paradigm: str) -> list[int]:
        """Positions of a side's arms."""
        return [i for i, arm in enumerate(self.arms) if arm.paradigm == paradigm]

    def at(self, n: float) -> Floats:
        """Draws of the error at n labels (draws, A); straight in log n between grid sizes."""
        if not self.grid[0] * (1 - 1e-9) <= n <= self.grid[-1] * (1 + 1e-9):
            return np.full(self.errors.shape[:2], np.nan)
        if len(self.grid) == 1:
            return np.asarray(self.errors[..., 0])
        logs = np.log(self.grid)
        place = min(max(int(np.searchsorted(logs, np.log(n))), 1), len(logs) - 1)
        share = np.clip((np.log(n) - logs[place - 1]) / (logs[place] - logs[place - 1]), 0, 1)
        left, right = self.errors[..., place - 1], self.errors[..., place]
        # at an end of what is said about an arm, the side that is known counts alone
        mixed = (1 - share) * left + share * right
        return np.asarray(np.where(share < 1e-6, left, np.where(share > 1 - 1e-6, right, mixed)))

    def interval(self, arm: str, n: float, level: float = LEVEL) -> tuple[float, float, float]:
        """Median and central interval of an arm's error at n labels; not a number where nothing is said."""
        values = self.at(n)[:, self.index(arm)]
        if np.isnan(values).any():
            return np.nan, np.nan, np.nan
        low, middle, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2])
        return float(middle), float(low), float(high)

    def p_best(self, n: float) -> Floats:
        """Share of the draws in which each arm has the lowest error at n (A,); 0 where nothing is said."""
        return self._shares_best(self.at(n))

    def _shares_best(self, values: Floats) -> Floats:
        known = np.where(np.isnan(values), np.inf, values)
        best = (known == known.min(1, keepdims=True)) & np.isfinite(known)
        return np.asarray((best / np.maximum(best.sum(1, keepdims=True), 1)).mean(0))

    def p_best_of(self, paradigm: str, n: float) -> Floats:
        """As :meth:`p_best`, among the arms of one side (A,)."""
        others = np.setdiff1d(np.arange(len(self.arms)), self.of_paradigm(paradigm))
        values = self.at(n).copy()
        values[:, others] = np.nan
        return self._shares_best(values)

    def expected_regret(self, n: float) -> Floats:
        """Mean excess error at n of taking each arm over taking each draw's best (A,)."""
        values = self.at(n)
        known = np.where(np.isnan(values), np.inf, values)
        return np.asarray((values - known.min(1, keepdims=True)).mean(0))


def fit_curves(
    arms: Sequence[ArmErrors],
    *,
    seed: int = 0,
    draws: int = DRAWS,
    horizon: float = HORIZON,
    n_test: int | None = None,
    test_correlation: float = TEST_CORRELATION,
    chance: float | None = None,
    widening: Widening | None = None,
) -> CurveDraws:
    """Draw learning curves of arms jointly; deterministic given a seed.

    Args:
        arms: One or more, with different names.
        seed: Determines every draw; an arm's own draws do not depend on the arms beside it.
        draws: How many.
        horizon: How far beyond each arm's largest size, as a factor.
        n_test: Examples in the test part. The errors are then those of the population, not of this test part.
        test_correlation: Between two arms' mistakes on the same test examples; assumed where only errors are known.
        chance: Error of guessing, if known.
        widening: Factors for extrapolated draws; those fitted on real curves if not given.

    Raises:
        ValueError: No arms, equal names, or a horizon below 1.
    """
    if not arms or len({arm.arm for arm in arms}) < len(arms):
        raise ValueError("one or more arms with different names are needed")
    if not 1 <= horizon < np.inf:
        raise ValueError("the horizon is a factor of at least 1")
    first = min(float(arm.sizes[0]) for arm in arms)
    last = max(float(arm.sizes[-1]) for arm in arms)
    ends = [float(arm.sizes[-1]) * horizon for arm in arms]  # of what may be said, and every measured size, are exact
    grid = np.unique(np.concatenate([np.geomspace(first, horizon * last, POINTS), *(arm.sizes for arm in arms), ends]))
    noise = noise_grid(first)
    fitted = {i: arm_posterior(arm, noise) for i, arm in enumerate(arms) if len(arm.sizes) > 1}
    levels = noise_levels(list(fitted.values())) if fitted else []
    by_arm = dict(zip(fitted, levels, strict=True))
    flat = np.full(len(noise.constant), 1 / len(noise.constant))
    common: Floats = np.asarray(np.mean(levels, axis=0) if levels else flat)
    parts = [
        _arm_draws(
            arm,
            fitted.get(i),
            by_arm.get(i, common),
            noise,
            grid,
            draws,
            horizon,
            seed,
            chance,
            widening or fitted_widening(),
        )
        for i, arm in enumerate(arms)
    ]
    errors = np.stack([part[0] for part in parts], 1)
    rng = np.random.default_rng(derive_seed(seed, "joint"))
    _couple(errors, list(arms), grid, rng)
    if n_test is not None:
        errors = _population(errors, n_test, test_correlation, rng)
    guarded = tuple(reason for _, reason in parts)
    reach = np.asarray([arm.sizes[-1] * (1 if why else horizon) for arm, why in zip(arms, guarded, strict=True)])
    deviation = np.sqrt(np.stack([by_arm.get(i, common) @ noise.variance(grid) for i in range(len(arms))]))
    return CurveDraws(tuple(arms), grid, errors, reach, guarded, deviation, float(horizon), n_test, test_correlation)


def _arm_draws(
    arm: ArmErrors,
    fitted: ArmPosterior | None,
    levels: Floats,
    noise: Noise,
    grid: Floats,
    draws: int,
    horizon: float,
    seed: int,
    chance: float | None,
    widening: Widening,
) -> tuple[Floats, str | None]:
    """Draws (draws, G) of one arm, and why it is not extrapolated."""
    rng = np.random.default_rng(derive_seed(seed, "curve", arm.arm))
    variance = levels @ noise.variance(arm.sizes)
    reason = too_little(arm)
    if fitted is not None and reason is None:
        drawn = fitted.draw(levels, draws, rng)
        curve, there = (_family_curve(fitted, drawn, at) for at in (grid, arm.sizes))
        reason = not_a_falling_curve(arm, variance, there.mean(0), chance)
        if reason is None:
            curve = curve + _off_family(arm, drawn, there, noise, grid, rng)
            factor = widening.at(grid / arm.sizes[-1], len(arm.sizes))
            middle = np.median(curve, axis=0)
            curve = np.clip(middle + factor * (curve - middle), 0, 1)
            curve[:, _outside(grid, arm.sizes[0], horizon * arm.sizes[-1])] = np.nan
            return curve, None
    return _measured_draws(arm, variance, grid, draws, rng), reason


def _family_curve(fitted: ArmPosterior, drawn: Drawn, n: Floats) -> Floats:
    """The drawn members of the families at sizes n (draws, N)."""
    return np.asarray(drawn.pair[:, :1] + drawn.pair[:, 1:] * fitted.shapes.at(n)[drawn.shape])


def _off_family(
    arm: ArmErrors, drawn: Drawn, there: Floats, noise: Noise, grid: Floats, rng: np.random.Generator
) -> Floats:
    """How far the true curve lies from the drawn member of a family (draws, G).

    At a measured size the deviation has the prior N(0, misfit^2), and what the mean says about it; between sizes it is
    straight in log n. Beyond them it goes on: a curve that leaves its family keeps leaving it, by misfit a doubling.
    """
    prior = drawn.misfit[:, None] ** 2
    error = noise.variance(arm.sizes)[drawn.level] / arm.repeats
    share = prior / (prior + error)
    off = share * (arm.means - there) + np.sqrt(share * error) * rng.standard_normal(there.shape)
    logs, at = np.log(arm.sizes), np.log(grid)
    right = np.clip(np.searchsorted(logs, at), 1, len(logs) - 1)
    part = np.clip((at - logs[right - 1]) / (logs[right] - logs[right - 1]), 0, 1)
    doublings = np.maximum(at - logs[-1], 0) / np.log(2)
    beyond = drawn.misfit[:, None] * doublings * rng.standard_normal((len(off), 1))
    return np.asarray((1 - part) * off[:, right - 1] + part * off[:, right] + beyond)


def _measured_draws(arm: ArmErrors, variance: Floats, grid: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Means with their standard errors at the measured sizes, straight in log n between, nothing beyond."""
    freedom = max(int(arm.repeats.sum() - len(arm.sizes)), 4)  # the noise grid is worth a few repeats by itself
    points = arm.means + np.sqrt(variance / arm.repeats) * rng.standard_t(freedom, (draws, len(arm.sizes)))
    logs, at = np.log(arm.sizes), np.log(grid)
    right = np.clip(np.searchsorted(logs, at), 1, max(len(logs) - 1, 1)) if len(logs) > 1 else np.zeros(len(at), int)
    left = np.maximum(right - 1, 0)
    step = np.where(right > left, logs[right] - logs[left], 1.0)
    share = np.clip((at - logs[left]) / step, 0, 1)
    curve = np.clip((1 - share) * points[:, left] + share * points[:, right], 0, 1)
    curve[:, _outside(grid, arm.sizes[0], arm.sizes[-1])] = np.nan
    return np.asarray(curve)


def _outside(grid: Floats, low: float, high: float) -> np.ndarray:
    return np.asarray((grid < low * (1 - 1e-9)) | (grid > high * (1 + 1e-9)))


def _couple(errors: Floats, arms: list[ArmErrors], grid: Floats, rng: np.random.Generator) -> None:
    """Give paired arms the rank correlation of their residuals, in place (Iman and Conover 1982).

    Every arm keeps its own draws; only which of them share a world changes. Ranks are those of the error at the
    largest measured size.
    """
    values, vectors = np.linalg.eigh(residual_correlation(arms))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    scores = rng.standard_normal((len(errors), len(arms))) @ root.T
    for i, arm in enumerate(arms):
        column = errors[:, i, int(np.argmin(abs(np.log(grid) - np.log(arm.sizes[-1]))))]
        ranked = np.argsort(column, kind="stable")
        errors[np.argsort(scores[:, i], kind="stable"), i] = errors[ranked, i].copy()


def _population(errors: Floats, n_test: int, correlation: float, rng: np.random.Generator) -> Floats:
    """Add what the choice of the test examples did: one deviation an arm, shared over sizes and repeats."""
    count = errors.shape[1]
    shared, own = rng.standard_normal((len(errors), 1)), rng.standard_normal((len(errors), count))
    z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own
    return np.asarray(np.clip(errors + np.sqrt(errors * (1 - errors) / n_test) * z[..., None], 0, 1))
