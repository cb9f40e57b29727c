import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from headstart.evidence import Run, metric_of
from headstart.evidence.significance import always_valid_interval, group_differences, holm, tie_test

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def test_holm_on_a_worked_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(SHARES)
def test_holm_lies_between_the_raw_values_and_bonferroni(values):
    adjusted = holm(values)
    assert (adjusted >= np.asarray(values)).all()
    assert (adjusted <= np.minimum(len(values) * np.asarray(values), 1) + 1e-12).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_holm_refuses_missing_values():
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.1, np.nan])


@given(st.floats(-0.05, 0.05), st.floats(1e-4, 0.05), st.floats(1, 50), st.floats(1e-3, 0.05))
def test_a_tie_is_an_interval_inside_the_margin(difference, error, freedom, margin):
    half = stats.t.ppf(0.95, freedom) * error
    inside = -margin < difference - half and difference + half < margin
    p = tie_test(difference, error, freedom, margin)
    assert (p < 0.05) == inside or p == pytest.approx(0.05, abs=1e-6)


def test_ties_without_error_and_without_margin():
    assert tie_test(0.005, 0.0, 4, 0.01) == 0
    assert tie_test(0.02, 0.0, 4, 0.01) == 1
    with pytest.raises(ValueError, match="positive margin"):
        tie_test(0.0, 0.1, 4, 0.0)


def test_looking_at_every_value_keeps_the_promise():
    rng = np.random.default_rng(0)
    fixed, always = 0, 0
    for _ in range(200):
        values = rng.choice([-1.0, 0.0, 1.0], 600, p=[0.1, 0.8, 0.1])
        looks = range(40, 601, 20)
        z = 1.96 * values.std() / np.sqrt(600)
        fixed += any(abs(values[:n].mean()) > 1.96 * values[:n].std() / np.sqrt(n) for n in looks)
        always += any(
            not low <= 0 <= high for low, high in (always_valid_interval(values[:n], planned=300) for n in looks)
        )
        low, high = always_valid_interval(values)
        assert (high - low) / 2 > z
    assert fixed > 30  # repeated looks at a fixed interval break its 5 % of 200
    assert always <= 10 + 2 * np.sqrt(9.5)


def test_an_interval_needs_two_values():
    with pytest.raises(ValueError, match="two or more"):
        always_valid_interval(np.asarray([0.3]))


def runs_of(seed, groups, repeats=2, size=60):
    rng = np.random.default_rng(seed)
    index = np.arange(size)
    labels = np.minimum(index % 5, 2)
    return [Run(r, 0, index, groups, labels, rng.integers(0, 3, size)) for r in range(repeats)]


@pytest.mark.parametrize(("classes", "metric"), [(None, "accuracy"), (3, "balanced-accuracy")])
@pytest.mark.parametrize("size", [1, 7])
def test_differences_by_group_have_the_mean_of_the_metric(classes, metric, size):
    groups = np.arange(60) // size
    ours, theirs = runs_of(0, groups), runs_of(1, groups)
    values = group_differences(ours, theirs, classes)
    expected = np.mean([metric_of(a, metric, 3) - metric_of(b, metric, 3) for a, b in zip(ours, theirs, strict=True)])
    assert len(values) == len(np.unique(groups))
    assert values.mean() == pytest.approx(expected)


def test_differences_need_pairs():
    ours, theirs = runs_of(0, np.arange(60)), runs_of(1, np.arange(60))
    with pytest.raises(ValueError, match="both arms"):
        group_differences(ours[:1], theirs[1:])
    with pytest.raises(ValueError, match="same test examples"):
        group_differences(ours, [run.take(np.arange(50)) for run in theirs])
