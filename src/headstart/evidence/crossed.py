"""One estimate of each arm from runs that share repeats and test parts: generalised least squares with crossed effects.

Runs of the model y_ar = m_a + c_r + e_ar share an effect c_r where they share a repeat - the same subset of labels,
and in rotating studies the same test part. Arms that were repeated unequally are then compared as if they had been
repeated alike: what an arm lacks is filled in from how hard that repeat was for the others. Balanced runs give plain
means (Henderson 1975, *Biometrics* 31, 423; Pinheiro and Bates 2000, chapter 2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.evidence.scores import Floats, Integers, Run

PRIOR_PRODUCTS = 4.0  # pairs of runs that the prior correlation counts for
LARGEST_CORRELATION = 0.95
TINY = 1e-10  # variance that keeps a system solvable where nothing scatters


def balanced(arms: Integers, keys: Sequence[tuple[int, int]]) -> bool:
    """Whether every arm has the same repeats, each once."""
    by_arm = [sorted(key for key, of in zip(keys, arms, strict=True) if of == arm) for arm in np.unique(arms)]
    return all(one == by_arm[0] for one in by_arm)


def repeat_covariance(arms: Integers, keys: Sequence[tuple[int, int]], sd: Floats, correlation: float) -> Floats:
    """Covariance (K, K) of runs that training causes: own scatter, and what arms of one repeat share.

    Args:
        arms: Place of each run's arm (K,).
        keys: What each run is paired by.
        sd: Spread of each arm's runs (A,).
        correlation: Between two arms in one repeat.
    """
    same = np.asarray([[one == other for other in keys] for one in keys], dtype=float)
    together = np.outer(sd[arms], sd[arms]) * correlation * same
    alike = arms[:, None] == arms[None]
    return np.where(alike, np.diag(sd[arms] ** 2), together)


def shared_correlation(values: Floats, arms: Integers, keys: Sequence[tuple[int, int]], prior: float) -> float:
    """Correlation of two arms' deviations in one repeat: the prior one, and the products of these runs' deviations.

    Args:
        values: The metric of each run (K,).
        arms: Place of each run's arm (K,).
        keys: What each run is paired by.
        prior: What is known without these runs, with the weight of ``PRIOR_PRODUCTS`` products.
    """
    scaled: dict[tuple[int, int], list[float]] = {}
    for arm in np.unique(arms):
        own = values[arms == arm]
        if len(own) > 1 and own.std() > 0:
            for key, value in zip([key for key, of in zip(keys, arms, strict=True) if of == arm], own, strict=True):
                scaled.setdefault(key, []).append(float((value - own.mean()) / own.std(ddof=1)))
    total, count = PRIOR_PRODUCTS * prior, PRIOR_PRODUCTS
    for found in scaled.values():
        for place, one in enumerate(found):
            total += sum(one * other for other in found[place + 1 :])
            count += len(found) - place - 1
    return float(min(max(total / count, 0.0), LARGEST_CORRELATION))


def example_covariance(runs: Sequence[Run], arms: Integers) -> Floats:
    """Covariance (K, K) of runs that the choice of their test examples causes; 0 between different test parts.

    Pooled over the runs of an arm and of two arms: weighted by its own variance, a run that happened to meet easy
    examples would count for more than one that met hard ones, and the estimate would be too good.

    Args:
        runs: All of them (K,).
        arms: Place of each run's arm (K,).
    """
    count, size = len(runs), int(arms.max()) + 1
    wrong = [(run.predictions != run.labels).astype(float) for run in runs]
    alike = [
        (i, j)
        for i in range(count)
        for j in range(i, count)
        if len(runs[i].examples) > 1 and np.array_equal(runs[i].examples, runs[j].examples)
    ]
    total, found = np.zeros((2, size, size)), np.zeros((2, size, size))
    for i, j in alike:
        kind = int(i == j)
        shared = float(np.mean(wrong[i] * wrong[j]) - wrong[i].mean() * wrong[j].mean())
        for one, other in {(arms[i], arms[j]), (arms[j], arms[i])}:
            total[kind, one, other] += shared
            found[kind, one, other] += 1
    pooled = total / np.maximum(found, 1)
    result = np.zeros((count, count))
    for i, j in alike:
        result[i, j] = result[j, i] = pooled[int(i == j), arms[i], arms[j]] / len(runs[i].examples)
    values, vectors = np.linalg.eigh(result)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)  # pooled pairs need not fit together


def arm_weights(arms: Integers, keys: Sequence[tuple[int, int]], covariance: Floats) -> Floats:
    """Weights W (A, K) of the estimates W y: (X' V^-1 X)^-1 X' V^-1.

    Args:
        arms: Place of each run's arm (K,).
        keys: What each run is paired by.
        covariance: V (K, K).
    """
    design = (arms[:, None] == np.unique(arms)[None]).astype(float)
    if balanced(arms, keys):
        return np.asarray(design.T / design.sum(0)[:, None])
    scale = max(float(np.trace(covariance)) / len(covariance), TINY)
    solid = covariance + 1e-6 * scale * np.eye(len(covariance))
    inverse = np.linalg.solve(solid, design)
    return np.asarray(np.linalg.solve(design.T @ inverse, inverse.T))


def normal_draws(covariance: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Draws (draws, A) of a normal distribution around zero; its covariance may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(rng.standard_normal((draws, len(covariance))) @ root.T)
