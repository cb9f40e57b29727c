import numpy as np
import pytest

from headstart.evidence import Run, joint_draws, paired, pooled_scatter
from headstart.evidence.paired import PRIOR_FREEDOM, TEST_TO_TRAIN, repeat_draws


def run_of(right, repeat=0, fold=0, groups=None, first=0):
    """A run with two classes whose predictions are right where ``right`` says so."""
    index = np.arange(first, first + len(right))
    labels = index % 2
    return Run(repeat, fold, index, index if groups is None else groups, labels, np.where(right, labels, 1 - labels))


def random_run(rng, accuracy, size=200, **where):
    return run_of(rng.random(size) < accuracy, **where)


def test_identical_arms_do_not_differ():
    rng = np.random.default_rng(0)
    runs = [random_run(rng, 0.8, repeat=r) for r in range(3)]
    draws = joint_draws({"a": runs, "b": list(runs)}, "accuracy", 2, scatter=0.0, seed=1)
    assert np.ptp(draws.draws, axis=1).max() == 0
    assert draws.difference("a", "b") == (0.0, 0.0, 0.0, 0.5)
    assert draws.p_best("a") == 0.5
    assert draws.expected_regret("a") == 0
    wider = joint_draws({"a": runs, "b": list(runs)}, "accuracy", 2, scatter=0.01, seed=1)
    estimate, low, high, better = wider.difference("a", "b")
    assert estimate == 0
    assert low < 0 < high
    assert better == pytest.approx(0.5, abs=0.05)


def test_pairing_removes_what_the_arms_share():
    rng = np.random.default_rng(0)
    easy = rng.random(300) < 0.7
    slightly_better = easy | (rng.random(300) < 0.05)
    draws = joint_draws({"a": [run_of(slightly_better)], "b": [run_of(easy)]}, "accuracy", 2, scatter=0.0, seed=0)
    _, low, high, better = draws.difference("a", "b")
    single = draws.interval("a")
    assert high - low < (single[1] - single[0]) / 2
    assert better > 0.95


def test_one_run_has_the_width_of_a_proportion():
    rng = np.random.default_rng(3)
    run = random_run(rng, 0.8, size=500)
    draws = joint_draws({"a": [run]}, "accuracy", 2, scatter=0.0, seed=0, draws=8000)
    share = draws.estimates[0]
    assert draws.column("a").std() == pytest.approx(np.sqrt(share * (1 - share) / 500), rel=0.05)
    assert draws.repeats == (1,)


def test_groups_are_resampled_whole():
    rng = np.random.default_rng(4)
    right = np.repeat(rng.random(50) < 0.8, 10)
    alone = joint_draws({"a": [run_of(right)]}, "accuracy", 2, 0.0, 0).column("a").std()
    together = joint_draws({"a": [run_of(right, groups=np.repeat(np.arange(50), 10))]}, "accuracy", 2, 0.0, 0)
    assert together.column("a").std() == pytest.approx(alone * np.sqrt(10), rel=0.1)


def test_memory_is_bounded_without_changing_the_numbers(monkeypatch):
    rng = np.random.default_rng(5)
    runs = {"a": [random_run(rng, 0.8)], "b": [random_run(rng, 0.7)]}
    whole = joint_draws(runs, "macro-f1", 2, 0.01, 0)
    monkeypatch.setattr(paired, "BLOCK_CELLS", 1000)
    assert np.array_equal(joint_draws(runs, "macro-f1", 2, 0.01, 0).draws, whole.draws)


def test_the_covariance_of_repeats_is_shrunk_towards_the_prior():
    rng = np.random.default_rng(6)
    values = [np.asarray([0.1, 0.4, 0.3]), np.asarray([0.2, 0.3, 0.7])]
    prior_scale = 0.05
    prior = prior_scale * rng.standard_normal((100_000, 2))
    draws = repeat_draws(values, prior, rng)
    freedom = PRIOR_FREEDOM + 2
    scale = (PRIOR_FREEDOM * prior_scale**2 * np.eye(2) + 2 * np.cov(values)) / freedom
    assert np.cov(draws.T) == pytest.approx(scale * freedom / (freedom - 2), rel=0.05)


def test_more_repeats_count_by_the_square_root():
    rng = np.random.default_rng(7)
    right = rng.random(400) < 0.5
    spread = {}
    for repeats in (1, 4):
        runs = [run_of(right, repeat=r) for r in range(repeats)]
        wide = joint_draws({"a": runs}, "accuracy", 2, scatter=0.05, seed=0, draws=8000).column("a").var()
        none = joint_draws({"a": runs}, "accuracy", 2, scatter=0.0, seed=0, draws=8000).column("a").var()
        spread[repeats] = wide - none
    # t with 4 and 7 degrees; equal repeats shrink the variance to 4 / 7 of the prior's
    assert spread[1] == pytest.approx(0.05**2 * 4 / 2, rel=0.3)
    assert spread[4] == pytest.approx(0.05**2 * 4 / 7 * 7 / 5 / 4, rel=0.3)


def test_rotating_parts_use_nadeau_and_bengio():
    rng = np.random.default_rng(8)
    runs = [random_run(rng, 0.8, size=100, fold=f, first=100 * f) for f in range(5)]
    values = np.asarray([(run.predictions == run.labels).mean() for run in runs])
    draws = joint_draws({"a": runs}, "accuracy", 2, scatter=0.0, seed=0, rotating=True, draws=20_000)
    fold_variance = np.mean([(run.predictions == run.labels).var() / 100 for run in runs])
    freedom = PRIOR_FREEDOM + 4
    scale = (PRIOR_FREEDOM * fold_variance + 4 * values.var(ddof=1)) / freedom
    expected = (1 / 5 + TEST_TO_TRAIN) * scale * freedom / (freedom - 2)
    assert draws.column("a").var() == pytest.approx(expected, rel=0.1)


def test_arms_without_a_common_repeat_are_still_compared():
    rng = np.random.default_rng(9)
    runs = {"a": [random_run(rng, 0.9, repeat=0)], "b": [random_run(rng, 0.5, repeat=r) for r in (1, 2)]}
    for rotating in (False, True):
        draws = joint_draws(runs, "accuracy", 2, 0.01, 0, rotating=rotating)
        assert draws.repeats == (1, 2)
        assert draws.p_best("a") > 0.99


def test_only_common_repeats_count():
    rng = np.random.default_rng(10)
    first, second = random_run(rng, 0.9), random_run(rng, 0.6, repeat=1)
    draws = joint_draws({"a": [first, second], "b": [first]}, "accuracy", 2, 0.0, 0)
    assert draws.repeats == (1, 1)
    assert draws.estimates[0] == draws.estimates[1]


@pytest.mark.parametrize("runs", [{}, {"a": []}])
def test_arms_need_runs(runs):
    with pytest.raises(ValueError, match="at least one run"):
        joint_draws(runs, "accuracy", 2, 0.01, 0)


def test_draws_are_deterministic():
    runs = {"a": [random_run(np.random.default_rng(0), 0.8)]}
    one, two = (joint_draws(runs, "accuracy", 2, 0.01, 5).draws for _ in range(2))
    assert np.array_equal(one, two)


def test_pooled_scatter_leaves_out_what_the_examples_explain():
    rng = np.random.default_rng(11)
    folds = [[random_run(rng, 0.8, size=50, fold=f, first=50 * f) for f in range(5)] for _ in range(40)]
    assert pooled_scatter(folds, "accuracy", 2) < 0.02  # the examples alone give 0.057
    level = 0.8 + 0.05 * rng.standard_normal((40, 5))
    ranks = np.argsort(rng.random((40, 1, 400)), -1) / 400  # the same examples are hard in every repeat
    cells = [[run_of(ranks[c, 0] < level[c, r], repeat=r) for r in range(5)] for c in range(40)]
    assert pooled_scatter(cells, "accuracy", 2) == pytest.approx(0.05, rel=0.2)
    assert pooled_scatter([], "accuracy", 2) == paired.DEFAULT_SCATTER


def simulate(rng, rotating, studies=120):
    """Shares of studies whose 90 % intervals hold the true metric and the true difference."""
    hits = np.zeros(2)
    for _ in range(studies):
        runs = {"a": [], "b": []}
        shared = rng.random((5, 60)) if rotating else np.repeat(rng.random((1, 150)), 3, 0)
        for repeat, hard in enumerate(shared):
            for arm, accuracy in (("a", 0.8), ("b", 0.7)):
                luck = rng.normal(0, 0.015)
                own = np.where(rng.random(hard.shape) < 0.6, hard, rng.random(hard.shape))
                fold = repeat if rotating else 0
                runs[arm].append(run_of(own < accuracy + luck, repeat=repeat, fold=fold, first=fold * len(hard)))
        scatter = pooled_scatter(list(runs.values()), "accuracy", 2)
        draws = joint_draws(runs, "accuracy", 2, scatter, 0, rotating=rotating, draws=300)
        low, high = draws.interval("a")
        hits[0] += low <= 0.8 <= high
        _, low, high, _ = draws.difference("a", "b")
        hits[1] += low <= 0.1 <= high
    return hits / studies


@pytest.mark.parametrize("rotating", [False, True])
def test_intervals_cover_the_truth(rotating):
    coverage = simulate(np.random.default_rng(12), rotating)
    assert coverage.min() > 0.84


@pytest.mark.parametrize("metric", ["accuracy", "macro-f1"])
def test_resampling_patterns_is_resampling_examples(monkeypatch, metric):
    rng = np.random.default_rng(7)
    accuracies = {"a": 0.8, "b": 0.7}
    runs = {arm: [random_run(rng, share, 400, repeat=r) for r in range(2)] for arm, share in accuracies.items()}
    fast = joint_draws(runs, metric, 2, 0.0, seed=1, draws=6000)
    monkeypatch.setattr(paired, "PATTERN_SHARE", -1.0)
    slow = joint_draws(runs, metric, 2, 0.0, seed=1, draws=6000)
    assert np.array_equal(fast.estimates, slow.estimates)
    assert np.cov(fast.draws.T) == pytest.approx(np.cov(slow.draws.T), rel=0.1, abs=3e-5)
    assert fast.draws.mean(0) == pytest.approx(slow.draws.mean(0), abs=1e-3)
