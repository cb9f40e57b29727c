"""Every installed strategy keeps the promises of the published suite; broken ones are caught."""

import sys

import numpy as np
import pytest

from headstart.core import Recipe
from headstart.strategies import FitHead, Moving, Train, TransferStrategy, get_strategy, strategy_names
from headstart.testing import check_strategy
from headstart.training import optimizer, trial

TEXTS_ONLY = ("prefix_tuning", "prompt_tuning", "contrastive")
NOT_PACKED = ("densenet", "cnn")  # which transformers does not build
QUICK = ("linear_probe", "partial_finetune")  # the slow tests run every strategy on all six


@pytest.mark.parametrize("name", QUICK)
def test_on_two_architectures(name):
    assert check_strategy(get_strategy(name), ("cnn", "bert")) == ["cnn", "bert"]


@pytest.mark.slow
@pytest.mark.parametrize("name", strategy_names())
def test_on_every_architecture(name):
    checked = check_strategy(get_strategy(name))
    everywhere = ["resnet", "densenet", "vit", "convnext", "bert", "cnn"]
    if name == "qlora":
        pytest.importorskip("bitsandbytes")
        everywhere = [architecture for architecture in everywhere if architecture not in NOT_PACKED]
    assert checked == (["bert"] if name in TEXTS_ONLY else everywhere)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["vera", "oft", "loha"])
def test_any_method_of_peft(method):
    assert check_strategy(get_strategy(f"peft:{method}"), ("vit", "bert")) == ["vit", "bert"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inner", "architectures"),
    [
        ("full_finetune", ("vit", "bert", "cnn")),  # what an ensemble adds does not depend on what its members train
        ("lora", ("vit",)),
        ("lp_ft", ("bert",)),
        ("hybrid", ("cnn",)),
        ("from_scratch", ("bert",)),
        ("contrastive", ("bert",)),
    ],
)
def test_an_ensemble_of_any_strategy_that_trains(inner, architectures):
    assert check_strategy(get_strategy(f"ensemble:{inner}"), architectures) == list(architectures)


@pytest.mark.slow
def test_an_ensemble_whose_members_have_a_module_before_the_head():
    assert check_strategy(get_strategy("ensemble:hybrid"), ("bert",), settings={"inserted": "residual"}) == ["bert"]


class Plain(TransferStrategy):
    name = "plain"
    idea = wins = loses = cost = paper = "."

    def phases(self, family):
        return (Train(Moving("last", 1)),)

    def recipes(self, setting):
        return (Recipe(learning_rate=1e-3, steps=10),)


def test_somebody_elses_strategy():
    assert check_strategy(Plain(), ("cnn",)) == ["cnn"]


class Inserting(Plain):
    """Puts the recipe's module before the head without asking held-out labels."""

    inserts = True
    order = (FitHead(), Train(Moving("none"), 0.5, inserted=True), Train(Moving("last", 1), 0.5, inserted=True))

    def phases(self, family):
        return self.order

    def recipes(self, setting):
        return (Recipe(learning_rate=1e-3, steps=10, inserted="residual"),)


class InsertingAtOnce(Inserting):
    order = (Train(Moving("last", 2), inserted=True),)


def test_a_module_before_the_head():
    assert check_strategy(Inserting(), ("cnn", "bert")) == ["cnn", "bert"]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [Inserting(), InsertingAtOnce(), get_strategy("hybrid")])
def test_a_module_before_the_head_of_every_architecture(strategy):
    everywhere = ["resnet", "densenet", "vit", "convnext", "bert", "cnn"]
    assert check_strategy(strategy, settings={"inserted": "residual"}) == everywhere


class Meddler(Plain):
    """Changes what it says is frozen."""

    def prepare(self, network, recipe, seed):
        def disturb(module, *_):
            module[0].weight.data.mul_(1.001)

        network.stages[0].modules[0].register_forward_hook(disturb)
        return network


def test_labels_of_the_test_part_stay_unread(monkeypatch):
    real = trial.trial_rows
    monkeypatch.setattr(trial, "trial_rows", lambda *arguments: _with_a_test_example(*real(*arguments)))
    with pytest.raises(AssertionError, match="labels of the test part were read"):
        check_strategy(Plain(), ("cnn",))


def _with_a_test_example(learn, measured, realised):
    return np.concatenate([learn[1:], measured[:1]]), measured, realised


class Forgetful(Plain):
    """Draws from a generator that nobody seeded."""

    def prepare(self, network, recipe, seed):
        import torch

        torch.seed()
        torch.nn.init.normal_(network.stages[0].parameters()[0])
        return network


@pytest.mark.parametrize(
    ("strategy", "message"),
    [(Meddler(), "plain on cnn: frozen stage 0 changed"), (Forgetful(), "the same seed gave other numbers")],
)
def test_a_broken_promise_is_named(strategy, message):
    with pytest.raises(AssertionError, match=message):
        check_strategy(strategy, ("cnn",))


def test_an_optimizer_that_holds_too_little_is_caught(monkeypatch):
    import headstart.testing.conformance as conformance

    def lacking(network, moving, recipe):
        return optimizer.build_optimizer(network, (), recipe)

    monkeypatch.setattr(conformance, "build_optimizer", lacking)
    with pytest.raises(AssertionError, match="the optimizer of .* is wrong"):
        check_strategy(Plain(), ("cnn",))


PLUGIN = """
from headstart.core import Recipe
from headstart.strategies import FitHead, TransferStrategy

class Echo(TransferStrategy):
    name = "echo"
    idea = wins = loses = cost = paper = "."
    def phases(self, family):
        return (FitHead(),)
    def recipes(self, setting):
        return (Recipe(label="only"),)
"""


def test_a_strategy_from_another_package_is_found_and_checked(tmp_path, monkeypatch):
    from headstart.strategies import registry

    (tmp_path / "echo_strategy.py").write_text(PLUGIN)
    metadata = tmp_path / "echo_strategy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: echo-strategy\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[headstart.strategies]\necho = echo_strategy:Echo\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.strategy_names.cache_clear()
    try:
        assert "echo" in registry.strategy_names()
        strategy = get_strategy("echo")
        assert strategy.phases("transformers") == (FitHead(),)
        assert check_strategy(strategy, ("cnn",)) == ["cnn"]
    finally:
        registry.strategy_names.cache_clear()
        registry.get_strategy.cache_clear()
        sys.modules.pop("echo_strategy", None)
