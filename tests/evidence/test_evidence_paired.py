import numpy as np
import pytest

from headstart.evidence import Run, joint_draws, paired
from headstart.evidence.paired import PRIOR_FREEDOM, TEST_TO_TRAIN, repeat_draws
from headstart.evidence.spread import Spread


def run_of(right, repeat=0, fold=0, groups=None, first=0):
    """A run with two classes whose predictions are right where ``right`` says so."""
    index = np.arange(first, first + len(right))
    labels = index % 2
    return Run(repeat, fold, index, index if groups is None else groups, labels, np.where(right, labels, 1 - labels))


def random_run(rng, accuracy, size=200, **where):
    return run_of(rng.random(size) < accuracy, **where)


def test_identical_arms_do_not_differ():
    rng = np.random.default_rng(0)
    runs = [random_run(rng, 0.8)]
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
    assert better > 0.93


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


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_rotating_parts_use_nadeau_and_bengio_for_what_training_causes(overlap):
    rng = np.random.default_rng(8)
    runs = [random_run(rng, 0.8, size=100, fold=f, first=100 * f) for f in range(5)]
    spread = {"a": Spread(0.03, 1000.0)}
    draws = joint_draws({"a": runs}, "accuracy", 2, spread, 0, rotating=True, draws=20_000, overlap=overlap)
    share = draws.estimates[0]
    expected = share * (1 - share) / 500 + (1 / 5 + TEST_TO_TRAIN * overlap) * 0.03**2
    assert draws.column("a").var() == pytest.approx(expected, rel=0.05)


def test_arms_without_a_common_repeat_are_still_compared():
    rng = np.random.default_rng(9)
    runs = {"a": [random_run(rng, 0.9, repeat=0)], "b": [random_run(rng, 0.5, repeat=r) for r in (1, 2)]}
    for rotating in (False, True):
        draws = joint_draws(runs, "accuracy", 2, 0.01, 0, rotating=rotating)
        assert draws.repeats == (1, 2)
        assert draws.p_best("a") > 0.99


def test_unequal_repeats_count_as_if_they_had_been_equal():
    rng = np.random.default_rng(10)
    parts = [rng.random(2000) < share for share in (0.9, 0.5, 0.6, 0.5, 0.5)]  # the first part is easy for everyone
    all_parts = [run_of(part, repeat=r, fold=r, first=2000 * r) for r, part in enumerate(parts)]
    runs = {"a": all_parts, "b": list(all_parts), "c": all_parts[:1]}
    draws = joint_draws(runs, "accuracy", 2, 0.1, 0, rotating=True)
    assert draws.repeats == (5, 5, 1)
    assert draws.estimates[0] == pytest.approx(np.mean([part.mean() for part in parts]), abs=1e-3)
    assert draws.estimates[2] < 0.8  # alone it would look as good as the easy part is: 0.9


@pytest.mark.parametrize("runs", [{}, {"a": []}])
def test_arms_need_runs(runs):
    with pytest.raises(ValueError, match="at least one run"):
        joint_draws(runs, "accuracy", 2, 0.01, 0)


def test_draws_are_deterministic():
    runs = {"a": [random_run(np.random.default_rng(0), 0.8)]}
    one, two = (joint_draws(runs, "accuracy", 2, 0.01, 5).draws for _ in range(2))
    assert np.array_equal(one, two)


def test_the_choice_of_test_examples_is_no_spread_of_repeats():
    rng = np.random.default_rng(11)
    runs = [random_run(rng, 0.8, size=50, fold=f, first=50 * f) for f in range(5)]
    rotating = joint_draws({"a": runs}, "accuracy", 2, 0.0, 0, rotating=True, draws=20_000).column("a").std()
    share = np.mean([(run.predictions == run.labels).mean() for run in runs])
    assert rotating < 1.6 * np.sqrt(share * (1 - share) / 250)


def test_few_groups_make_wide_intervals():
    rng = np.random.default_rng(13)
    widths = []
    for groups in (5, 80):
        right = np.repeat(rng.random(groups) < 0.7, 400 // groups)
        run = run_of(right, groups=np.repeat(np.arange(groups), 400 // groups))
        draws = joint_draws({"a": [run]}, "accuracy", 2, 0.0, 0, draws=20_000)
        assert draws.groups == groups
        low, high = np.quantile(draws.column("a") - draws.estimates[0], [0.05, 0.95])
        widths.append((high - low) / np.sqrt(0.21 / groups))
    assert widths[0] > 1.2 * widths[1]


def test_a_side_is_as_good_as_its_best_arm_in_each_world():
    worlds = np.asarray([[0.9, 0.5, 0.7], [0.5, 0.9, 0.7], [0.5, 0.6, 0.7], [0.7, 0.2, 0.7]])
    draws = paired.JointDraws(("a", "b", "c"), worlds.mean(0), worlds, (1, 1, 1))
    assert draws.p_side(["a", "b"], ["c"]) == (2 + 0.5) / 4
    assert draws.p_within("a", "c", 0.05) == 1 / 4
    assert draws.only(["c", "a"]).arms == ("c", "a")
    assert draws.widened({"a": 0.1}, 0).column("b").tolist() == draws.column("b").tolist()


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
        draws = joint_draws(runs, "accuracy", 2, 0.015, 0, rotating=rotating, draws=300)
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


def test_what_can_only_help_lowers_no_draw_and_is_half_a_normal():
    worlds = np.full((20_000, 2), 0.5)
    draws = paired.JointDraws(("a", "b"), np.asarray([0.5, 0.5]), worlds, (1, 1))
    gained = draws.widened({}, 0, {"a": 0.05})
    moved = gained.column("a") - 0.5
    assert moved.min() >= 0
    assert moved.mean() == pytest.approx(0.05 * np.sqrt(2 / np.pi), rel=0.02)
    assert moved.var() == pytest.approx(0.05**2 * (1 - 2 / np.pi), rel=0.05)
    assert (gained.column("b") == 0.5).all()
    assert gained.p_side(["a"], ["b"]) == pytest.approx(1.0)
