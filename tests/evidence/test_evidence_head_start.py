import numpy as np
import pytest
from drawn_curves import arm_of, pair, power

from headstart.evidence.curves import fit_curves
from headstart.evidence.head_start import gain_of_labels, head_start, labels_to_reach, worth


def test_a_head_start_is_the_inverse_of_the_scratch_curve():
    # e_s = 0.1 + 0.5 (n / 25)^-0.5 and e_t(50) = 0.1 + 0.5 / 4: from scratch needs 16 x 25
    curves = pair(power(), lambda n: 0.1 + 0.5 / 4 * (n / 50) ** -0.5, noise=0.002)
    labels = head_start(curves, "t", 50)
    assert labels.quantile(0.5) == pytest.approx(400, rel=0.1)
    assert labels.p_reached == 1
    middle, cheap, dear = worth(labels, 50, 0.5)
    assert middle == pytest.approx((labels.quantile(0.5) - 50) / 2)
    assert cheap < middle < dear


def test_out_of_range_is_more_than_and_at_most():
    curves = pair(power(0.3), power(0.02, 0.1))
    beyond = head_start(curves, "t", 800)
    assert beyond.interval == (np.inf, np.inf)
    assert beyond.p_reached == 0
    assert beyond.horizon == pytest.approx(3200)
    assert worth(beyond, 800, 1.0)[0] == np.inf
    behind = head_start(pair(power(0.05, 0.2), power(0.5)), "t", 50)
    assert behind.interval == (25, 25)
    assert worth(behind, 50, 1.0) == (0, 0, 0)


def test_head_starts_need_both_sides():
    with pytest.raises(ValueError, match="side scratch"):
        head_start(fit_curves([arm_of(power(), "t", paradigm="transfer")]), "t", 100)
    with pytest.raises(ValueError, match="nothing is known about t"):
        head_start(pair(power(), power()), "t", 10)


def test_labels_to_reach_a_target():
    curves = fit_curves([arm_of(power(), noise=0.002)])
    hits = 0
    for seed in range(20):
        low, high = labels_to_reach(fit_curves([arm_of(power(), seed=seed)]), "a", 0.225).interval
        hits += low <= 400 <= high
    assert hits >= 15
    assert labels_to_reach(curves, "a", 0.01).p_reached == 0
    few, many = (labels_to_reach(curves, "a", error).quantile(0.5) for error in (0.4, 0.2))
    assert few < many


def test_gain_of_labels():
    curves = fit_curves([arm_of(power(), noise=0.002)])
    gain = gain_of_labels(curves, "a", 400)
    fall = power()(400) - power()(800)
    assert gain.low <= fall <= gain.high
    assert gain.expected == pytest.approx(fall, rel=0.15)
    assert gain.labels_per_point == pytest.approx(400 / (100 * gain.expected))
    assert gain_of_labels(curves, "a", 3000) is None
