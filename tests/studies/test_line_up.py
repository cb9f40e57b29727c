"""Recipes of strategies that come from other packages."""

from types import SimpleNamespace

import pytest

from headstart.core import Arm, Recipe, SettingsError
from headstart.models import resolve
from headstart.studies import StrategyLineUp
from headstart.studies.settings import class_prior

ARM = Arm(candidate="c", strategy="foreign", paradigm="transfer")
CANDIDATES = {"c": SimpleNamespace(modality="text", family="tfidf")}


def fails(_):
    raise KeyError("rank")


@pytest.mark.parametrize(
    ("recipes", "words"),
    [(fails, "strategy 'foreign' cannot list its recipes: KeyError"), (lambda _: (), "lists no recipes")],
)
def test_a_strategy_without_recipes_is_one_line_that_names_it(monkeypatch, recipes, words):
    monkeypatch.setattr("headstart.studies.line_up.get_strategy", lambda _: SimpleNamespace(recipes=recipes))
    with pytest.raises(SettingsError, match=words) as error:
        StrategyLineUp((ARM,), CANDIDATES, 2, True).recipes(ARM, 100)
    assert "package that brings it" in error.value.hint


def test_every_arm_gets_the_prior_that_the_metric_asks_for(monkeypatch):
    lists = SimpleNamespace(recipes=lambda _: (Recipe(), Recipe(learning_rate=0.1)))
    monkeypatch.setattr("headstart.studies.line_up.get_strategy", lambda _: lists)
    by_metric = {
        metric: [
            recipe.prior
            for recipe in StrategyLineUp((ARM,), CANDIDATES, 2, True, class_prior(metric)).recipes(ARM, 100)
        ]
        for metric in ("accuracy", "macro-f1", "balanced-accuracy")
    }
    assert by_metric == {"accuracy": [1, 1], "macro-f1": [0.5, 0.5], "balanced-accuracy": [0.5, 0.5]}


@pytest.mark.parametrize(
    ("strategy", "early"),
    [
        ("full_finetune", True),
        ("lp_ft", True),  # a head in closed form, then one run of steps
        ("lora", True),
        ("contrastive", False),  # a head in closed form comes after the steps
        ("gradual_unfreeze", False),  # four runs of steps
        ("hybrid", False),  # what follows is chosen on the way
        ("ensemble:full_finetune", False),  # several networks
        ("linear_probe", False),
    ],
)
def test_only_one_run_of_steps_with_nothing_after_it_may_end_early(strategy, early):
    arm = Arm(candidate="c", strategy=strategy, paradigm="transfer")
    line_up = StrategyLineUp((arm,), {"c": resolve("builtin:text", "text-classification")}, 2, True)
    assert line_up.may_end_early(arm, line_up.recipes(arm, 100)[0]) == early
