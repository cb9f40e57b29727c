"""Fitting the prior: restricted maximum of a Gaussian model with crossed and nested effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from headstart.knowledge.kinds import by_modality
from headstart.knowledge.prior import FEATURES, SCALE, Prior, features
from headstart.knowledge.published import Comparison, sources

LOOSE = 2.0  # prior deviation of coefficients, in units of asinh: 1 is a lead of about two points against none
SECOND_HAND = 2.0  # residual variance of a figure that was read in somebody's summary, against one read at its source
SPREAD = 1.0  # scale of the half-normal prior of each spread


def fit_prior(data: Sequence[Comparison]) -> Prior:
    """Fit the prior to comparisons with from scratch.

    Spreads maximise the marginal likelihood of the transformed leads with half-normal priors; coefficients and
    modality effects follow in closed form (Gelman and Hill 2007, sections 12 and 18).

    Args:
        data: Comparisons whose rival is from scratch.
    """
    y = np.arcsinh(np.array([one.points for one in data]) / SCALE)
    fixed = np.array([features(one.n, one.start, one.arm) for one in data])
    kinds = sorted({one.modality for one in data})
    by_kind = _same([one.modality for one in data])
    by_source = _same([(one.modality, one.source) for one in data])
    by_set = _same([(one.modality, one.source, one.dataset) for one in data])
    known = sources()
    weight = np.array([SECOND_HAND if known[one.source].read == "second-hand" else 1.0 for one in data])
    loose = LOOSE**2 * fixed @ fixed.T

    def loss(logs: np.ndarray) -> float:
        kind, source, of_set, rest = np.exp(logs)
        total = loose + kind**2 * by_kind + source**2 * by_source + of_set**2 * by_set + rest**2 * np.diag(weight)
        factor = cho_factor(total, lower=True)
        fitted = y @ cho_solve(factor, y) / 2 + np.log(np.diag(factor[0])).sum()
        return float(fitted + np.sum(np.exp(2 * logs)) / (2 * SPREAD**2) - logs.sum() * 0.1)

    best = minimize(loss, np.log([0.4, 0.6, 0.5, 0.5]), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-4})
    kind, source, of_set, rest = (float(value) for value in np.exp(best.x))
    shown = np.eye(len(kinds))[[kinds.index(one.modality) for one in data]]
    design = np.hstack([fixed, shown])
    before = np.diag([LOOSE**2] * len(FEATURES) + [kind**2] * len(kinds))
    noise = source**2 * by_source + of_set**2 * by_set + rest**2 * np.diag(weight)
    gain = before @ design.T @ np.linalg.inv(design @ before @ design.T + noise)
    mean, covariance = gain @ y, before - gain @ design @ before
    return Prior(
        modalities=tuple(kinds),
        mean=tuple(round(float(value), 5) for value in mean),
        covariance=tuple(tuple(round(float(value), 6) for value in row) for row in covariance),
        modality_sd=round(kind, 4),
        source_sd=round(source, 4),
        dataset_sd=round(of_set, 4),
        residual_sd=round(rest, 4),
        counts={name: _counts(data, name) for name in kinds},
    )


def _same(names: Sequence[object]) -> np.ndarray:
    """(N, N): 1 where two rows bear the same name."""
    numbers = {name: index for index, name in enumerate(dict.fromkeys(names))}
    index = np.array([numbers[name] for name in names])
    return np.asarray(index[:, None] == index[None, :], dtype=np.float64)


def _counts(data: Sequence[Comparison], modality: str) -> tuple[int, int, int]:
    """Sources, data sets and comparisons of a modality."""
    ours = by_modality(data).get(modality, [])
    return len({one.source for one in ours}), len({one.dataset for one in ours}), len(ours)
