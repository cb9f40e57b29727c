import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.cost_curves import cost_curve, saved
from headstart.evidence.head_start import Labels


def test_costs_are_straight_between_sizes_and_go_on_beyond_them():
    curve = cost_curve(np.asarray([100, 100, 300]), np.asarray([20.0, 40.0, 70.0]))
    assert curve.at(np.asarray([100, 200, 300, 500])) == pytest.approx([30, 50, 70, 110])
    assert curve.at(np.asarray([50.0])) == pytest.approx([20])
    assert curve.at(np.asarray([np.inf])) == [np.inf]


def test_one_size_is_proportional_and_no_cost_is_negative():
    assert cost_curve(np.asarray([100]), np.asarray([5.0])).at(np.asarray([200.0, 50])) == pytest.approx([10, 2.5])
    steep = cost_curve(np.asarray([100, 200]), np.asarray([1.0, 50.0]))
    assert steep.at(np.asarray([10.0])) == [0]
    falling = cost_curve(np.asarray([100, 200]), np.asarray([50.0, 40.0]))  # noise: no run gets cheaper by labels
    assert falling.at(np.asarray([800.0])) == pytest.approx([40])


def test_what_a_head_start_saves():
    scratch = cost_curve(np.asarray([100, 1000]), np.asarray([10.0, 100.0]))
    transfer = cost_curve(np.asarray([100, 1000]), np.asarray([30.0, 300.0]))
    labels = Labels(np.full(100, 500.0), 100, 4000)
    assert saved(labels, 100, scratch, transfer) == pytest.approx((20, 20, 20))
    assert saved(labels, 1000, scratch, transfer)[0] == pytest.approx(-250)
    open_end = Labels(np.asarray([500.0] * 40 + [np.inf] * 60), 100, 4000)
    middle, low, high = saved(open_end, 100, scratch, transfer)
    assert (middle, high) == (np.inf, np.inf)
    assert low == pytest.approx(20)


@pytest.mark.parametrize(
    ("n", "cost", "message"),
    [
        ([], [], "at least one"),
        ([1], [1, 2], "equal"),
        ([0], [1], "positive"),
        ([1], [-1], "negative"),
        ([1], [np.nan], "missing"),
    ],
)
def test_unusable_costs_are_named(n, cost, message):
    with pytest.raises(ValueError, match=message):
        cost_curve(np.asarray(n), np.asarray(cost))


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0, 1e6)), min_size=1, max_size=8), st.floats(0.1, 1e7))
def test_costs_never_fall_below_nothing(rows, n):
    labels, costs = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    value = cost_curve(labels, costs).at(np.asarray([n]))[0]
    assert np.isfinite(value)
    assert value >= 0
