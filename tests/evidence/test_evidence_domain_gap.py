from itertools import permutations

import numpy as np
import pytest
from drawn_curves import arm_of, power

from headstart.evidence.curves import fit_curves
from headstart.evidence.domain_gap import debiased_cka, probe_gaps, reuse_sentence


def hsic_by_tuples(k, m):
    """Unbiased HSIC as the mean over all ordered quadruples of different examples."""
    values = [k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q]) for i, j, q, r in permutations(range(len(k)), 4)]
    return float(np.mean(values))


def test_cka_uses_the_unbiased_hsic():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((7, 3)), rng.standard_normal((7, 5))
    k, m = x @ x.T, y @ y.T
    expected = hsic_by_tuples(k, m) / np.sqrt(hsic_by_tuples(k, k) * hsic_by_tuples(m, m))
    assert debiased_cka(x, y) == pytest.approx(expected)


def test_cka_ignores_rotation_scale_and_shift():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((40, 6))
    rotation, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    assert debiased_cka(x, 3 * x @ rotation + 1000) == pytest.approx(1)


def test_unrelated_wide_features_are_not_alike():
    rng = np.random.default_rng(2)
    values = [debiased_cka(rng.standard_normal((30, 500)), rng.standard_normal((30, 500))) for _ in range(20)]
    assert abs(np.mean(values)) < 0.1


def test_what_cannot_be_compared():
    x = np.random.default_rng(0).standard_normal((10, 3))
    assert np.isnan(debiased_cka(x, np.ones((10, 2))))
    assert "constant" in reuse_sentence("stage 1", float("nan"))
    assert "frozen" in reuse_sentence("stage 1", 0.97)
    assert "anew" in reuse_sentence("stage 4", 0.2)
    with pytest.raises(ValueError, match="four or more"):
        debiased_cka(x[:3], x[:3])
    with pytest.raises(ValueError, match="missing"):
        debiased_cka(x, np.full((10, 2), np.nan))


def test_probe_gaps():
    arms = [arm_of(power(0.1), "pretrained"), arm_of(power(0.4), "random", seed=1), arm_of(power(0.1), "same", seed=2)]
    curves = fit_curves(arms, draws=50)
    near, useless = probe_gaps(curves, "pretrained", "random"), probe_gaps(curves, "pretrained", "same")
    assert len(near) == 6
    assert all(one.low < 0.3 < one.high or abs(one.gap - 0.3) < 0.02 for one in near)
    assert all("near" in one.sentence for one in near)
    assert any("no better" in one.sentence for one in useless)
