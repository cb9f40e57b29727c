import numpy as np
import pytest

from headstart.evidence import Run, corrected_metric, detectable_difference, metric_of


def run_of(predictions, labels, groups=None):
    index = np.arange(len(labels))
    return Run(0, 0, index, index if groups is None else groups, labels, predictions)


@pytest.mark.parametrize("metric", ["accuracy", "macro-f1"])
def test_the_best_of_many_noise_arms_is_corrected_downwards(metric):
    rng = np.random.default_rng(0)
    gains = []
    for trial in range(6):
        labels = rng.integers(0, 2, 100)
        runs = {str(arm): run_of(rng.integers(0, 2, 100), labels) for arm in range(20)}
        naive = max(metric_of(run, metric, 2) for run in runs.values())
        mean, low, high = corrected_metric(runs, metric, 2, seed=trial, draws=200)
        assert mean < naive
        assert low <= mean <= high
        gains.append((naive, mean))
    naive, corrected = np.mean(gains, axis=0)
    assert naive > 0.58
    assert corrected == pytest.approx(0.5, abs=0.05)


def test_a_single_arm_needs_no_correction():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 400)
    run = run_of(np.where(rng.random(400) < 0.8, labels, 0), labels)
    assert corrected_metric({"a": run}, "accuracy", 3, seed=0)[0] == pytest.approx(
        metric_of(run, "accuracy", 3), abs=0.01
    )


def test_one_group_cannot_be_out_of_bag():
    labels = np.zeros(5, int)
    with pytest.raises(ValueError, match="one group"):
        corrected_metric({"a": run_of(labels, labels, groups=labels)}, "accuracy", 2, seed=0)


@pytest.mark.parametrize(("n_test", "points"), [(100, 8.9), (1000, 2.8), (10_000, 0.9)])
def test_what_a_test_part_can_tell_apart(n_test, points):
    assert round(100 * detectable_difference(n_test, discordance=0.10), 1) == points


def test_scatter_between_repeats_limits_the_same():
    assert detectable_difference(10**9, 0.1, repeats=2, scatter=0.01) == pytest.approx(2.80 * 0.01, rel=1e-3)


def test_the_detectable_difference_is_found_four_times_in_five():
    rng = np.random.default_rng(2)
    n, q = 1000, 0.10
    gap = detectable_difference(n, q)
    found = 0
    for _ in range(2000):
        only_a, only_b, _ = rng.multinomial(n, [(q + gap) / 2, (q - gap) / 2, 1 - q])
        found += abs(only_a - only_b) > 1.96 * np.sqrt(only_a + only_b)
    assert found / 2000 == pytest.approx(0.8, abs=0.04)
