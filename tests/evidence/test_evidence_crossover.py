import numpy as np
import pytest
from drawn_curves import SIZES, arm_of, pair, power

from headstart.evidence.crossover import find_crossover, gap_at
from headstart.evidence.curves import fit_curves

STEEP, FLAT = power(0.02, 0.7, 0.6), power(0.2, 0.2, 0.4)


def test_a_crossing_inside_the_measured_range():
    grid = np.geomspace(25, 800, 10_000)
    true = grid[np.argmax(STEEP(grid) <= FLAT(grid))]
    found = find_crossover(pair(STEEP, FLAT))
    low, high = found.interval
    assert found.statement == "crossed"
    assert low <= true <= high
    assert high / low < 1.5
    assert found.p_crossed > 0.99
    assert (found.n_max, found.horizon) == (800, 3200)


def test_scratch_that_leads_throughout_crosses_at_the_start():
    found = find_crossover(pair(power(0.05, 0.2), power(0.2, 0.3)))
    assert found.statement == "crossed"
    assert found.interval == (25, 25)


def test_no_crossing_keeps_its_mass_at_infinity():
    found = find_crossover(pair(power(0.3, 0.5), power(0.05, 0.2)))
    assert found.statement == "none"
    assert np.isinf(found.draws).all()
    assert found.quantile(0.5) == np.inf
    assert found.p_by_horizon == 0


def test_equal_curves_tie_only_within_the_margin():
    same = pair(power(), power(), noise=0.002)
    assert find_crossover(same, tie=0.01).statement == "tie"
    assert find_crossover(same, tie=0.0005).statement == "undetermined"


def test_a_crossing_beyond_the_measured_range():
    # crosses near 1,300 of at most 800 measured; much data, so that an interval can be named
    later = pair(power(0.02, 0.6, 0.45), power(0.11, 0.2, 0.7), repeats=10, noise=0.001)
    found = find_crossover(later)
    assert found.p_crossed < 0.05
    assert found.p_by_horizon > 0.9
    low, high = found.interval
    assert 800 < low < 1300 < high


def test_a_margin_moves_the_crossing_down():
    curves = pair(STEEP, FLAT)
    assert find_crossover(curves, margin=0.05).quantile(0.5) < find_crossover(curves).quantile(0.5)


def test_the_best_of_each_side_counts_in_every_draw():
    arms = [
        arm_of(power(0.3), "slow"),
        arm_of(STEEP, "s", seed=1),
        arm_of(FLAT, "t", seed=2, paradigm="transfer"),
        arm_of(power(0.5), "bad", seed=3, paradigm="transfer"),
    ]
    curves = fit_curves(arms)
    assert find_crossover(curves).quantile(0.5) == find_crossover(curves, ["s"], ["t"]).quantile(0.5)


def test_a_guarded_leader_ends_the_horizon():
    rising = arm_of(lambda n: 0.1 + 0.05 * np.log(n / 25) / np.log(32), "t", paradigm="transfer")
    found = find_crossover(fit_curves([arm_of(power(0.3), "s"), rising]))
    assert found.horizon == found.n_max == 800
    assert "t is not extrapolated" in found.limited_by
    beaten = arm_of(lambda n: 0.7 + 0.05 * np.log(n / 25) / np.log(32), "u", paradigm="transfer")
    calm = arm_of(power(0.05, 0.2), "t", seed=1, paradigm="transfer")
    assert find_crossover(fit_curves([arm_of(power(0.3), "s"), calm, beaten])).limited_by is None


def test_sides_need_arms_and_a_common_range():
    with pytest.raises(ValueError, match="side transfer"):
        find_crossover(fit_curves([arm_of(power(), "s")]))
    early = arm_of(power(), "s", sizes=SIZES[:3])
    late = arm_of(power(), "t", sizes=SIZES[3:], paradigm="transfer")
    with pytest.raises(ValueError, match="common range"):
        find_crossover(fit_curves([early, late]))


def test_the_gap_of_measured_means():
    curves = pair(power(0.2), power(0.1), noise=0.01, repeats=5)
    gap, low, high = gap_at(curves, "s", "t", 100)
    assert low < 0.1 < high
    assert gap == pytest.approx(curves.arms[0].means[2] - curves.arms[1].means[2])
    back = gap_at(curves, "t", "s", 100)
    assert back == pytest.approx((-gap, -high, -low))
    with pytest.raises(ValueError, match="not measured"):
        gap_at(curves, "s", "t", 99)


def test_gaps_hold_the_truth():
    hits = 0
    for seed in range(60):
        arms = [arm_of(power(0.2), "s", seed=seed), arm_of(power(0.1), "t", seed=seed + 1000, paradigm="transfer")]
        _, low, high = gap_at(fit_curves(arms, draws=20), "s", "t", 200)
        hits += low <= 0.1 <= high
    assert hits >= 49  # 90 % of 60, less two standard errors


def test_test_examples_widen_a_gap():
    arms = [arm_of(power(0.2), "s"), arm_of(power(0.1), "t", seed=1, paradigm="transfer")]
    bare, counted = (gap_at(fit_curves(arms, n_test=n), "s", "t", 200) for n in (None, 500))
    assert counted[2] - counted[1] > 2 * (bare[2] - bare[1])
