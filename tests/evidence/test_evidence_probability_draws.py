import numpy as np
import pytest

from headstart.evidence.probability_draws import PROBABILITY_METRICS, ProbabilityRun, probability_draws


def runs_of(signal, repeats=3, size=300, seed=0, groups=None):
    """Runs of a softmax classifier; the more signal, the better. All arms see the same examples."""
    labels = np.arange(size) % 3
    found = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        logits = rng.standard_normal((size, 3)) + signal * np.eye(3)[labels]
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        found.append(ProbabilityRun(repeat, np.arange(size) if groups is None else groups, labels, p))
    return found


@pytest.mark.parametrize("metric", sorted(set(PROBABILITY_METRICS) - {"calibration-error"}))
def test_the_better_arm_is_better_by_every_metric(metric):
    arms = {"good": runs_of(3.0), "bad": runs_of(0.5, seed=1)}
    draws = probability_draws(arms, metric, 0.005, 0, draws=60)
    gap, low, high, p_better = draws.difference("good", "bad")
    assert gap > 0
    assert low < gap < high
    assert p_better > 0.99
    rule = PROBABILITY_METRICS[metric]
    mean = np.mean([rule.of(run.probabilities, run.labels) for run in arms["good"]])
    assert draws.estimates[0] == pytest.approx(mean if rule.larger_is_better else -mean)


def test_calibration_is_compared_too():
    sure = [ProbabilityRun(r.repeat, r.groups, r.labels, np.eye(3)[r.probabilities.argmax(1)]) for r in runs_of(0.5)]
    draws = probability_draws({"sure": sure, "honest": runs_of(2.0)}, "calibration-error", 0.01, 0, draws=60)
    assert draws.p_best("honest") > 0.95
    assert (draws.estimates <= 0).all()


def test_groups_are_resampled_whole():
    size = 300
    runs = runs_of(1.0, repeats=1)
    right = np.repeat(np.random.default_rng(0).random(30) < 0.5, 10)  # whole groups are right or wrong
    p = np.where(right[:, None], np.eye(3)[runs[0].labels], np.roll(np.eye(3)[runs[0].labels], 1, axis=1))
    alone, together = (
        probability_draws({"a": [ProbabilityRun(0, groups, runs[0].labels, p)]}, "accuracy", 0.0, 0).draws.std()
        for groups in (np.arange(size), np.arange(size) // 10)
    )
    assert together == pytest.approx(alone * np.sqrt(10), rel=0.2)


def test_a_sample_may_lack_a_class():
    labels = np.asarray([0] * 20 + [1])
    run = ProbabilityRun(0, np.arange(21), labels, np.linspace([0.9, 0.1], [0.1, 0.9], 21))
    assert np.isfinite(probability_draws({"a": [run]}, "auroc", 0.01, 0, draws=40).draws).all()


def test_arms_without_a_common_repeat_and_determinism():
    arms = {"a": runs_of(2.0), "b": [ProbabilityRun(9, r.groups, r.labels, r.probabilities) for r in runs_of(1.0)]}
    one, two = (probability_draws(arms, "log-loss", 0.01, 3, draws=30) for _ in range(2))
    assert np.array_equal(one.draws, two.draws)
    assert one.repeats == (3, 3)


def changed(**values):
    run = runs_of(1.0, repeats=1)[0]
    return ProbabilityRun(**{**vars(run), **values})


@pytest.mark.parametrize(
    ("runs", "metric", "message"),
    [
        ({}, "auroc", "at least one run"),
        ({"a": []}, "auroc", "at least one run"),
        ({"a": runs_of(1.0)}, "area", "unknown metric 'area'"),
        ({"a": runs_of(1.0), "b": runs_of(1.0, size=200)}, "auroc", "same test examples"),
        ({"a": [changed(probabilities=np.full((300, 3), np.nan))]}, "log-loss", "missing"),
        ({"a": [changed(labels=np.zeros(300, int))]}, "auroc", "single class"),
    ],
)
def test_unusable_runs_are_named(runs, metric, message):
    with pytest.raises(ValueError, match=message):
        probability_draws(runs, metric, 0.01, 0, draws=5)
