"""Recipes of strategies that come from other packages."""

from types import SimpleNamespace

import pytest

from headstart.core import Arm, SettingsError
from headstart.studies import StrategyLineUp

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
