"""How near the pretraining is to the data, without its data: the probe gap, and what fine-tuning moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.evidence.crossover import gap_at
from headstart.evidence.curves import CurveDraws
from headstart.evidence.scores import Floats

USELESS = 0.01  # one point: pretrained features that gain less are no better than random ones


@dataclass(frozen=True)
class ProbeGap:
    """What pretrained features save a linear probe at one size.

    Attributes:
        n: Labels.
        gap: Error on random features minus error on pretrained ones.
        low: Lower end of the 90 % interval.
        high: Upper end.
        sentence: What it means.
    """

    n: float
    gap: float
    low: float
    high: float
    sentence: str


def probe_gaps(curves: CurveDraws, pretrained: str, random: str) -> tuple[ProbeGap, ...]:
    """The probe gap at each size at which both probes were measured.

    Args:
        curves: Where both were measured.
        pretrained: Linear probe on pretrained features.
        random: Linear probe on the features of the same network with random weights.
    """
    common = np.intersect1d(curves.arms[curves.index(pretrained)].sizes, curves.arms[curves.index(random)].sizes)
    found = []
    for n in common:
        gap, low, high = gap_at(curves, random, pretrained, float(n))
        if low > USELESS:
            said = f"pretrained features are worth {100 * gap:.1f} points over random ones: the source is near"
        elif high < USELESS:
            said = "pretrained features are no better than random ones: the source is of no use to a probe"
        else:
            said = "not determined whether pretrained features are better than random ones: more labels or seeds"
        found.append(ProbeGap(float(n), gap, low, high, f"At n = {n:,.0f}, {said}"))
    return tuple(found)


def debiased_cka(one: Floats, other: Floats) -> float:
    """Linear CKA of two feature matrices with the unbiased HSIC of Song et al. (2012).

    1 for features that are equal up to rotation and scale, about 0 for unrelated ones, slightly negative by chance. The
    usual estimate grows towards 1 when D > n (Murphy et al. 2024, arXiv 2405.01012). O(n^2 D) time and O(n^2) memory.

    Args:
        one: (n, D1) features of the n examples, such as before fine-tuning.
        other: (n, D2) features of the same examples.

    Returns:
        CKA; not a number where a matrix is constant.

    Raises:
        ValueError: Missing values, unequal lengths, or fewer than four examples.
    """
    x, y = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) < 4:
        raise ValueError("both need features of the same four or more examples")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features hold missing values")
    # centring changes no unbiased HSIC, but keeps large means from swallowing digits
    k, m = (_gram(f - f.mean(0)) for f in (x, y))
    norms = _hsic(k, k) * _hsic(m, m)
    scale = float(np.sum(k**2) * np.sum(m**2)) / len(k) ** 4
    if norms <= 1e-20 * scale or scale == 0:
        return float("nan")
    return float(_hsic(k, m) / np.sqrt(norms))


def reuse_sentence(stage: str, cka: float) -> str:
    """What the CKA of a stage before and after fine-tuning means."""
    if not np.isfinite(cka):
        return f"{stage}: constant features, nothing can be compared"
    if cka > 0.9:
        return f"{stage}: reused as it was (CKA {cka:.2f}); it could have stayed frozen"
    if cka > 0.5:
        return f"{stage}: adapted (CKA {cka:.2f})"
    return f"{stage}: learnt anew (CKA {cka:.2f}); little of the source was of use here"


def _gram(features: Floats) -> Floats:
    gram = features @ features.T
    np.fill_diagonal(gram, 0)
    return np.asarray(gram)


def _hsic(k: Floats, m: Floats) -> float:
    """Unbiased HSIC of two Gram matrices with zero diagonals (Song et al. 2012)."""
    n = len(k)
    cross = float((k * m).sum())
    product = float(k.sum() * m.sum()) / ((n - 1) * (n - 2))
    mixed = 2 * float(k.sum(0) @ m.sum(1)) / (n - 2)
    return (cross + product - mixed) / (n * (n - 3))
