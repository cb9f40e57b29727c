"""How likely more measurement is to decide between two sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.evidence.scores import LEVEL, Floats

STUDIES, WORLDS = 150, 250  # that are imagined, and draws of the posterior in each
HALF_MEAN = float(np.sqrt(2 / np.pi))  # of half a normal distribution of scale 1
HALF_VARIANCE = 1 - 2 / float(np.pi)


@dataclass(frozen=True)
class Standing:
    """What is known of the arms at a size: normal, with this mean and covariance.

    Attributes:
        arms: Keys (A,).
        mine: Which arms are of one side (A,).
        mean: Expected metric (A,).
        covariance: Of the metric (A, A).
        seen: Which arms were measured there (A,).
    """

    arms: tuple[str, ...]
    mine: np.ndarray
    mean: Floats
    covariance: Floats
    seen: np.ndarray


def chance_to_decide(
    now: Standing,
    then: Floats,
    seen: np.ndarray,
    margin: float,
    needed: float,
    seed: int = 0,
    *,
    gains: Floats | None = None,
    anew: bool = False,
) -> float:
    """P(a comparison is decided - either way, or as a tie - once more was measured).

    Studies are imagined (the preposterior analysis of Raiffa and Schlaifer 1961): what will be estimated is normal
    around what is expected now, with the variance that the measurement takes away; around that the truth keeps the
    covariance ``then``. Decided is a study in which the side of the best measured arm is ahead in ``needed`` of the
    worlds, by what was measured and by all that both sides may have; or in which winner and rival lie within the
    margin, and nothing is missing.

    Args:
        now: What is known.
        then: Covariance of the arms once that is measured (A, A).
        seen: Which arms are measured then (A,).
        margin: Inside which two arms tie.
        needed: P(side) that a verdict asks for.
        seed: Of the imagined studies.
        gains: Of what is left, what can only help (A,): the scale of half a normal distribution, whose tail is longer
            than that of a normal one of the same variance.
        anew: Whether it takes a new study, which knows nothing of this one: its estimates scatter by what is unknown
            now and by its own uncertainty.
    """
    rng = np.random.default_rng(seed)
    spread = now.covariance + then if anew else now.covariance - then
    estimates = now.mean + rng.standard_normal((STUDIES, len(now.mean))) @ _root(spread).T
    scales = np.zeros(len(now.mean)) if gains is None else gains
    around = rng.standard_normal((WORLDS, len(now.mean))) @ _root(then - np.diag(HALF_VARIANCE * scales**2)).T
    around += scales * (np.abs(rng.standard_normal(around.shape)) - HALF_MEAN)
    decided = 0
    for estimate in estimates:
        worlds = estimate + around
        winner = int(np.argmax(np.where(seen, estimate, -np.inf)))
        mine = now.mine == now.mine[winner]
        others = seen & ~mine
        if not others.any():
            continue
        measured = (worlds[:, seen & mine].max(1) > worlds[:, others].max(1)).mean()
        everything = (worlds[:, mine].max(1) > worlds[:, ~mine].max(1)).mean()
        if min(measured, everything) >= needed:
            decided += 1
        elif seen.all():
            rival = int(np.argmax(np.where(others, estimate, -np.inf)))
            low, high = np.quantile(worlds[:, winner] - worlds[:, rival], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            decided += bool(low >= -margin and high <= margin)
    return decided / STUDIES


def _root(covariance: Floats) -> Floats:
    """A matrix whose square is the covariance, without what rounding made negative."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
