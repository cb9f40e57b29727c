"""Prices: counted work, learnt rates, other machines, busy ones."""

import pytest

from headstart.core import Arm, Measurement, Recipe
from headstart.models import resolve
from headstart.studies import StrategyLineUp
from headstart.studies.prices import ArmWork, Machine, PriceModel, Rates, Work, WorkCounter, known_machines
from headstart.studies.prices.model import FIXED_SECONDS, SAFETY

ARM = Arm(candidate="c", strategy="full_finetune", paradigm="transfer")
PROBE = Arm(candidate="c", strategy="linear_probe", paradigm="transfer")
HERE = Machine(name="here", gflops_float32=100, gflops_bfloat16=200, memory_gb=8)


class Counter:
    """Gradient arms train what the recipe says; probes fit their labels."""

    def __init__(self):
        self.arms = {}

    def count(self, arm, recipe, n, role):
        if arm == PROBE:
            return Work(fitted=n)
        trained = recipe.steps * min(recipe.batch_size, n)
        return Work(batch_size=recipe.batch_size, steps=recipe.steps, trained=trained, flops=trained * 1e9)


@pytest.fixture
def prices():
    return PriceModel(Counter(), HERE)


def observed(
    prices, spec_of, seconds, *, arm=ARM, n=100, steps=10, batch=16, cpu=None, machine="here", n_test=0, latency=0.0
):
    recipe = Recipe(steps=steps, batch_size=batch) if arm == ARM else Recipe()
    spec = spec_of(n=n, strategy=arm.strategy, recipe=recipe)
    total = seconds + n_test * latency
    shown = Measurement(
        value=0.5,
        seconds=total,
        cpu_seconds=cpu if cpu is not None else total,
        machine=machine,
        n_realised=n,
        n_test=n_test,
        latency=latency,
        steps=steps if arm == ARM else 0,
    )
    prices.observe(spec, shown)
    return alone(prices, arm, n=n, steps=steps, batch=batch)


def alone(prices, arm=ARM, n=100, steps=10, batch=16):
    recipe = Recipe(steps=steps, batch_size=batch) if arm == ARM else Recipe()
    return (prices.seconds(arm, recipe, n) - FIXED_SECONDS) / SAFETY


def test_batch_sizes_that_were_timed_price_the_others(prices):
    prices.learn("train", ARM.key, 16, 2.0)
    prices.learn("train", ARM.key, 64, 1.0)
    found = [alone(prices, batch=size, n=1000) / (10 * size) for size in (8, 16, 32, 64, 256)]
    assert found[1] == pytest.approx(2.0)
    assert found[3] == pytest.approx(1.0)
    assert found[2] == pytest.approx((32 + (64 - 32) / 3) / 32), "steps of batches between two lie on a line"
    assert 2.0 < found[0] < 4.0, "a step of half the batch takes less, but not half"
    assert 0.25 < found[4] < 1.0


def test_finished_trials_correct_prices_in_both_directions(prices, spec_of):
    prices.learn("train", ARM.key, 16, 1.0)
    assert observed(prices, spec_of, 480.0) == pytest.approx(480.0)  # three times the timed price
    lower = observed(prices, spec_of, 160.0)
    assert 160.0 <= lower < 260.0
    assert observed(prices, spec_of, 160.0) < lower


def test_fewer_labels_than_a_batch_cost_what_they_are(prices, spec_of):
    assert observed(prices, spec_of, 80.0, n=8, batch=64) == pytest.approx(80.0)


def test_seconds_of_another_machine_are_not_believed(prices, spec_of):
    prices.learn("train", ARM.key, 16, 1.0)
    assert observed(prices, spec_of, 4800.0, machine="a laptop") == pytest.approx(160.0)
    moved = PriceModel(Counter(), HERE.model_copy(update={"name": "elsewhere"}), 1, prices.rates)
    assert not moved.knows(ARM)
    assert PriceModel(Counter(), HERE, 1, prices.rates).knows(ARM)


def test_rates_survive_being_stored(prices, spec_of):
    prices.learn("train", ARM.key, 16, 1.0)
    observed(prices, spec_of, 320.0, cpu=300.0)
    stored = Rates.model_validate(prices.rates.model_dump(mode="json"))
    assert alone(PriceModel(Counter(), HERE, 1, stored)) == pytest.approx(alone(prices))


def test_a_busy_machine_is_noticed_and_over_when_it_is_over(prices, spec_of):
    observed(prices, spec_of, 160.0, cpu=160.0)
    assert prices.busy is None
    busy = observed(prices, spec_of, 480.0, cpu=160.0)  # the same work, three times the wall time
    assert prices.busy == pytest.approx(3.0)
    assert busy == pytest.approx(480.0, rel=0.05)
    assert observed(prices, spec_of, 160.0, cpu=160.0) == pytest.approx(160.0, rel=0.05)
    assert prices.busy is None


def test_a_machine_that_was_busy_when_it_was_timed_is_priced_right_after_the_first_trial(prices, spec_of):
    prices.learn("train", ARM.key, 16, 5.0, 1.0)  # five seconds of wall time for one of the processor
    assert observed(prices, spec_of, 160.0, cpu=160.0) == pytest.approx(160.0, rel=0.05)


def test_a_machine_that_slows_down_makes_all_arms_dearer(prices, spec_of):
    observed(prices, spec_of, 160.0, arm=ARM)
    before = observed(prices, spec_of, 100.0, arm=PROBE)
    for _ in range(3):
        observed(prices, spec_of, 800.0, arm=ARM, cpu=800.0)
    assert alone(prices, PROBE) > 2 * before


def test_a_running_trial_that_is_overdue_raises_prices(prices, spec_of):
    observed(prices, spec_of, 160.0)
    before = alone(prices)
    prices.overdue(spec_of(n=100, strategy=ARM.strategy, recipe=Recipe(steps=10, batch_size=16)), 1000.0)
    assert alone(prices) > 3 * before


def test_predicting_the_test_part_is_no_training(prices, spec_of):
    found = observed(prices, spec_of, 80.0, n_test=5000, latency=3e-3, cpu=95.0)
    assert found == pytest.approx(80.0)


def test_other_machines_are_projected_by_their_rate(prices):
    prices.learn("train", ARM.key, 16, 1.0)
    twice = HERE.model_copy(update={"name": "twice", "gflops_float32": 200})
    recipe = Recipe(steps=10, batch_size=16)
    assert prices.project(ARM, recipe, 100, twice, "float32") == pytest.approx(
        prices.seconds(ARM, recipe, 100) / SAFETY / 2
    )
    assert prices.project(PROBE, Recipe(), 100, twice, "float32") is None


def test_the_table_of_machines_is_dated_and_plausible():
    date, machines = known_machines()
    assert date >= "2026"
    assert len({machine.name for machine in machines}) == len(machines) >= 6
    for machine in machines:
        assert 0 < machine.price_low <= machine.price_high < 50
        assert machine.gflops_bfloat16 >= machine.gflops_float32 > 0
        assert 8 <= machine.memory_gb <= 512


def test_searches_and_ensembles_are_counted_with_all_their_steps(text_bench):
    plain = counted(text_bench, "full_finetune")
    assert counted(text_bench, "ensemble:full_finetune").steps == 3 * plain.steps
    assert counted(text_bench, "hybrid").steps == 4 * plain.steps  # eight blocks of a quarter, then all again
    assert plain.flops == plain.trained * 30 + plain.predicted * 10
    assert plain.bytes == 4 * (100 + 3 * 7)


def counted(bench, strategy):
    arm = Arm(candidate="builtin:image", strategy=strategy, paradigm="transfer")
    from dataclasses import replace

    bench = replace(bench, candidates={"builtin:image": resolve("builtin:image", "image-classification")})
    line_up = StrategyLineUp((arm,), bench.candidates, 2, True)
    work = {arm.key: ArmWork(forward_flops=10, step_flops=30, parameters=100, moving=7)}
    counter = WorkCounter(bench, line_up, 2, lambda *_: 0, work)
    return counter.count(arm, Recipe(steps=10, batch_size=16), 60, "measuring")


def test_convex_fits_cost_by_labels_and_classes(text_bench):
    arm = Arm(candidate="builtin:tfidf", strategy="from_scratch", paradigm="scratch")
    line_up = StrategyLineUp((arm,), text_bench.candidates, 2, True)
    few = WorkCounter(text_bench, line_up, 2, lambda *_: 0).count(arm, Recipe(), 60, "measuring")
    many = WorkCounter(text_bench, line_up, 1000, lambda *_: 0).count(arm, Recipe(), 60, "measuring")
    assert many.fitted == 500 * few.fitted
