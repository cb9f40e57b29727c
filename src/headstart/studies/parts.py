"""What makes the options at a size uncertain, taken apart: test examples, training runs, recipes, missing steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.core import Arm, derive_seed
from headstart.evidence.remedies import HALF_VARIANCE, Standing
from headstart.studies.comparing import SideComparison, absent_columns
from headstart.studies.evidence import Evidence


@dataclass(frozen=True)
class Parts:
    """What makes the arms at the compared size uncertain.

    Attributes:
        measured: Arms that were measured there.
        absent: Arms that were not, and may be the best of their side.
        standing: All of them.
        examples: Covariance that the choice of test examples causes (A, A); of absent arms, all there is.
        repeats: Variance by the scatter of training runs (A,).
        untuned: Variance by recipes that were not tuned, and steps that were left out (A,).
        gains: Scale of what the latter would gain (A,).
        seed: Of what is imagined.
    """

    measured: tuple[Arm, ...]
    absent: tuple[Arm, ...]
    standing: Standing
    examples: np.ndarray
    repeats: np.ndarray
    untuned: np.ndarray
    gains: np.ndarray
    seed: int

    @classmethod
    def of(cls, evidence: Evidence, seen: SideComparison) -> Parts:
        """Take the draws of a comparison apart."""
        by_key = {arm.key: arm for arm in evidence.arms}
        measured = tuple(by_key[key] for key in seen.draws.arms)
        columns, absent = seen.draws.draws, seen.absent
        covariance = np.atleast_2d(np.cov(columns.T))
        mean = columns.mean(0)
        repeats = np.asarray([of_repeats(evidence, arm, seen.n, 0) for arm in measured])
        untuned = np.asarray([evidence.untuned(arm.key) ** 2 + of_steps(evidence, arm, seen.n) for arm in measured])
        gains = np.asarray([evidence.steps_left_out(arm.key, seen.n) for arm in measured])
        diagonal = np.diag(covariance)
        left = np.maximum(diagonal - repeats - untuned, 0.05 * diagonal)
        examples = covariance - np.diag(diagonal - left)
        expected = absent_columns(evidence, absent, seen.n, len(columns))
        if expected is None:
            absent = ()
        else:
            count = len(absent)
            mean = np.concatenate((mean, expected.mean(0)))
            examples = np.block(
                [
                    [examples, np.zeros((len(measured), count))],
                    [np.zeros((count, len(measured))), np.atleast_2d(np.cov(expected.T))],
                ]
            )
            repeats, untuned, gains = (np.concatenate((of, np.zeros(count))) for of in (repeats, untuned, gains))
        arms = (*measured, *absent)
        standing = Standing(
            tuple(arm.key for arm in arms),
            np.asarray([arm.paradigm == seen.winner.paradigm for arm in arms]),
            mean,
            examples + np.diag(repeats + untuned),
            np.asarray([arm in measured for arm in arms]),
        )
        seed = derive_seed(evidence.settings.seed, "deciding", seen.n)
        return cls(measured, absent, standing, examples, repeats, untuned, gains, seed)

    def covariance(self, examples: np.ndarray, repeats: np.ndarray, untuned: np.ndarray) -> np.ndarray:
        """Of all arms, with other parts."""
        return np.asarray(examples + np.diag(repeats + np.maximum(untuned, 0.0)))


def of_repeats(evidence: Evidence, arm: Arm, n: int, more: int) -> float:
    """Variance of an arm's mean by the scatter of its runs, after so many more repeats."""
    return of_one_run(evidence, arm, n, more) / (len(evidence.trials(arm.key, "measuring", n)) + more)


def of_steps(evidence: Evidence, arm: Arm, n: int) -> float:
    """Variance of what the steps that an arm's runs at n were ended without would gain: of half a normal."""
    return HALF_VARIANCE * evidence.steps_left_out(arm.key, n) ** 2


def of_one_run(evidence: Evidence, arm: Arm, n: int, more: int = 0) -> float:
    """Variance of one run by chance, as it will be known after so many more repeats."""
    spread = evidence.spread(arm.key, n)
    freedom = spread.freedom + more
    return spread.sd**2 * freedom / max(freedom - 2, 0.5)
