"""Planners on recorded tables: the published checks pass for ours and fail for planted faults."""

from dataclasses import replace

import numpy as np
import pytest

from headstart.core import Arm, TrialSpec
from headstart.studies import Stop
from headstart.studies.planners import Drop, FactorialPlanner, StagedPlanner, get_planner
from headstart.testing import RecordedTable, Situation, check_planner, replay
from headstart.testing.simulated import SimulatedExecutor


@pytest.mark.parametrize("budget", [60.0, 300.0])
def test_the_staged_planner_passes_the_published_checks(budget):
    assert len(check_planner(StagedPlanner, budgets=[budget])) == 7


def test_a_fixed_comparison_passes_them_too():
    check_planner(lambda: FactorialPlanner((100,), repeats=2), budgets=[300.0])


class OverBudget(StagedPlanner):
    """Starts trials that cannot end in time."""

    name = "over budget"

    def suggest(self, state, seconds, running):
        return super().suggest(state, 10 * seconds + 100, running)


class Repeats(StagedPlanner):
    """Starts a trial again that is running."""

    name = "repeats"

    def suggest(self, state, seconds, running):
        return super().suggest(state, seconds, ())


class Endless(StagedPlanner):
    """Drops the same arm again and again."""

    name = "endless"

    def suggest(self, state, seconds, running):
        return Drop(state.arms[0], "because")


class Moody(StagedPlanner):
    """Answers the same question differently."""

    name = "moody"
    count = 0

    def suggest(self, state, seconds, running):
        Moody.count += 1
        step = super().suggest(state, seconds, running)
        if isinstance(step, TrialSpec) and Moody.count % 7 == 0:
            return state.spec(step.arm, step.recipe, step.n, role=step.role, repeat=99)
        return step


class OneSided(StagedPlanner):
    """Never measures from scratch."""

    name = "one-sided"

    def suggest(self, state, seconds, running):
        step = super().suggest(state, seconds, running)
        return Stop("no") if isinstance(step, TrialSpec) and step.arm.paradigm == "scratch" else step


@pytest.mark.parametrize(
    ("planner", "words"),
    [
        (OverBudget, "was suggested with"),
        (Repeats, "although it is done or running"),
        (Endless, "dropped twice"),
        (Moody, "another answer"),
        (OneSided, "nothing was measured of scratch"),
    ],
)
def test_planted_faults_are_found(planner, words):
    with pytest.raises(AssertionError, match=words):
        check_planner(planner, budgets=[300.0])


def played(table, budget=600.0, **situation):
    return replay(table, StagedPlanner(), budget, Situation(**situation))


def test_every_arm_reaches_the_comparison_size(table):
    study = played(table)
    for arm in study.state.alive:
        assert study.plan.comparison_size in study.state.evidence.sizes(arm.key)


def test_the_last_arm_of_a_side_is_never_dropped(table):
    study = played(table, 1200.0)
    assert {arm.paradigm for arm in study.state.alive} == {"transfer", "scratch"}


def test_the_leader_is_finished_on_the_whole_pool(table):
    study = played(table, 100.0)
    assert max(study.state.evidence.all_sizes) == table.pool


def test_tuning_ends_before_an_arm_is_measured_and_stays_inside_its_share(table):
    study = played(table)
    specs = [trial.spec for trial in study.state.evidence.table.trials()]
    tuned = {spec.arm.key for spec in specs if spec.role == "tuning" and not spec.convergence_check}
    assert tuned
    for key in tuned:
        own = [spec for spec in specs if spec.arm.key == key and not spec.convergence_check]
        first = next(place for place, spec in enumerate(own) if spec.role == "measuring")
        assert all(spec.role == "measuring" for spec in own[first:])
    spent = sum(t.ended - t.started for t in study.state.evidence.trials(role="tuning"))
    assert spent < 0.35 * 600


def test_the_best_recipe_is_used_and_marked_where_it_was_chosen_elsewhere(table):
    tuned = {one.arm.key: {0: 0.0, 1: 0.05, 2: -0.05} for one in table.arms if not one.closed_form}
    arms = tuple(replace(one, tuned=tuned.get(one.arm.key, {})) for one in table.arms)
    study = played(replace(table, arms=arms))
    n = study.plan.tuning_size
    for trial in study.state.evidence.trials("full_finetune@start", "measuring"):
        assert trial.spec.recipe.label == "rate x 3"
        assert trial.spec.recipe_informed == (trial.spec.n < n or trial.spec.repeat > 0)


def test_the_true_best_arm_leads_at_the_comparison_size(table):
    study = played(table)
    size = study.plan.comparison_size
    draws = study.state.evidence.draws(size)
    best = max(table.arms, key=lambda one: one.truth(size)).arm.key
    assert draws.arms[int(np.argmax(draws.estimates))] == best


def test_nothing_is_started_that_cannot_end_in_time(table):
    study = played(table, 12.0)
    assert {trial.spec.arm.strategy for trial in study.state.evidence.table.trials()} <= {
        "linear_probe",
        "from_scratch",
        "full_finetune",
    }
    assert study.spent <= 12.6


class Keeps(FactorialPlanner):
    """Keeps time for what comes after the trials."""

    def kept(self, state, spec, seconds):
        return 50.0


@pytest.mark.parametrize(("kind", "kept"), [(FactorialPlanner, 0.0), (Keeps, 50.0)])
def test_trials_that_can_end_early_leave_what_is_kept(table, monkeypatch, kind, kept):
    seen = []
    submit = SimulatedExecutor.submit

    def noted(executor, spec, deadline):
        seen.append((spec.recipe.steps, deadline + executor.clock.now))
        return submit(executor, spec, deadline)

    monkeypatch.setattr(SimulatedExecutor, "submit", noted)
    replay(table, kind((100,), repeats=1), 600.0)
    ends = {bool(steps): end for steps, end in seen}
    assert len(ends) == 2, "with steps and without"
    assert ends[False] - ends[True] == pytest.approx(kept)


def test_costly_arms_stay_out_but_never_the_last_of_a_side(table):
    dear = replace(table.arms[2], seconds=table.arms[2].seconds * 1000)
    study = played(replace(table, arms=(*table.arms[:2], dear, table.arms[3])), 120.0)
    assert dear.arm.key in study.state.record.dropped
    assert any(left.what == dear.arm.name for left in study.plan.left_out)


def test_an_arm_that_fails_is_a_row_and_not_the_end(table):
    study = played(table, failing=frozenset({"full_finetune@start"}))
    evidence = study.state.evidence
    assert evidence.sizes("full_finetune@start") == []
    assert any(not trial.succeeded for trial in evidence.table.trials())
    assert evidence.sizes("linear_probe@start")


def test_lost_workers_are_listed_and_their_trials_run_again(table):
    quiet, lossy = played(table), played(table, lost=frozenset({0, 3}))
    assert len(lossy.state.record.events) == 2
    assert "worker was lost" in lossy.state.record.events[0]
    shared = {trial.key: trial.measurement.value for trial in quiet.state.evidence.table.trials()}
    found = {trial.key: trial.measurement.value for trial in lossy.state.evidence.table.trials()}
    common = shared.keys() & found.keys()
    assert len(common) > len(shared) / 2
    assert all(shared[key] == found[key] for key in common)


def test_a_trial_that_ends_every_worker_is_given_up(table):
    study = played(table, lost=frozenset(range(1000)))
    assert all(not trial.succeeded for trial in study.state.evidence.table.trials())
    assert "2 times" in study.state.evidence.table.trials()[0].measurement.error


def test_several_at_once_finish_more_in_the_same_time(table):
    one, three = played(table, 200.0), played(table, 200.0, slots=3)
    assert len(three.state.evidence.trials()) > 1.3 * len(one.state.evidence.trials())


def test_a_small_plan_gets_a_third_size_for_its_leaders(table):
    arms = tuple(
        replace(one, sizes=one.sizes[2:], values=one.values[:, 2:], seconds=one.seconds[2:]) for one in table.arms
    )
    study = played(replace(table, arms=arms), 2000.0)
    assert len(study.state.evidence.all_sizes) >= 3


def test_going_on_repeats_nothing_and_gives_the_same_numbers(table):
    whole = played(table, 400.0)
    first = played(table, 100.0)
    store = first.driver.store
    done = {trial.key: trial.measurement.value for trial in store.trials()}
    more = replay(table, StagedPlanner(), 400.0, earlier=store)
    started = [step.key for step, _ in more.steps if isinstance(step, TrialSpec)]
    assert not done.keys() & set(started)
    values = {trial.key: trial.measurement.value for trial in whole.state.evidence.table.trials()}
    again = {trial.key: trial.measurement.value for trial in store.trials()}
    assert done.items() <= again.items()
    assert all(again[key] == values[key] for key in again.keys() & values.keys())


def test_a_larger_budget_keeps_the_recipes_and_goes_further(table):
    first = played(table, 200.0)
    more = replay(table, StagedPlanner(), 800.0, earlier=first.driver.store)
    assert more.plan.comparison_size >= first.plan.comparison_size
    if first.plan.tuning_size:
        assert more.plan.tuning_size == first.plan.tuning_size


def test_what_was_dropped_for_good_stays_out_and_what_was_too_dear_comes_back(table):
    first = played(table, 40.0)
    assert first.state.record.dropped
    assert all(not why.lasting for why in first.state.record.dropped.values())
    more = replay(table, StagedPlanner(), 2000.0, earlier=first.driver.store)
    assert not any("would take" in why.reason for why in more.state.record.dropped.values())


def test_a_machine_that_slows_down_in_the_middle_keeps_the_budget_and_measures_both_sides(table):
    study = played(table, 300.0, speed=lambda second: 5.0 if second > 150 else 1.0)
    assert study.spent <= 300 * 1.05 + 5
    assert study.measured_sides == {"transfer", "scratch"}


def test_a_machine_that_is_slow_only_while_it_is_timed_is_priced_right_later(table):
    study = played(table, 300.0, speed=lambda second: 5.0 if second < 12 else 1.0, busy=True)
    assert study.measured_sides == {"transfer", "scratch"}
    arm = Arm(candidate="start", strategy="full_finetune", paradigm="transfer")
    recorded = table.find(arm)
    priced = study.state.prices.seconds(arm, recorded.recipes[0], 400)
    assert priced < 2 * recorded.run_seconds(400) + 1


def test_learning_curves_of_other_tools_can_be_played():
    sizes = [50, 100, 200, 400, 800]
    curves = {
        "tree": ("scratch", sizes, np.asarray([[0.6, 0.65, 0.7, 0.74, 0.77]]), [0.1, 0.1, 0.2, 0.4, 0.8]),
        "network": ("transfer", sizes, np.asarray([[0.7, 0.72, 0.74, 0.75, 0.76]]), [1.0, 2.0, 4.0, 8.0, 16.0]),
    }
    table = RecordedTable.from_curves(curves, closed_form=["tree"])
    study = played(table, 120.0)
    assert study.measured_sides == {"transfer", "scratch"}
    assert study.state.evidence.value(study.state.evidence.trials("recorded@tree", "measuring", 800)[0], "all") == (
        pytest.approx(0.77, abs=1e-3)
    )


def test_the_oracle_table_can_be_played(checkout):
    table = RecordedTable.from_parquet(checkout / "bench/oracle/trials/sst2.parquet", classes=2, tested=1000)
    study = played(table, 0.3 * sum(one.seconds.sum() for one in table.arms))
    assert study.measured_sides >= {"transfer", "scratch"}


def test_planners_are_found_by_name():
    assert get_planner("staged").name == "staged"
    with pytest.raises(Exception, match="Did you mean 'staged'"):
        get_planner("stagged")
