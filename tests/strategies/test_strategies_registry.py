import importlib.metadata
from importlib.metadata import EntryPoint

import pytest

from headstart.core import SettingsError
from headstart.strategies import FitHead, Strategy, get_strategy, registry, strategy_names

BUILT_IN = {
    "linear_probe",
    "knn",
    "partial_finetune",
    "full_finetune",
    "lp_ft",
    "gradual_unfreeze",
    "bitfit",
    "l2_sp",
    "lora",
    "dora",
    "ia3",
    "prefix_tuning",
    "prompt_tuning",
    "partial_transfer",
    "contrastive",
    "hybrid",
    "from_scratch",
}


@pytest.fixture(autouse=True)
def fresh():
    registry.strategy_names.cache_clear()
    registry.get_strategy.cache_clear()
    yield
    registry.strategy_names.cache_clear()
    registry.get_strategy.cache_clear()


class Outsider(Strategy):
    name, paradigm, weights = "outsider", "hybrid", "random"
    idea = wins = loses = cost = paper = "."

    def refuses(self, candidate):
        return None

    def phases(self, family):
        return (FitHead(),)

    def recipes(self, setting):
        return ()


class Silent(Outsider):
    pass


del Outsider.paper


class Mistaken:
    pass


def explode():
    raise RuntimeError("first line\nsecond line")


@pytest.fixture
def plugin(monkeypatch):
    def install(value, name="outsider"):
        entry = EntryPoint(name, value, registry.GROUP)
        monkeypatch.setattr(registry, "entry_points", lambda group: [entry])

    return install


def here(word):
    return f"{__name__}:{word}"


def test_built_in_strategies_come_in_by_the_entry_point():
    found = {entry.name for entry in importlib.metadata.entry_points(group="headstart.strategies")}
    assert found >= BUILT_IN
    assert set(strategy_names()) == found


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_strategy_is_found_by_name(name):
    strategy = get_strategy(name)
    assert strategy.name == name
    assert get_strategy(name) is strategy


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(SettingsError, match="no strategy 'linear_prob'; in --strategy; Did you mean 'linear_probe'"):
        get_strategy("linear_prob")


def test_an_outsiders_strategy_is_found(plugin, monkeypatch):
    monkeypatch.setattr(Outsider, "paper", ".", raising=False)
    plugin(here("Outsider"))
    assert strategy_names() == ("outsider",)
    assert isinstance(get_strategy("outsider"), Outsider)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_package:Thing", "cannot be loaded: ModuleNotFoundError"),
        (here("missing"), "cannot be loaded: AttributeError"),
        (here("explode"), "cannot be loaded: RuntimeError: first line;"),
        (here("Mistaken"), "is a Mistaken, not a headstart Strategy"),
        ("headstart.strategies:Strategy", "cannot be loaded: TypeError"),
        (here("Silent"), "does not say its paper"),
    ],
)
def test_a_broken_plugin_gives_one_line(plugin, value, message):
    plugin(value)
    with pytest.raises(SettingsError) as caught:
        get_strategy("outsider")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert value in str(caught.value)
