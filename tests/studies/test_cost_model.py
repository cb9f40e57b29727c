import pytest

from headstart.core import Arm, Recipe
from headstart.studies import CostModel

ARM = Arm(candidate="c", strategy="full_finetune", paradigm="transfer")


def test_the_nearest_batch_size_prices_the_others():
    cost = CostModel(train_rate={(ARM.key, 16): 2.0, (ARM.key, 64): 1.0, ("other", 32): 9.0})
    assert [cost.rate(ARM, size) for size in (8, 16, 32, 64, 256)] == [2.0, 2.0, 2.0, 1.0, 1.0]
    assert cost.rate(ARM.model_copy(update={"candidate": "unknown"}), 16) == 0.0


def test_slower_counts_at_once_and_faster_by_half():
    cost = CostModel(train_rate={(ARM.key, 16): 1.0})
    recipe = Recipe(steps=10, batch_size=16)
    cost.observe(ARM, recipe, 100, seconds=10 * 16 * 3.0)
    assert cost.rate(ARM, 16) == pytest.approx(3.0)
    cost.observe(ARM, recipe, 100, seconds=10 * 16 * 1.0)
    assert cost.rate(ARM, 16) == pytest.approx(2.0)


def test_fewer_labels_than_a_batch_cost_what_they_are():
    cost = CostModel()
    cost.observe(ARM, Recipe(steps=10, batch_size=64), 8, seconds=80.0)
    assert cost.rate(ARM, 64) == pytest.approx(1.0)
