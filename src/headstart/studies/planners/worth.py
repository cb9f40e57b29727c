"""Which of several further trials is worth its seconds: the one that lowers the regret of the choice most for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from headstart.core import derive_seed
from headstart.evidence import CurveDraws, expected_regret_fall
from headstart.studies.evidence import Evidence

T = TypeVar("T")
Further = tuple[str, int]  # arm key, labels


def by_worth(
    evidence: Evidence, at: int, items: Sequence[T], trials: Sequence[Further], seconds: Sequence[float]
) -> list[T]:
    """Order trials by the expected fall of regret for each second, the most first; those of equal worth stay in order.

    Judged by the learning curves on the judge half: a planner never looks at the final one.

    Args:
        evidence: The evidence.
        at: Labels that the choice between arms is for.
        items: What is ordered.
        trials: The arm and size that each would measure once more.
        seconds: Predicted for each.
    """
    curves = evidence.curves("judge")
    if curves is None or len(items) < 2:
        return list(items)
    falls = {trial: _fall(evidence, curves, at, trial) for trial in dict.fromkeys(trials)}
    worth = [-falls[trial] / max(price, 1e-3) for trial, price in zip(trials, seconds, strict=True)]
    return [items[i] for i in np.argsort(worth, kind="stable")]


def _fall(evidence: Evidence, curves: CurveDraws, at: int, trial: Further) -> float:
    """Expected fall of the regret, 0 where the curves know nothing of the arm at this size or of the choice."""
    arm, n = trial
    known = {one.arm: place for place, one in enumerate(curves.arms)}
    if arm not in known or np.isnan(curves.at(n)[:, known[arm]]).any() or np.isnan(curves.at(at)).all():
        return 0.0
    seed = derive_seed(evidence.settings.seed, "worth", arm, n)
    return expected_regret_fall(curves, at, [arm], n, seed=seed)
