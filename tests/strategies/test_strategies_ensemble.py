import pytest

from headstart.core import SettingsError
from headstart.models import resolve
from headstart.strategies import Regime, get_strategy

IMAGE, TEXT = "image-classification", "text-classification"


@pytest.mark.parametrize("inner", ["full_finetune", "lora", "hybrid", "from_scratch", "peft:vera"])
def test_an_ensemble_is_its_strategy_at_three_rates(inner):
    ensemble, alone = get_strategy(f"ensemble:{inner}"), get_strategy(inner)
    assert (ensemble.paradigm, ensemble.weights, ensemble.grows) == (alone.paradigm, alone.weights, alone.grows)
    assert ensemble.phases("transformers") == alone.phases("transformers")
    setting = Regime("image", "transformers", 40, 4)
    (recipe,) = ensemble.recipes(setting)
    assert recipe == alone.recipes(setting)[0]
    rates = [member.learning_rate / recipe.learning_rate for member in ensemble.members(recipe)]
    assert rates == pytest.approx([1, 3, 1 / 3])
    assert alone.members(recipe) == (recipe,)


@pytest.mark.parametrize(
    ("inner", "candidate", "task"),
    [
        ("linear_probe", "builtin:image", IMAGE),
        ("knn", "builtin:image", IMAGE),
        ("from_scratch", "builtin:tfidf", TEXT),
    ],
)
def test_what_has_no_rate_cannot_be_averaged_over_rates(inner, candidate, task):
    assert "no rate to average over" in get_strategy(f"ensemble:{inner}").refuses(resolve(candidate, task))


def test_an_ensemble_refuses_what_its_strategy_refuses():
    assert "pretrained" in get_strategy("ensemble:lora").refuses(resolve("builtin:compact-image", IMAGE))
    assert get_strategy("ensemble:lora").refuses(resolve("builtin:image", IMAGE)) is None


def test_bad_names_are_told():
    with pytest.raises(SettingsError, match="averages averages"):
        get_strategy("ensemble:ensemble:lora")
    with pytest.raises(SettingsError, match="no strategy 'lorra'"):
        get_strategy("ensemble:lorra")
