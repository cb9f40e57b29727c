from types import SimpleNamespace

import pytest

from headstart.core import Arm, Measurement, Recipe
from headstart.models import resolve
from headstart.studies import CostModel

ARM = Arm(candidate="c", strategy="full_finetune", paradigm="transfer")


def test_the_nearest_batch_size_prices_the_others():
    cost = CostModel(train_rate={(ARM.key, 16): 2.0, (ARM.key, 64): 1.0, ("other", 32): 9.0})
    assert [cost.rate(ARM, size) for size in (8, 16, 32, 64, 256)] == [2.0, 2.0, 2.0, 1.0, 1.0]
    assert cost.rate(ARM.model_copy(update={"candidate": "unknown"}), 16) == 0.0


def _measured(seconds: float, n: int = 100, n_test: int = 0, latency: float = 0.0) -> Measurement:
    return Measurement(value=0.5, seconds=seconds + latency * n_test, n_realised=n, n_test=n_test, latency=latency)


def test_slower_counts_at_once_and_faster_by_half():
    cost = CostModel(train_rate={(ARM.key, 16): 1.0})
    recipe = Recipe(steps=10, batch_size=16)
    cost.observe(ARM, recipe, _measured(10 * 16 * 3.0))
    assert cost.rate(ARM, 16) == pytest.approx(3.0)
    cost.observe(ARM, recipe, _measured(10 * 16 * 1.0))
    assert cost.rate(ARM, 16) == pytest.approx(2.0)


def test_fewer_labels_than_a_batch_cost_what_they_are():
    cost = CostModel()
    cost.observe(ARM, Recipe(steps=10, batch_size=64), _measured(80.0, n=8))
    assert cost.rate(ARM, 64) == pytest.approx(1.0)


def test_predicting_the_test_part_is_no_training():
    cost = CostModel(train_rate={(ARM.key, 16): 0.5}, predict_rate={ARM.key: 1e-3})
    cost.observe(ARM, Recipe(steps=10, batch_size=16), _measured(10 * 16 * 0.5, n_test=5000, latency=3e-3))
    assert cost.rate(ARM, 16) == pytest.approx(0.5)
    assert cost.predict_rate[ARM.key] == pytest.approx(3e-3)


def test_a_probe_pays_for_its_fit_alone():
    probe = Arm(candidate="c", strategy="linear_probe", paradigm="transfer")
    cost = CostModel(fit_rate={probe.key: 1e-4})
    cost.observe(probe, Recipe(), _measured(0.01, n_test=5000, latency=1.5e-3))
    assert cost.fit_rate[probe.key] == pytest.approx(1e-4)
    assert probe.key not in cost.predict_rate


def test_searches_and_ensembles_are_priced_with_all_their_steps():
    plain = _predicted("full_finetune")
    assert _predicted("ensemble:full_finetune") == pytest.approx(3 * plain, rel=0.01)
    assert _predicted("hybrid") == pytest.approx(4 * plain, rel=0.01)  # eight blocks of a quarter, then all again


def _predicted(strategy):
    arm = Arm(candidate="builtin:image", strategy=strategy, paradigm="transfer")
    context = SimpleNamespace(candidates={"builtin:image": resolve("builtin:image", "image-classification")})
    cost = CostModel(train_rate={(arm.key, 16): 1.0})
    return cost.predict(arm, Recipe(steps=10, batch_size=16), 100, 0, context)
