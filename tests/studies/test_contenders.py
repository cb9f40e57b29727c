"""The planner of leader and challenger, on tables whose best arm is known."""

from dataclasses import replace

import numpy as np
import pytest

from headstart.core import TrialSpec
from headstart.studies import Stop
from headstart.studies.planners import DEFAULT, ContendersPlanner, get_planner
from headstart.studies.planners.rivals import HELD_OUT, HELD_OUT_PART, Rivals, knee
from headstart.testing import Situation, check_planner, replay


@pytest.mark.parametrize("budget", [60.0, 300.0])
def test_it_passes_the_published_checks(budget):
    assert len(check_planner(ContendersPlanner, budgets=[budget])) == 7


def test_the_default_is_found_by_its_name():
    assert get_planner(DEFAULT).name == DEFAULT
    assert get_planner("contenders").name == "contenders"


def played(table, budget=200.0, **situation):
    return replay(table, ContendersPlanner(), budget, Situation(**situation))


def started(study):
    return [step for step, _ in study.steps if isinstance(step, TrialSpec)]


def test_arms_without_gradient_descent_are_measured_at_every_size(table):
    study = played(table)
    assert study.state.evidence.sizes("linear_probe@start") == sorted(study.state.grid)


def test_nothing_is_measured_below_an_arms_knee(table):
    study = played(table)
    for spec in started(study):
        if not study.state.closed_form(spec.arm) and spec.role == "measuring":
            assert spec.n >= knee(study.state, spec.arm)


def test_the_best_arm_is_trained_on_every_label(table):
    study = played(table)
    best = max(table.arms, key=lambda one: one.truth(table.pool)).arm.key
    assert study.state.evidence.sizes(best)[-1] == table.pool


def test_both_contenders_are_tuned_as_often_with_enough_held_out_and_not_too_long(table):
    study = played(table, 300.0)
    tuning = study.state.evidence.trials(role="tuning")
    assert tuning
    counts = {trial.spec.arm.key: 0 for trial in tuning}
    for trial in tuning:
        counts[trial.spec.arm.key] += 1
        assert trial.spec.n // HELD_OUT_PART >= HELD_OUT
    assert len(counts) <= 2
    assert len(set(counts.values())) == 1
    assert sum(trial.ended - trial.started for trial in tuning) < 0.3 * 300


@pytest.mark.parametrize("budget", [25.0, 100.0, 400.0])
def test_it_stops_early_only_when_it_is_decided(table, budget):
    study = played(table, budget)
    stop, _ = study.steps[-1]
    assert stop.reason == "decided" or study.spent >= 0.9 * budget or len(started(study)) > 90


def test_arms_that_were_too_dear_at_first_come_back_when_time_is_left(table):
    dear = replace(table.arms[2], seconds=table.arms[2].seconds * 6)
    short, long = (played(replace(table, arms=(*table.arms[:2], dear, table.arms[3])), b) for b in (60.0, 900.0))
    assert not short.state.evidence.sizes(dear.arm.key)
    assert any(left.what == dear.arm.name for left in short.plan.left_out)
    assert long.state.evidence.sizes(dear.arm.key)


def test_while_the_side_is_open_repeats_come_in_pairs(table):
    arms = []
    for one in table.arms:
        rng = np.random.default_rng(5)
        level = 0.80 + 0.02 * np.log2(one.sizes / 25) / 6
        values = np.clip(level + 0.02 * rng.standard_normal((5, len(one.sizes))), 0.3, 1)
        arms.append(replace(one, values=values))
    study = played(replace(table, arms=tuple(arms)), 600.0)
    repeats = [spec for spec in started(study) if spec.repeat == 1 and spec.role == "measuring"]
    assert len({spec.arm.paradigm for spec in repeats[:2]}) == 2
    assert len({spec.n for spec in repeats[:2]}) == 1


def test_the_sum_of_the_plan_is_its_sum(table):
    plan = played(table).plan
    assert plan.total_seconds == pytest.approx(sum(row.seconds for row in plan.rows))
    assert plan.total_seconds <= plan.budget_seconds


def test_going_on_repeats_nothing(table):
    first = played(table, 60.0)
    store = first.driver.store
    done = {trial.key for trial in store.trials()}
    more = replay(table, ContendersPlanner(), 300.0, earlier=store)
    assert not done & {spec.key for spec in started(more)}


def test_leader_and_challenger_are_of_two_sides_while_that_is_open(table):
    study = played(table, 30.0)
    rivals = Rivals(study.state, (), 1000.0)
    assert rivals.leader is not None
    assert rivals.challenger is not None
    assert rivals.leader != rivals.challenger


def test_the_cheapest_trial_is_tried_where_nothing_fits_by_its_price(table):
    study = replay(table, Nothing(), 60.0)
    done = study.state.evidence.trials(role="measuring")
    assert [trial.spec.arm.key for trial in done] == ["linear_probe@start"]
    assert done[0].succeeded


class Nothing(ContendersPlanner):
    """Finds everything too dear."""

    def suggest(self, state, seconds, running):
        return Stop("nothing that is open fits into the time that is left")
