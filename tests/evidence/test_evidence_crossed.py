"""Generalised least squares over runs that share repeats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.crossed import arm_weights, balanced, normal_draws, repeat_covariance

cells = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=20)


def layout(pairs):
    """Arms as places from 0 on, and the keys of their runs."""
    ordered = sorted(pairs)
    arms = np.unique([arm for arm, _ in ordered], return_inverse=True)[1]
    return arms, [(repeat, 0) for _, repeat in ordered]


@given(cells, st.floats(0, 0.9), st.floats(0.001, 0.1))
def test_weights_are_unbiased(pairs, correlation, sd):
    arms, keys = layout(pairs)
    count = len(np.unique(arms))
    covariance = repeat_covariance(arms, keys, np.full(count, sd), correlation)
    weights = arm_weights(arms, keys, covariance)
    design = (arms[:, None] == np.arange(count)[None]).astype(float)
    assert weights @ design == pytest.approx(np.eye(count), abs=1e-6)


@given(st.integers(1, 4), st.integers(1, 5))
def test_balanced_runs_give_plain_means(arms, repeats):
    places, keys = layout({(arm, repeat) for arm in range(arms) for repeat in range(repeats)})
    assert balanced(places, keys)
    values = np.random.default_rng(0).random(len(places))
    weights = arm_weights(places, keys, np.eye(len(places)))
    assert weights @ values == pytest.approx(values.reshape(arms, repeats).mean(1))


def test_a_missing_repeat_is_filled_in_from_the_other_arm():
    places, keys = layout({(0, 0), (0, 1), (1, 0)})
    covariance = repeat_covariance(places, keys, np.asarray([0.05, 0.05]), 0.99)
    values = np.asarray([0.9, 0.7, 0.85])  # the first arm's second repeat was 0.2 worse
    assert arm_weights(places, keys, covariance) @ values == pytest.approx([0.8, 0.75], abs=0.005)


@given(cells, st.floats(0, 0.9))
def test_it_is_never_less_precise_than_plain_means(pairs, correlation):
    arms, keys = layout(pairs)
    sd = np.full(len(np.unique(arms)), 0.02)
    covariance = repeat_covariance(arms, keys, sd, correlation)
    weights = arm_weights(arms, keys, covariance)
    design = (arms[:, None] == np.arange(len(sd))[None]).astype(float)
    plain = design.T / design.sum(0)[:, None]
    ours, theirs = (np.diag(w @ covariance @ w.T) for w in (weights, plain))
    assert (ours <= theirs * (1 + 1e-3)).all()


def test_draws_have_the_covariance_even_if_it_is_singular():
    wanted = np.asarray([[1.0, 1.0], [1.0, 1.0]])
    draws = normal_draws(wanted, 50_000, np.random.default_rng(0))
    assert np.cov(draws.T) == pytest.approx(wanted, rel=0.05)
