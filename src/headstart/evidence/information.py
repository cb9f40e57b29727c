"""What to measure next: the measurement that is expected to tell most for each second.

Outcomes of a measurement are drawn from the joint curve draws and each outcome re-weights the draws by its likelihood
(importance weighting), so that nothing is fitted again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from headstart.core.seeds import derive_seed
from headstart.evidence.crossover import CONTENDER, CrossoverDraws
from headstart.evidence.curves import CurveDraws
from headstart.evidence.scores import Floats, Integers

OUTCOMES = 64  # simulated results of each measurement
SMOOTHING = 0.1  # of the draws' own spread, added to the noise: a thousand draws resolve no finer
GAP = 3.0  # measured sizes further apart than this factor leave room for one between

Seconds = Callable[[str, float], float]


@dataclass(frozen=True)
class PossibleMeasurement:
    """A measurement that could be made.

    Attributes:
        n: Labels.
        arms: Which arms, each so often.
        repeats: How many runs of each.
        seconds: What it costs; in runs x labels where no prices are known.
        bits: Expected fall of the entropy of where the crossover lies.
    """

    n: float
    arms: tuple[str, ...]
    repeats: int
    seconds: float
    bits: float

    @property
    def bits_per_second(self) -> float:
        """What candidates are ranked by."""
        return self.bits / self.seconds


def candidates(curves: CurveDraws, found: CrossoverDraws, most: float = np.inf) -> list[float]:
    """Sizes worth measuring: 2 and 4 n_max, the largest one again, and the middle of wide gaps.

    Args:
        curves: Joint draws.
        found: The crossover in question.
        most: Labels at hand.
    """
    sizes = np.unique(np.concatenate([arm.sizes for arm in curves.arms]))
    sizes = sizes[sizes <= found.n_max * (1 + 1e-9)]
    wide = [(low, high) for low, high in zip(sizes[:-1], sizes[1:], strict=True) if high > GAP * low]
    middles = [float(round(np.sqrt(low * high))) for low, high in wide]
    ahead = [factor * found.n_max for factor in (2.0, 4.0) if factor <= curves.horizon]
    return [n for n in (*middles, float(sizes[-1]), *ahead) if n <= most]


def next_measurements(
    curves: CurveDraws,
    found: CrossoverDraws,
    scratch: Sequence[str],
    transfer: Sequence[str],
    *,
    seconds: Seconds | None = None,
    most: float = np.inf,
    repeats: int = 3,
    seed: int = 0,
) -> list[PossibleMeasurement]:
    """Candidate measurements by expected entropy reduction for each second, best first.

    Args:
        curves: Joint draws.
        found: The crossover between the two sides.
        scratch: Arms of the one side.
        transfer: Arms of the other; only arms that may lead their side are measured.
        seconds: Seconds of one run of an arm with n labels; proportional to n if not given.
        most: Labels at hand.
        repeats: Runs of each arm.
        seed: Determines the simulated outcomes.
    """
    classes = _classes(found)
    now = _entropy(np.bincount(classes, minlength=classes.max() + 1)[None] / len(classes))[0]
    proposals = []
    for n in candidates(curves, found, most):
        arms = tuple(name for side in (scratch, transfer) for name in _leaders(curves, side, n))
        if not arms:
            continue
        weights = _posterior_weights(curves, arms, n, repeats, derive_seed(seed, "outcome", str(n)))
        later = _entropy(np.stack([weights[:, classes == c].sum(1) for c in range(classes.max() + 1)], 1)).mean()
        price = repeats * sum(seconds(arm, n) if seconds else n for arm in arms)
        proposals.append(PossibleMeasurement(n, arms, repeats, float(price), max(0.0, float(now - later))))
    return sorted(proposals, key=lambda proposal: -proposal.bits_per_second)


def expected_regret_fall(
    curves: CurveDraws, at: float, arms: Sequence[str], n: float, repeats: int = 1, seed: int = 0
) -> float:
    """Knowledge gradient: how much a measurement is expected to lower the regret of the arm chosen at ``at`` labels.

    Args:
        curves: Joint draws.
        at: Labels the choice is for.
        arms: Which arms would be measured.
        n: With how many labels.
        repeats: How often each.
        seed: Determines the simulated outcomes.

    Returns:
        Expected fall of the error of the chosen arm; 0 where the choice would stay what it is.
    """
    values = curves.at(at)
    values = values[:, ~np.isnan(values).any(0)]
    weights = _posterior_weights(curves, tuple(arms), n, repeats, derive_seed(seed, "regret", str(n)))
    # the choice now and after, judged by the same simulated outcomes, so that their own error cancels
    after = weights @ values
    return max(0.0, float((after[:, int(values.mean(0).argmin())] - after.min(1)).mean()))


def _classes(found: CrossoverDraws) -> Integers:
    """Where n* lies: by n_max, by each doubling up to the horizon, or nowhere."""
    doublings = max(0, int(np.ceil(np.log2(found.horizon / found.n_max) - 1e-9)))
    edges = found.n_max * 2.0 ** np.arange(doublings + 1) * (1 + 1e-9)
    return np.searchsorted(edges, np.where(np.isfinite(found.draws), found.draws, np.inf))


def _leaders(curves: CurveDraws, side: Sequence[str], n: float) -> list[str]:
    places = [curves.index(name) for name in side]
    values = curves.at(n)[:, places]
    known = np.where(np.isnan(values), np.inf, values)
    leads = ((known == known.min(1, keepdims=True)) & np.isfinite(known)).mean(0)
    return [name for name, share in zip(side, leads, strict=True) if share > CONTENDER]


def _posterior_weights(curves: CurveDraws, arms: tuple[str, ...], n: float, repeats: int, seed: int) -> Floats:
    """Weights of the draws after each of the simulated outcomes (outcomes, draws)."""
    rng = np.random.default_rng(seed)
    places = [curves.index(arm) for arm in arms]
    values = curves.at(n)[:, places]
    if np.isnan(values).any():
        raise ValueError(f"nothing is known at {n:g} labels")
    column = int(np.argmin(abs(np.log(curves.grid) - np.log(n))))
    noise = curves.deviation[places, column] / np.sqrt(repeats)
    scale = np.hypot(noise, SMOOTHING * values.std(0)) + 1e-9
    chosen = rng.integers(0, len(values), OUTCOMES)
    outcomes = values[chosen] + scale * rng.standard_normal((OUTCOMES, len(places)))
    off = ((outcomes[:, None, :] - values[None]) / scale) ** 2
    weights = np.exp(-0.5 * (off.sum(2) - off.sum(2).min(1, keepdims=True)))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _entropy(shares: Floats) -> Floats:
    """Entropy in bits of each row."""
    safe = np.where(shares > 0, shares, 1.0)
    return np.asarray(-(shares * np.log2(safe)).sum(1))
