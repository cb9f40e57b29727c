import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence import crossing, labels_to_match

SIZES = np.asarray([100.0, 1000.0, 10_000.0])


def curves(*rows):
    return np.asarray(rows, dtype=float)


@pytest.mark.parametrize(
    ("scratch", "transfer", "expected"),
    [
        ([0.5, 0.7, 0.9], [0.6, 0.7, 0.8], 1000),  # meets at a measured size
        ([0.5, 0.6, 0.9], [0.7, 0.7, 0.8], 10**3.5),  # half way between two, in log n
        ([0.9, 0.9, 0.9], [0.8, 0.8, 0.8], 100),  # leads throughout
        ([0.5, 0.6, 0.7], [0.8, 0.8, 0.8], np.inf),  # never
        ([0.9, 0.6, 0.9], [0.8, 0.7, 0.8], 10**3.5),  # the last crossing counts
        ([0.9, 0.9, 0.7], [0.8, 0.8, 0.8], np.inf),  # falls behind in the end
        ([0.8, 0.8, 0.8], [0.8, 0.8, 0.8], 100),  # equal is as good
    ],
)
def test_crossing_of_known_curves(scratch, transfer, expected):
    found = crossing(SIZES, curves(scratch), curves(transfer))
    assert found.draws[0] == pytest.approx(expected)
    assert found.p_crossed == float(np.isfinite(expected))


def test_quantiles_keep_infinity():
    scratch = curves([0.9, 0.9, 0.9], [0.5, 0.7, 0.9], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1])
    found = crossing(SIZES, scratch, np.full((4, 3), 0.7))
    assert found.p_crossed == 0.5
    assert found.quantile(0.0) == 100
    assert found.quantile(0.3) == pytest.approx(1000)
    assert found.quantile(0.9) == np.inf


def test_one_size_is_enough_to_lead():
    found = crossing(SIZES[:1], curves([0.9], [0.5]), curves([0.8], [0.8]))
    assert found.draws.tolist() == [100, np.inf]


@pytest.mark.parametrize(
    ("target", "expected"),
    [(0.4, 100), (0.5, 100), (0.6, 10**2.5), (0.7, 1000), (0.8, 10**3.5), (0.9, 10_000), (0.91, np.inf)],
)
def test_labels_to_match_on_a_known_curve(target, expected):
    assert labels_to_match(SIZES, curves([0.5, 0.7, 0.9]), np.asarray([target]))[0] == pytest.approx(expected)


def test_a_dip_is_not_a_loss_of_labels():
    found = labels_to_match(SIZES, curves([0.7, 0.5, 0.9]), np.asarray([0.65]))
    assert found[0] == 100
    assert labels_to_match(SIZES, curves([0.7, 0.5, 0.9]), np.asarray([0.8]))[0] == pytest.approx(10**3.5)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_target_never_needs_fewer_labels(values, one, two):
    low, high = sorted((one, two))
    scratch = curves(values, values)
    few, many = labels_to_match(SIZES, scratch, np.asarray([low, high]))
    assert few <= many
    assert few >= SIZES[0]
