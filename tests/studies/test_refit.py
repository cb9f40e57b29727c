"""The winner, trained once more on every label."""

import numpy as np

from headstart.core import Arm
from headstart.models import load
from headstart.studies import StrategyLineUp
from headstart.studies.refit import every_label, refit, refit_spec
from headstart.training import Worker, train_trial

TFIDF = "builtin:tfidf"
ARM = Arm(candidate=TFIDF, strategy="from_scratch", paradigm="scratch")


def recipe_of(bench, n):
    return StrategyLineUp((ARM,), bench.candidates, 2, True).recipes(ARM, n)[0]


def test_every_example_is_learnt_from_where_test_parts_rotate(text_bench, words):
    whole = every_label(text_bench)
    assert len(text_bench.splits) > 1
    assert np.array_equal(whole.splits[0].pool, np.arange(len(words.labels)))
    assert refit_spec(whole, ARM, recipe_of(whole, 120)).n == len(words.labels)


def test_the_model_replaces_the_one_that_was_there(text_bench, words, tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    (target / "old.txt").write_text("old")
    learnt = refit(text_bench, ARM, recipe_of(text_bench, 120), target, deadline=60.0)
    assert learnt == len(words.labels)
    assert not (target / "old.txt").exists()
    assert load(target).predict(["an awful film", "a great film"]) == ["bad", "good"]


def test_without_time_the_old_model_stays(text_bench, tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    (target / "old.txt").write_text("old")
    compact = Arm(candidate="builtin:compact-text", strategy="from_scratch", paradigm="scratch")
    recipe = StrategyLineUp((compact,), text_bench.candidates, 2, True).recipes(compact, 120)[0]
    assert refit(text_bench, compact, recipe, target, deadline=0.0) is None
    assert (target / "old.txt").exists()


def test_it_takes_as_many_steps_as_the_run_whose_figure_it_has(text_bench):
    compact = Arm(candidate="builtin:compact-text", strategy="from_scratch", paradigm="scratch")
    whole = every_label(text_bench)
    recipe = StrategyLineUp((compact,), text_bench.candidates, 2, True).recipes(compact, 120)[0]
    trained = train_trial(refit_spec(whole, compact, recipe, 20), Worker(whole))
    assert trained.outcome.measurement.steps == 20
