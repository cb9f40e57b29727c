"""What labels are worth: the head start of a pretrained arm, the gain from more labels, labels to reach a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headstart.evidence.crossing import DrawnLabels, labels_to_match
from headstart.evidence.curves import CurveDraws
from headstart.evidence.scores import LEVEL, Floats


@dataclass(frozen=True)
class Labels(DrawnLabels):
    """A number of labels that is known by its draws.

    Attributes:
        draws: Labels, draw by draw; infinity where the horizon does not suffice.
        smallest: Below this nothing was measured: a draw that equals it means "at most".
        horizon: Beyond this nothing is said: infinity means "more than".
    """

    draws: Floats
    smallest: float
    horizon: float

    @property
    def p_reached(self) -> float:
        """Share of the draws in which the horizon suffices."""
        return float(np.isfinite(self.draws).mean())


def labels_to_reach(curves: CurveDraws, arm: str, error: float | Floats) -> Labels:
    """Labels with which an arm's error falls to a target.

    Args:
        curves: Joint draws.
        arm: Which arm.
        error: The target, one or one for each draw (draws,).

    Raises:
        ValueError: The target is missing, or there is no such arm.
    """
    if np.isnan(error).any():
        raise ValueError("the error to reach is missing")
    place = curves.index(arm)
    return _reach(curves, [place], np.broadcast_to(np.asarray(error, dtype=float), len(curves.errors)))


def head_start(curves: CurveDraws, transfer: str, n: float, scratch: Sequence[str] | None = None) -> Labels:
    """Labels from scratch that do as well as a transfer arm with n: h(n) = e_scratch^-1(e_transfer(n)).

    The analogue for labels of the effective data transferred of Hernandez et al. (2021, arXiv 2102.01293, equation 1).

    Args:
        curves: Joint draws.
        transfer: The transfer arm.
        n: Its number of labels.
        scratch: The from-scratch arms, the best of which counts in each draw; all of the side if not given.

    Raises:
        ValueError: There is no from-scratch arm, or nothing is said about the transfer arm at n.
    """
    side = curves.of_paradigm("scratch") if scratch is None else [curves.index(name) for name in scratch]
    if not side:
        raise ValueError("there is no arm of the side scratch")
    target = curves.at(n)[:, curves.index(transfer)]
    if np.isnan(target).any():
        raise ValueError(f"nothing is known about {transfer} at {n:g} labels")
    return _reach(curves, side, target)


@dataclass(frozen=True)
class Gain:
    """What more labels would bring one arm.

    Attributes:
        arm: Which arm.
        n: From so many labels.
        to: To so many.
        low: 5 % quantile of the fall of the error.
        expected: Its mean.
        high: 95 % quantile.
        labels_per_point: Labels for each percentage point of expected fall; infinity where none is expected.
    """

    arm: str
    n: float
    to: float
    low: float
    expected: float
    high: float
    labels_per_point: float


def gain_of_labels(curves: CurveDraws, arm: str, n: float, factor: float = 2.0) -> Gain | None:
    """Fall of an arm's error from n to ``factor`` n labels; None where nothing is said that far.

    Args:
        curves: Joint draws.
        arm: Which arm.
        n: Labels at hand.
        factor: How many times as many there would be.
    """
    place = curves.index(arm)
    fall = curves.at(n)[:, place] - curves.at(factor * n)[:, place]
    if np.isnan(fall).any():
        return None
    low, high = np.quantile(fall, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    expected = float(fall.mean())
    price = (factor - 1) * n / (100 * expected) if expected > 1e-6 else np.inf
    return Gain(arm, n, factor * n, float(low), expected, float(high), float(price))


def worth(labels: Labels, n: float, per_label: float) -> tuple[float, float, float]:
    """What the labels beyond n are worth, at so much a label (money, seconds of labelling, kWh of training on them).

    Returns:
        Median, low and high; infinity means "more than the horizon's".
    """
    low, high = labels.interval
    middle, low, high = (max(0.0, (value - n) * per_label) for value in (labels.quantile(0.5), low, high))
    return middle, low, high


def _reach(curves: CurveDraws, side: list[int], target: Floats) -> Labels:
    known = curves.errors[:, side]
    usable = ~np.isnan(known).any((0, 1)) if len(side) == 1 else ~np.isnan(known).all(1).any(0)
    lowest = np.where(np.isnan(known), np.inf, known).min(1)[:, usable]
    grid = curves.grid[usable]
    draws = labels_to_match(grid, -lowest, -target)
    return Labels(draws, float(grid[0]), float(grid[-1]))
