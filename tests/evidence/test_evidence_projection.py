"""Errors at sizes that were not measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.exponents import fitted_exponents
from headstart.evidence.projection import mean_exponent, project

CLOSED = fitted_exponents("closed")


def exactly(*errors):
    """The same errors in every draw."""
    return np.tile(np.asarray(errors, dtype=float), (4000, 1))


def test_between_sizes_it_is_straight_in_both_logarithms():
    found = project(np.asarray([100.0, 400.0]), exactly(0.4, 0.1), 200, CLOSED, np.random.default_rng(0))
    assert found == pytest.approx(0.2)


@given(st.floats(0.01, 0.9), st.floats(1.5, 16))
def test_more_labels_are_expected_to_help_and_never_to_be_sure(error, factor):
    found = project(np.asarray([100.0]), exactly(error), 100 * factor, CLOSED, np.random.default_rng(0))
    assert found.mean() < error
    assert found.std() > 0
    assert ((found >= 0) & (found <= 1)).all()


def test_a_steep_curve_goes_on_less_steeply_than_it_was():
    steep = project(np.asarray([100.0, 400.0]), exactly(0.4, 0.1), 1600, CLOSED, np.random.default_rng(0))
    flat = project(np.asarray([100.0, 400.0]), exactly(0.11, 0.1), 1600, CLOSED, np.random.default_rng(0))
    assert 0.1 * 0.25 < np.median(steep) < np.median(flat) < 0.1


def test_the_measured_size_itself_is_as_measured():
    found = project(np.asarray([100.0]), exactly(0.3), 100, CLOSED, np.random.default_rng(0))
    assert found == pytest.approx(0.3)


def test_a_network_trained_by_gradient_descent_may_go_on_far_more_steeply():
    """Networks that have just left chance fall faster than any closed form did."""
    sizes, errors = np.asarray([100.0, 400.0]), exactly(0.55, 0.5)
    closed, gradient = (
        project(sizes, errors, 1600, fitted_exponents(kind), np.random.default_rng(0))
        for kind in ("closed", "gradient")
    )
    assert np.quantile(gradient, 0.05) < 0.4
    assert np.median(gradient) < np.median(closed)


def test_a_lucky_last_run_is_corrected_together_with_its_exponent():
    """Noise that makes a curve look too steep makes its last error look too small."""
    rng = np.random.default_rng(0)
    errors = np.exp(np.log([0.30, 0.12]) + 0.15 * rng.standard_normal((4000, 2)))
    found = project(np.asarray([100.0, 400.0]), errors, 400.001, CLOSED, np.random.default_rng(0))
    assert np.median(found) > np.median(errors[:, 1])
    assert np.log(found).std() < np.log(errors[:, 1]).std()


@given(st.floats(-0.1, 1.0), st.floats(100, 400))
def test_the_exponent_of_power_laws_is_read_from_any_part_of_them(exponent, first):
    sizes = np.asarray([100.0, 200.0, 400.0, 800.0, 1600.0])
    curves = [(sizes, level * (sizes / 100) ** -exponent) for level in (0.3, 0.6)]
    assert mean_exponent(curves, first, 1600) == pytest.approx(exponent, abs=1e-6)


def test_an_exponent_is_read_from_the_labels_in_question():
    sizes = np.asarray([100.0, 200.0, 400.0, 800.0, 1600.0])
    bent = [(sizes, np.asarray([0.4, 0.2, 0.1, 0.1, 0.1]))]
    assert mean_exponent(bent, 100, 400) == pytest.approx(1.0)
    assert mean_exponent(bent, 400, 1600) == pytest.approx(0.0)
    assert mean_exponent(bent, 6400, 25600) == pytest.approx(0.0)  # beyond what is measured, the last that is known
    assert mean_exponent(bent, 800, 1600) == pytest.approx(0.0)  # over a factor of four at least


@pytest.mark.parametrize("curves", [[], [(np.asarray([100.0]), np.asarray([0.3]))]])
def test_no_exponent_is_read_from_single_sizes(curves):
    assert mean_exponent(curves, 100, 400) is None


def test_networks_gain_less_where_closed_forms_gain_nothing():
    gradient = fitted_exponents("gradient")
    flat, steep = (
        project(np.asarray([100.0]), exactly(0.3), 400, gradient.given(slope), np.random.default_rng(0))
        for slope in (0.0, 0.3)
    )
    assert np.median(steep) < np.median(flat) < 0.3
    assert gradient.given(None) == gradient
    assert CLOSED.given(0.3) == CLOSED  # closed forms are measured at every size themselves


@given(st.floats(0.02, 0.98), st.sampled_from(["gradient", "closed"]), st.sampled_from([None, 0.0, 0.2]))
def test_quantiles_are_those_of_the_draws(level, kind, slope):
    known = fitted_exponents(kind).given(slope)
    drawn = known.draw(20_000, np.random.default_rng(0))
    assert (drawn < known.quantile(level)).mean() == pytest.approx(level, abs=0.02)
