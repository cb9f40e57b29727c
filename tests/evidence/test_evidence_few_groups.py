"""Intervals where test examples come in few groups and not every run has met each of them."""

import numpy as np
import pytest
from scipy.stats import norm

from headstart.evidence import Run, joint_draws
from headstart.evidence.few_groups import are_few, effective_examples, group_weights, stretch, unmet_sd
from headstart.evidence.spread import Spread

GROUPS, EACH = 6, 100
SPREAD = {"probe": Spread(0.005, 5), "network": Spread(0.005, 5)}


def right_of(rng, level, sd):
    """Share of right answers in each group, around a level."""
    return norm.cdf(norm.ppf(level) * np.sqrt(1 + sd**2) + sd * rng.standard_normal(GROUPS))


def run_on(rng, shares, met, repeat):
    """A run that was tested on some groups."""
    examples = np.concatenate([np.arange(EACH) + EACH * group for group in met])
    labels = examples % 2
    right = rng.random(len(examples)) < shares[examples // EACH]
    return Run(repeat, repeat, examples, examples // EACH, labels, np.where(right, labels, 1 - labels))


def drawn(rng, levels, parts_of_network, sd=0.35, seed=0):
    probe, network = (right_of(rng, level, sd) for level in levels)
    runs = {
        "probe": [run_on(rng, probe, [group], group) for group in range(GROUPS)],
        "network": [run_on(rng, network, [group], group) for group in parts_of_network],
    }
    return joint_draws(runs, "accuracy", 2, SPREAD, seed, rotating=True, draws=400, correlation=0.3)


def test_no_draw_takes_a_run_for_wrong_on_everything_because_a_sample_left_its_group_out():
    draws = drawn(np.random.default_rng(0), (0.95, 0.90), [2])
    low, _ = draws.interval("network")
    assert low > 0.5


def test_an_option_that_met_every_group_has_the_narrower_interval():
    one = drawn(np.random.default_rng(1), (0.95, 0.90), [2]).interval("network")
    every = drawn(np.random.default_rng(1), (0.95, 0.90), range(GROUPS)).interval("network")
    assert one[1] - one[0] > 1.2 * (every[1] - every[0])


@pytest.mark.parametrize("met", [[0], [0, 1], range(GROUPS)])
def test_intervals_of_the_difference_hold_what_other_groups_would_show(met):
    rng, held = np.random.default_rng(5), 0
    for number in range(150):
        levels = 0.95 + 0.02 * rng.standard_normal(), 0.90 + 0.03 * rng.standard_normal()
        levels = tuple(np.clip(levels, 0.6, 0.99))
        _, low, high, _ = drawn(rng, levels, met, seed=number).difference("probe", "network")
        held += low <= levels[0] - levels[1] <= high
    assert 0.84 < held / 150  # 0.90, minus two standard errors


def test_weights_of_groups_are_never_zero_and_average_to_one():
    weights = group_weights(5, 2000, np.random.default_rng(0))
    assert weights.min() > 0
    np.testing.assert_allclose(weights.mean(1), 1, atol=1e-5)


def test_nothing_is_added_where_every_group_was_met_and_more_the_fewer_were():
    rng = np.random.default_rng(2)
    shares = right_of(rng, 0.9, 0.3)
    whole = [run_on(rng, shares, [group], group) for group in range(GROUPS)]
    found = unmet_sd([*whole, *whole[:2], whole[0]], np.asarray([0] * GROUPS + [1, 1] + [2]))
    assert found[0] == 0
    assert 0 < found[1] < found[2]


def test_many_groups_are_left_to_the_usual_bootstrap():
    assert not are_few(1)
    assert are_few(6)
    assert not are_few(60)
    assert (stretch(60, 3, np.random.default_rng(0)) == 1).all()


def test_examples_of_few_groups_are_worth_fewer_independent_ones():
    assert effective_examples(3000, 6) == 104
    assert effective_examples(50, 6) == 50
    assert effective_examples(3000, 3000) == 3000


def test_an_option_that_met_every_part_has_the_plain_mean_whatever_others_met():
    shares = [0.99, 0.98, 0.95, 0.80, 0.99, 0.97]
    rng = np.random.default_rng(0)
    probe = [run_on(rng, np.asarray(shares), [group], group) for group in range(GROUPS)]
    network = [run_on(rng, np.asarray(shares) - 0.05, [group], group) for group in (0, 1)]
    mean = np.mean([(run.predictions == run.labels).mean() for run in probe])
    draws = joint_draws({"probe": probe, "network": network}, "accuracy", 2, SPREAD, 0, rotating=True, draws=100)
    assert draws.estimates[0] == pytest.approx(mean, abs=0.003)
