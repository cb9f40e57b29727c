"""The prior of the spread between repeats, and what an arm's own repeats make of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.spread import Cell, KindOfSpread, SpreadPrior, arm_spread, fitted_spread

FLAT = KindOfSpread(level=0.04, slope=0.5, floor=0.002, freedom=3.0)
PRIOR = SpreadPrior({"gradient": FLAT, "closed": FLAT}, 0.2, 0.03)


@given(st.floats(1, 1e5), st.floats(1, 1e5), st.floats(0, 1))
def test_more_labels_never_scatter_more(one, other, error):
    few, many = sorted((one, other))
    for kind in fitted_spread().kinds.values():
        assert kind.sd(many, error) <= kind.sd(few, error) + 1e-12


@given(st.floats(1, 1e4), st.floats(0, 1))
def test_errors_and_their_complements_scatter_alike_and_less_near_the_ceiling(per_class, error):
    assert FLAT.sd(per_class, error) == pytest.approx(FLAT.sd(per_class, 1 - error))
    assert FLAT.sd(per_class, error) <= FLAT.sd(per_class, 0.5)


def test_the_shipped_table_has_both_kinds_and_plausible_figures():
    known = fitted_spread()
    gradient, closed = known.of("gradient"), known.of("closed")
    assert 0.02 < gradient.sd(8, 0.3) < 0.08
    assert gradient.sd(1000, 0.3) < 0.01
    assert closed.sd(64, 0.3) < gradient.sd(64, 0.3)
    assert 0 <= known.correlation < 1
    assert 0.01 < known.untuned < 0.06


def test_one_run_has_the_prior_of_its_kind():
    cell = Cell(8, np.asarray([0.5]))
    found = arm_spread([cell], cell, "gradient", PRIOR)
    assert found.sd == pytest.approx(0.04)
    assert found.freedom == 3.0


@given(st.floats(0.01, 0.1))
def test_own_repeats_take_over(scale):
    rng = np.random.default_rng(0)
    cell = Cell(8, np.clip(0.5 + scale * rng.standard_normal(2000), 0, 1))
    found = arm_spread([cell], cell, "gradient", PRIOR)
    assert found.sd == pytest.approx(cell.values.std(), rel=0.1)


def test_repeats_at_another_size_inform_the_scale():
    calm = Cell(8, 0.5 + 0.001 * np.asarray([-1.0, 0.0, 1.0]))
    single = Cell(32, np.asarray([0.5]))
    alone = arm_spread([single], single, "gradient", PRIOR).sd
    assert arm_spread([calm, single], single, "gradient", PRIOR).sd < alone


def test_what_the_choice_of_examples_explains_is_no_spread():
    values = 0.5 + 0.05 * np.asarray([-1.0, 0.0, 1.0])
    own = arm_spread([Cell(8, values)], Cell(8, values), "gradient", PRIOR)
    sampled = arm_spread([Cell(8, values, 0.0025)], Cell(8, values), "gradient", PRIOR)
    assert sampled.sd < own.sd
