"""Successive halving over steps: what is run of how many recipes, and what goes on."""

from dataclasses import replace

import numpy as np
import pytest

from headstart.core import Arm, Measurement, Recipe, TrialSpec
from headstart.studies.planners import ContendersPlanner
from headstart.studies.planners.halving import FIRST_RUNG, SURVIVORS, halving_seconds
from headstart.studies.planners.tuning import chosen_recipe, ranked_tuning
from headstart.testing import RecordedArm, RecordedTable, Situation, replay
from headstart.testing.replay import MemoryStore
from headstart.testing.simulated import SimulatedExecutor
from headstart.training import Outcome, trunk_of

SIZES = np.asarray([50, 100, 200, 400, 800])
RATES = tuple(Recipe(learning_rate=10.0**-k, steps=100, label=f"rate {k}") for k in range(1, 7))


def table_of(gains, counts=(6, 6)):
    """Two contenders; a recipe's gain says how far it is from the first."""
    arms = []
    for (strategy, side), level, count in zip(
        (("tune", "transfer"), ("own", "scratch")), (0.7, 0.6), counts, strict=True
    ):
        values = level + 0.02 * np.log2(SIZES / 50)[None] + np.zeros((3, 1))
        arm = Arm(candidate="start", strategy=strategy, paradigm=side)
        tuned = dict(enumerate(gains[:count]))
        arms.append(RecordedArm(arm, SIZES, values, np.full(len(SIZES), 2.0), False, RATES[:count], tuned))
    return RecordedTable(tuple(arms), 800, tested=2000, classes=2)


def played(table, budget=300.0, **situation):
    return replay(table, ContendersPlanner(), budget, Situation(**situation))


def chosen(study, arm):
    """Tuning trials of an arm in the order in which they were started: recipe and share of its steps."""
    specs = [step for step, _ in study.steps if isinstance(step, TrialSpec) and step.role == "tuning"]
    return [(spec.recipe, spec.stopped_at / spec.recipe.steps or 1.0) for spec in specs if spec.arm == arm.arm]


def test_every_recipe_is_tried_for_a_part_of_its_steps_and_the_best_and_the_default_for_all():
    table = table_of((0.0, 0.05, -0.05, 0.1, -0.1, 0.3))
    study = played(table)
    for arm in table.arms:
        first, then = chosen(study, arm)[:5], chosen(study, arm)[5:]
        assert first == [(recipe, FIRST_RUNG) for recipe in RATES[:5]]
        assert then == [(RATES[3], 1.0), (RATES[0], 1.0)]
        assert chosen_recipe(study.state.evidence, study.state.line_up, arm.arm, 800)[0] == RATES[3]


def test_one_side_tries_as_many_recipes_as_the_other():
    table = table_of((0.0, 0.05, -0.05, 0.1, -0.1), counts=(5, 4))
    study = played(table)
    assert [len({recipe for recipe, _ in chosen(study, arm)}) for arm in table.arms] == [4, 4]


def test_two_recipes_are_both_run_to_the_end():
    table = table_of((0.0, 0.05), counts=(2, 2))
    study = played(table)
    assert all(chosen(study, arm) == [(RATES[0], 1.0), (RATES[1], 1.0)] for arm in table.arms)


def test_a_recipe_that_fails_does_not_survive(monkeypatch):
    table = table_of((0.0, 0.05, 0.1))
    table = replace(table, arms=tuple(replace(arm, recipes=RATES[:3]) for arm in table.arms))
    whole = RecordedTable.predictions

    def diverges(self, arm, recipe, n, repeat, labels, share=1.0):
        if recipe == RATES[2] and share < 1:
            raise ValueError("diverged")
        return whole(self, arm, recipe, n, repeat, labels, share)

    study = played(failing_on(monkeypatch, table, diverges))
    for arm in table.arms:
        assert {recipe for recipe, share in chosen(study, arm) if share == 1} == set(RATES[:2])


def failing_on(monkeypatch, table, predictions):
    """The table with trials that fail where a prediction raises."""
    monkeypatch.setattr(RecordedTable, "predictions", predictions)
    usual = SimulatedExecutor._outcome

    def outcome(self, spec, *words):
        try:
            return usual(self, spec, *words)
        except ValueError as error:
            return Outcome(Measurement(error=str(error), machine="m"), np.empty(0, int), np.empty((0, 0)))

    monkeypatch.setattr(SimulatedExecutor, "_outcome", outcome)
    return table


def test_the_default_stays_where_nothing_is_surely_ahead_of_it():
    """A hundredth more on 160 held-out examples is chance."""
    table = table_of((0.0, 0.01, 0.01, 0.01, 0.01))
    study = played(table)
    for arm in table.arms:
        finalists = [recipe for recipe, share in chosen(study, arm) if share == 1]
        assert RATES[0] in finalists
        assert chosen_recipe(study.state.evidence, study.state.line_up, arm.arm, 800)[0] == RATES[0]


def test_with_trials_side_by_side_the_choice_waits_for_every_recipe():
    table = table_of((0.0, 0.05, -0.05, 0.1, -0.1))
    study = played(table, slots=3)
    for arm in table.arms:
        assert [share for _, share in chosen(study, arm)] == [FIRST_RUNG] * 5 + [1.0] * SURVIVORS
        assert [trial.spec.recipe for trial in ranked_tuning(study.state.evidence, arm.arm)[:2]] == [RATES[3], RATES[0]]


def test_what_was_begun_is_finished_in_the_next_session():
    table = table_of((0.0, 0.05, -0.05, 0.1, -0.1))
    whole = played(table)
    store, trials = MemoryStore(whole.state.record), whole.state.evidence.table.trials()
    begun = [trial.spec.role for trial in trials].index("tuning") + 3
    for trial in trials[:begun]:
        measured, probabilities = whole.state.evidence.table.predictions(trial.key)
        store.add(trial.spec, Outcome(trial.measurement, measured, probabilities), trial.started, trial.ended)
    replay(table, ContendersPlanner(), 300.0, earlier=store)
    tuned = {trial.key for trial in trials if trial.spec.role == "tuning"}
    assert tuned == {trial.key for trial in store.trials() if trial.spec.role == "tuning"}


@pytest.mark.parametrize(("count", "runs"), [(2, 2.0), (3, 0.75 + 2 * 0.8), (5, 1.25 + 2 * 0.8)])
def test_its_price_is_what_it_takes(count, runs):
    """Five recipes take less than three runs would."""
    table = table_of((0.0, 0.05, -0.05, 0.1, -0.1), counts=(count, count))
    state, arm = played(table).state, table.arms[0].arm
    tuning = [trial for trial in state.evidence.table.trials() if trial.spec.role == "tuning" and trial.spec.arm == arm]
    spent, recipes = sum(trial.ended - trial.started for trial in tuning), state.line_up.recipes(arm, 800)[:5]
    assert spent / (0.8 * 2.0) == pytest.approx(runs)
    one = state.prices.seconds(arm, recipes[0], tuning[0].spec.n, "tuning")
    assert halving_seconds(state, arm, recipes, tuning[0].spec.n) / one == pytest.approx(runs)


def test_a_run_that_goes_on_costs_what_is_left_of_it():
    table = table_of((0.0, 0.05, -0.05, 0.1, -0.1))
    state = played(table).state
    arm = table.arms[0].arm
    cut = next(trial.spec for trial in state.evidence.table.trials() if trial.spec.stopped_at)
    fresh = state.spec(arm, RATES[5], cut.n, role="tuning")
    assert state.seconds(cut.whole) == pytest.approx(state.seconds(fresh) * (1 - trunk_of(cut.stopped_at) / 100))
