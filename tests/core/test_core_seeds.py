import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headstart.core import derive_seed


def test_seeds_are_known_on_every_machine():
    assert derive_seed(0, "subset", 1) == 730162949


@given(st.lists(st.integers() | st.text(), max_size=4))
def test_seeds_fit_every_library(parts):
    assert 0 <= derive_seed(*parts) < 2**31


def test_the_border_between_parts_matters():
    assert derive_seed("ab", "c") != derive_seed("a", "bc") != derive_seed("abc")
    assert derive_seed(1, 12) != derive_seed(11, 2)


def test_streams_of_different_names_are_independent():
    draws = np.stack(
        [
            np.random.default_rng(derive_seed(0, name, repeat)).standard_normal(2000)
            for name in ("subset", "order", "head")
            for repeat in range(4)
        ]
    )
    correlations = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(correlations).max() < 0.1
    assert len({derive_seed(0, "subset", repeat) for repeat in range(5000)}) == 5000
