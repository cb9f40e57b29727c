import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.evidence.ranking import rank


def test_agreement_and_disagreement():
    same = rank({"one": {"a": 3, "b": 2, "c": 1}, "two": {"a": 30, "b": 20, "c": 10}})
    assert same.models == ("a", "b", "c")
    assert same.mean_rank == (1, 2, 3)
    assert same.spread == (0, 0, 0)
    assert same.agreement == pytest.approx(1)
    assert same.sentence.startswith("the scores agree: over 2 scores, Kendall's tau is 1.00")
    opposed = rank({"one": {"a": 1, "b": 2}, "two": {"a": 2, "b": 1}})
    assert opposed.agreement == pytest.approx(-1)
    assert "contradict" in opposed.sentence
    assert np.isnan(rank({"one": {"a": 1, "b": 2}}).agreement)
    assert "no other confirms" in rank({"one": {"a": 1, "b": 2}}).sentence


def test_what_any_score_puts_first_stays_on_the_shortlist():
    scores = {"one": {"a": 4, "b": 3, "c": 2, "d": 1}, "two": {"a": 3, "b": 2, "c": 1, "d": 4}}
    found = rank(scores, keep=2)
    assert found.models == ("a", "b", "d", "c")
    assert found.shortlist == ("a", "b", "d")
    assert found.spread == (1, 1, 3, 1)


def test_a_score_that_is_the_same_for_all_orders_nothing():
    found = rank({"flat": {"a": 1, "b": 1}, "one": {"a": 1, "b": 2}})
    assert found.models == ("b", "a")
    assert np.isnan(found.agreement)
    assert "distinguish no models" in found.sentence


@pytest.mark.parametrize("bad", [{}, {"one": {}}, {"one": {"a": 1}, "two": {"b": 1}}, {"one": {"a": np.nan, "b": 1}}])
def test_every_score_needs_every_model(bad):
    with pytest.raises(ValueError, match="same models|missing"):
        rank(bad)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 10**6), st.integers(0, 8))
def test_any_scores_give_an_order(count, models, seed, keep):
    rng = np.random.default_rng(seed)
    table = {f"s{i}": {f"m{j}": float(rng.integers(0, 3)) for j in range(models)} for i in range(count)}
    found = rank(table, keep)
    assert sorted(found.models) == sorted(table["s0"])
    assert list(found.mean_rank) == sorted(found.mean_rank)
    assert set(found.shortlist) <= set(found.models)
    assert found.sentence
