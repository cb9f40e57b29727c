"""The winner, trained once more on every label."""

from types import SimpleNamespace

import numpy as np
import pytest

from headstart.core import Arm, Recipe
from headstart.models import load
from headstart.studies import StrategyLineUp
from headstart.studies.refit import Learnt, Refit, affordable, every_label, refit

TFIDF = "builtin:tfidf"
ARM = Arm(candidate=TFIDF, strategy="from_scratch", paradigm="scratch")


def recipe_of(bench, arm):
    return StrategyLineUp((arm,), bench.candidates, 2, True).recipes(arm, 120)[0]


COMPACT = Arm(candidate="builtin:compact-text", strategy="from_scratch", paradigm="scratch")


def test_every_example_is_learnt_from_where_test_parts_rotate(text_bench, words):
    whole = every_label(text_bench)
    assert len(text_bench.splits) > 1
    assert np.array_equal(whole.splits[0].pool, np.arange(len(words.labels)))
    assert Refit(ARM, recipe_of(whole, ARM)).spec(whole).n == len(words.labels)


@pytest.fixture
def target(tmp_path):
    """The folder of the model at hand."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    return folder


def test_the_model_replaces_the_one_that_was_there(text_bench, words, target):
    learnt = refit(text_bench, Refit(ARM, recipe_of(text_bench, ARM)), target, deadline=60.0)
    assert learnt == Learnt(len(words.labels), 1.0)
    assert not (target / "old.txt").exists()
    assert load(target).predict(["an awful film", "a great film"]) == ["bad", "good"]


def test_without_time_the_old_model_stays(text_bench, target):
    assert refit(text_bench, Refit(COMPACT, recipe_of(text_bench, COMPACT)), target, deadline=0.0) is None
    assert (target / "old.txt").exists()


def test_it_takes_as_many_steps_as_it_was_given_and_says_so(text_bench, target):
    recipe = recipe_of(text_bench, COMPACT)
    learnt = refit(text_bench, Refit(COMPACT, recipe, steps=20), target, deadline=60.0)
    assert learnt.share == pytest.approx(20 / recipe.steps)
    assert load(target).card.steps_share == pytest.approx(20 / recipe.steps)


def test_a_run_of_too_few_steps_leaves_the_old_model(text_bench, target):
    run = Refit(COMPACT, recipe_of(text_bench, COMPACT), steps=20, least=21)
    assert refit(text_bench, run, target, deadline=60.0) is None
    assert (target / "old.txt").exists()


PRICE = 1.25 * 10.0  # seconds, of every label
STEPS = 100


@pytest.mark.parametrize(
    ("learnt", "shortened", "seconds", "steps"),
    [
        (800, 0.0, PRICE, 0),  # all of its steps
        (800, 0.0, 0.9 * PRICE, 90),  # 900 of 1,000 labels' worth
        (800, 0.0, 0.85 * PRICE, None),  # not surely more than 800 labels
        (400, 0.0, 0.5 * PRICE, 50),
        (400, 0.0, 0.4 * PRICE, None),
        (800, 0.5, PRICE, 50),  # never more steps than the run whose figure it has
        (800, 0.5, 0.45 * PRICE, 45),
        (800, 0.5, 0.4 * PRICE, None),
    ],
)
def test_fewer_steps_are_worth_it_as_long_as_they_are_worth_more_than_the_labels_they_cost(
    spec_of, learnt, shortened, seconds, steps
):
    recipe = Recipe(steps=STEPS)
    state = SimpleNamespace(
        pool_size=800,
        spec=lambda arm, recipe, n: spec_of(n, recipe=recipe),
        prices=SimpleNamespace(seconds=lambda arm, recipe, n: 10.0),
        shortened=lambda spec, share: spec.model_copy(update={"stopped_at": round(share * STEPS)}),
    )
    known = SimpleNamespace(spec=spec_of(learnt, recipe=recipe), shortened=shortened)
    found = affordable(state, recipe, known, 1000, seconds)
    assert (None if found is None else found.steps) == steps
    if found is not None:
        assert found.least <= (steps or STEPS)


def test_a_closed_form_is_fitted_whole_or_not_at_all(spec_of):
    state = SimpleNamespace(
        pool_size=800,
        spec=lambda arm, recipe, n: spec_of(n, recipe=recipe),
        prices=SimpleNamespace(seconds=lambda arm, recipe, n: 10.0),
        shortened=lambda spec, share: None,
    )
    known = SimpleNamespace(spec=spec_of(400), shortened=0.0)
    assert affordable(state, Recipe(), known, 1000, PRICE) is not None
    assert affordable(state, Recipe(), known, 1000, 0.9 * PRICE) is None
