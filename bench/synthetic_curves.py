"""Pairs of learning curves with a known truth, to measure what intervals and statements are worth.

Written, with its seeds, before anything was fitted to it. Four families of truths are among those that Headstart
fits (``pow3``, ``pow4``, ``mmf``, ``exp``), four are not: a broken power law (Caballero 2022, equation 1 with one
break), an inverse logarithm (``ilog``, one of the families of Viering and Loog 2022), a curve that stays at chance and
then falls (``late_start``), and one that falls and then stands still (``plateau``). Noise has heavier tails than the
fit assumes (Student's t, five degrees of freedom), is correlated along nested sizes, and partly shared by the arms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

SIZES = 25.0 * 2.0 ** np.arange(6)  # 25 .. 800 labels
REPEATS = 3
HORIZON = 4 * SIZES[-1]
TUNING_SEED, JUDGING_SEED = 20_261, 20_262  # grids and priors may look at the first, figures come from the second
FITTED = ("pow3", "pow4", "mmf", "exp")
UNFITTED = ("broken", "ilog", "late_start", "plateau")
SHARES = (0.15, 0.12, 0.13, 0.10, 0.15, 0.11, 0.12, 0.12)  # of FITTED + UNFITTED
ALONG_SIZES, ACROSS_ARMS = 0.4, 0.3  # correlations of the noise

Shape = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Truth:
    """An error curve.

    Attributes:
        family: What it was drawn from.
        error: The expected error at sizes (S,).
    """

    family: str
    error: Shape


@dataclass(frozen=True)
class Pair:
    """Two curves and what was seen of them.

    Attributes:
        scratch: The truth of the from-scratch arm.
        transfer: The truth of the transfer arm.
        seen: Observed errors (2, sizes, repeats), scratch first.
    """

    scratch: Truth
    transfer: Truth
    seen: np.ndarray


def pairs(count: int, seed: int) -> Iterator[Pair]:
    """Draw pairs of curves; each depends on its number and the seed alone."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        scratch, transfer = _truth(rng, scratch=True), _truth(rng, scratch=False)
        yield Pair(scratch, transfer, _observe((scratch, transfer), rng))


def true_crossing(pair: Pair, points: int = 4000) -> float:
    """First n from which the from-scratch arm is no worse up to the horizon; infinity if there is none."""
    grid = np.geomspace(SIZES[0], HORIZON, points)
    behind = np.flatnonzero(pair.scratch.error(grid) > pair.transfer.error(grid))
    if not len(behind):
        return float(grid[0])
    return float(grid[behind[-1] + 1]) if behind[-1] + 1 < points else np.inf


def _truth(rng: np.random.Generator, scratch: bool) -> Truth:
    """From scratch starts higher, falls faster and ends lower, on average; either may win."""
    floor = rng.uniform(0.02, 0.20) if scratch else rng.uniform(0.02, 0.30)
    start = rng.uniform(0.50, 0.85) if scratch else rng.uniform(max(0.20, floor + 0.03), 0.55)
    rate = rng.uniform(0.25, 0.9) if scratch else rng.uniform(0.15, 0.8)
    family = str(rng.choice(FITTED + UNFITTED, p=SHARES))
    shape = _shape(family, rate, rng)
    top = shape(SIZES[:1])[0]
    return Truth(family, lambda n: floor + (start - floor) * shape(np.asarray(n, dtype=float)) / top)


def _shape(family: str, rate: float, rng: np.random.Generator) -> Shape:
    first = SIZES[0]
    if family == "pow3":
        return lambda n: (n / first) ** -rate
    if family == "pow4":
        shift = first * rng.uniform(0.3, 8)
        return lambda n: (n + shift) ** -rate
    if family == "mmf":
        half = first * np.exp(rng.uniform(-0.5, 3.5))
        return lambda n: 1 / (1 + (n / half) ** (rate + 0.2))
    if family == "exp":
        power, speed = rng.uniform(0.2, 0.7), rng.uniform(0.08, 0.6)
        return lambda n: np.exp(-speed * (n / first) ** power)
    if family == "broken":
        later, at, width = rate * rng.uniform(0.4, 1.8), np.exp(rng.uniform(np.log(100), np.log(3000))), 0.3
        return lambda n: n**-rate * (1 + (n / at) ** (1 / width)) ** (-(later - rate) * width)
    if family == "ilog":
        offset = np.exp(rng.uniform(np.log(0.3), np.log(10)))
        return lambda n: 1 / np.log1p(offset * n / first)
    if family == "late_start":
        onset = first * np.exp(rng.uniform(np.log(1.0), np.log(8.0)))
        return lambda n: (np.maximum(n, onset) / onset) ** -(rate + 0.2)
    knee = np.exp(rng.uniform(np.log(100), np.log(SIZES[-1])))
    return lambda n: (np.minimum(n, knee) / first) ** -rate


def _observe(truths: tuple[Truth, Truth], rng: np.random.Generator) -> np.ndarray:
    """One noise level for both arms: a constant part and one that falls with the root of n."""
    constant = np.exp(rng.uniform(np.log(0.002), np.log(0.010)))
    falling = np.exp(rng.uniform(np.log(0.005), np.log(0.03)))
    deviation = np.sqrt(constant**2 + falling**2 * SIZES[0] / SIZES)
    raw = rng.standard_t(5, (3, len(SIZES), REPEATS)) / np.sqrt(5 / 3)
    for place in range(1, len(SIZES)):
        raw[:, place] = ALONG_SIZES * raw[:, place - 1] + np.sqrt(1 - ALONG_SIZES**2) * raw[:, place]
    noise = np.sqrt(1 - ACROSS_ARMS) * raw[:2] + np.sqrt(ACROSS_ARMS) * raw[2]
    means = np.stack([truth.error(SIZES) for truth in truths])
    return np.clip(means[:, :, None] + deviation[None, :, None] * noise, 0, 1)
