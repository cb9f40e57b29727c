"""The chance that more measurement decides, against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.evidence.remedies import HALF_VARIANCE, Standing, chance_to_decide


def pair(gap, sd):
    """Two arms, one of each side, whose difference has this standard deviation."""
    return Standing(
        ("a", "b"), np.asarray([True, False]), np.asarray([0.8 + gap, 0.8]), np.eye(2) * sd**2 / 2, np.ones(2, bool)
    )


@pytest.mark.parametrize(
    ("gap", "now", "then", "margin"), [(0.02, 0.02, 0.01, 0.01), (0.0, 0.02, 0.004, 0.01), (0.05, 0.02, 0.01, 0.0)]
)
def test_it_is_the_share_of_worlds_that_are_decided(gap, now, then, margin):
    rng = np.random.default_rng(0)
    true = rng.normal(gap, now, 200_000)
    noise = 1 / (1 / then**2 - 1 / now**2)  # variance of what is measured on top
    seen = true + np.sqrt(noise) * rng.standard_normal(len(true))
    estimate = (gap / now**2 + seen / noise) * then**2
    better = np.abs(estimate) > 1.645 * then
    tied = np.abs(estimate) + 1.645 * then < margin
    found = [
        chance_to_decide(pair(gap, now), np.eye(2) * then**2 / 2, np.ones(2, bool), margin, 0.95, seed)
        for seed in range(8)
    ]
    assert np.mean(found) == pytest.approx((better | tied).mean(), abs=0.05)


def test_a_new_study_is_less_sure_to_decide_than_one_that_goes_on():
    rng = np.random.default_rng(0)
    then = 0.01
    estimate = rng.normal(0.03, np.hypot(0.015, then), 200_000)
    found = [
        chance_to_decide(pair(0.03, 0.015), np.eye(2) * then**2 / 2, np.ones(2, bool), 0.0, 0.95, seed, anew=True)
        for seed in range(8)
    ]
    assert np.mean(found) == pytest.approx((np.abs(estimate) > 1.645 * then).mean(), abs=0.05)


def test_what_the_other_side_may_have_must_be_measured():
    covariance = np.diag([1e-4, 1e-4, 4e-3])
    now = Standing(
        ("a", "b", "absent"),
        np.asarray([True, False, False]),
        np.asarray([0.80, 0.70, 0.70]),
        covariance,
        np.asarray([True, True, False]),
    )
    without = chance_to_decide(now, np.diag([1e-5, 1e-5, 4e-3]), now.seen, 0.0, 0.95)
    with_it = chance_to_decide(now, np.diag([1e-4, 1e-4, 1e-4]), np.ones(3, bool), 0.0, 0.95)
    assert without < 0.3
    assert with_it > 0.8


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.2, 0.2), st.floats(1e-3, 0.1), st.floats(0, 1), st.floats(0, 0.05))
def test_it_is_a_probability(gap, now, share, margin):
    chance = chance_to_decide(pair(gap, now), np.eye(2) * share * now**2 / 2, np.ones(2, bool), margin, 0.95)
    assert 0 <= chance <= 1


def test_what_can_only_help_the_side_that_is_behind_has_a_longer_tail_than_a_normal_distribution():
    """Of half a normal distribution 2.5 % are beyond 2.4 standard deviations above its mean, not beyond 1.96."""
    scale = 0.05
    left = HALF_VARIANCE * scale**2
    covariance = np.diag([1e-8, left + 1e-8])
    gap = 2.2 * np.sqrt(left)
    now = Standing(("a", "b"), np.asarray([True, False]), np.asarray([0.7 + gap, 0.7]), covariance, np.ones(2, bool))
    normal = chance_to_decide(now, covariance, now.seen, 0.0, 0.975)
    skewed = chance_to_decide(now, covariance, now.seen, 0.0, 0.975, gains=np.asarray([0.0, scale]))
    assert normal > 0.6
    assert skewed < 0.3
