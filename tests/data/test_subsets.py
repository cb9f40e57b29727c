import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart.core import SettingsError
from headstart.data import load, make_splits, nested_subset

QUIET = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@st.composite
def datasets(draw, grouped: bool):
    classes = draw(st.integers(2, 5))
    sizes = draw(st.lists(st.integers(3, 60), min_size=classes, max_size=classes))
    labels = np.repeat(np.arange(classes), sizes)
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    rng.shuffle(labels)
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(len(labels))], "label": [f"c{c}" for c in labels]})
    if grouped:
        frame["group"] = rng.integers(0, max(4, len(labels) // 3), len(labels))
    data = load(frame, label_column="label", group_column="group" if grouped else None)
    return data, make_splits(data, seed=draw(st.integers(0, 5)))[0]


@QUIET
@given(datasets(grouped=False), st.integers(0, 3), st.integers(0, 9))
def test_ungrouped(drawn, repeat, seed):
    data, split = drawn
    pool_counts = np.bincount(data.labels[split.pool], minlength=len(data.class_names))
    minimum = np.minimum(2, pool_counts)
    previous = np.empty(0, dtype=np.int64)
    for n in (1, 2 * len(pool_counts), 20, 40, 80, 10_000):
        subset = nested_subset(data, split, n, repeat, seed)
        assert len(set(subset)) == len(subset) == max(minimum.sum(), min(n, len(split.pool)))
        assert np.array_equal(subset[: len(previous)], previous)
        assert set(subset) <= set(split.pool)
        counts = np.bincount(data.labels[subset], minlength=len(pool_counts))
        assert (counts >= minimum).all()
        quota = len(subset) * pool_counts / len(split.pool)
        assert (counts <= np.maximum(minimum, np.ceil(quota) + 1)).all()
        assert (counts >= np.floor(quota) - minimum.sum()).all()
        previous = subset
    assert np.array_equal(nested_subset(data, split, 40, repeat, seed), nested_subset(data, split, 40, repeat, seed))


@QUIET
@given(datasets(grouped=True), st.integers(0, 3), st.integers(0, 9))
def test_grouped(drawn, repeat, seed):
    data, split = drawn
    pool_counts = np.bincount(data.labels[split.pool], minlength=len(data.class_names))
    largest = np.bincount(data.groups[split.pool]).max()
    front = len(nested_subset(data, split, 1, repeat, seed))
    previous = np.empty(0, dtype=np.int64)
    for n in (1, 10, 30, 60, 10_000):
        subset = nested_subset(data, split, n, repeat, seed)
        assert np.array_equal(subset[: len(previous)], previous)
        outside = np.setdiff1d(split.pool, subset)
        assert not set(data.groups[subset]) & set(data.groups[outside])
        counts = np.bincount(data.labels[subset], minlength=len(pool_counts))
        assert (counts >= np.minimum(2, pool_counts)).all()
        assert len(subset) <= max(front, n + largest / 2)
        assert len(subset) >= min(n, len(split.pool)) - largest / 2
        previous = subset


def test_natural_proportions(make_texts):
    data = make_texts([0] * 700 + [1] * 200 + [2] * 100)
    split = make_splits(data)[0]
    for n in (50, 100, 400):
        counts = np.bincount(data.labels[nested_subset(data, split, n, 0, 0)])
        np.testing.assert_allclose(counts / n, [0.7, 0.2, 0.1], atol=0.03)


def test_repeats_and_folds_differ(make_texts):
    data = make_texts([0, 1] * 100)
    folds = make_splits(data)
    base = nested_subset(data, folds[0], 30, 0, 0)
    assert not np.array_equal(base, nested_subset(data, folds[0], 30, 1, 0))
    assert not np.array_equal(base, nested_subset(data, folds[0], 30, 0, 1))
    assert not np.array_equal(base, nested_subset(data, folds[1], 30, 0, 0))
    assert np.array_equal(base, nested_subset(data, make_splits(data)[0], 30, 0, 0))


def test_whole_pool(make_texts):
    data = make_texts([0, 1] * 20)
    split = make_splits(data)[0]
    for n in (len(split.pool), 10**6):
        assert sorted(nested_subset(data, split, n, 0, 0)) == split.pool.tolist()


def test_size_must_be_positive(make_texts):
    data = make_texts([0, 1] * 20)
    with pytest.raises(SettingsError, match="subset of 0"):
        nested_subset(data, make_splits(data)[0], 0, 0, 0)
