"""The chance that more measurement decides, against simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.remedies import GapVariance, chance_to_decide


@pytest.mark.parametrize(("gap", "now", "then", "margin"), [(0.02, 0.02, 0.01, 0.01), (0.0, 0.02, 0.004, 0.01)])
def test_it_is_the_share_of_worlds_that_are_decided(gap, now, then, margin):
    rng = np.random.default_rng(0)
    true = rng.normal(gap, now, 200_000)
    noise = 1 / (1 / then**2 - 1 / now**2)  # variance of what is measured on top
    seen = true + np.sqrt(noise) * rng.standard_normal(len(true))
    estimate = (gap / now**2 + seen / noise) * then**2
    better = np.abs(estimate) > 1.645 * then
    tied = np.abs(estimate) + 1.645 * then < margin
    assert chance_to_decide(gap, now**2, then**2, margin) == pytest.approx((better | tied).mean(), abs=0.01)


@given(st.floats(-0.2, 0.2), st.floats(1e-6, 0.01), st.floats(0, 1), st.floats(0, 0.05))
def test_it_is_a_probability(gap, now, share, margin):
    assert 0 <= chance_to_decide(gap, now, share * now, margin) <= 1


def test_the_parts_add_up():
    assert GapVariance(1.0, 2.0, 3.0).total == 6.0
