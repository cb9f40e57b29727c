from dataclasses import replace

import numpy as np
import pytest

from headstart.core import Arm, Measurement
from headstart.models import Card, read_card
from headstart.models.bundle import CARD
from headstart.studies import Pricing
from headstart.studies import runner as runner_module
from headstart.studies.cost import OutOfTime
from headstart.training import Outcome

COSTLY = Arm(candidate="builtin:image", strategy="from_scratch", paradigm="scratch")


@pytest.fixture(autouse=True)
def _no_training(monkeypatch, replay):
    monkeypatch.setattr(runner_module, "execute", replay)
    monkeypatch.setattr("headstart.studies.cost.CostModel.time_arm", lambda *_: None)
    monkeypatch.setattr(runner_module, "labels_survive_mirroring", lambda _: True)


def finish(runner):
    plan = runner.prepare()
    runner.run(plan)
    return plan


def test_every_arm_reaches_the_comparison_size(make_runner):
    runner = make_runner()
    plan = finish(runner)
    for arm in runner.view.arms:
        if arm.key not in runner.planner.dropped:
            assert plan.comparison_size in runner.view.sizes(arm.key)


def test_the_last_arm_of_a_paradigm_is_never_dropped(make_runner):
    runner = make_runner()
    finish(runner)
    for paradigm in ("transfer", "scratch"):
        arms = [arm for arm in runner.view.arms if arm.paradigm == paradigm]
        assert any(arm.key not in runner.planner.dropped for arm in arms)


def test_the_leader_is_finished_on_the_whole_pool(make_runner):
    runner = make_runner(budget=60.0)
    finish(runner)
    leader = runner.planner.leader(runner.planner.view.all_sizes[0])
    assert leader is not None
    assert max(runner.view.all_sizes) == runner.view.pool_size


def test_tuning_happens_before_measuring_of_tuned_arms_and_inside_its_share(make_runner):
    runner = make_runner()
    plan = finish(runner)
    assert plan.tuning_size is not None
    tuned = {key for key, count in plan.evaluations.items() if count > 1}
    first_measured = {}
    last_tuned = {}
    for position, trial in enumerate(runner.store.trials()):
        target = last_tuned if trial.spec.role == "tuning" else first_measured
        if trial.spec.role == "tuning" and ", steps x 2" in trial.spec.recipe.label:
            continue
        if trial.spec.role == "tuning" or trial.spec.arm.key not in target:
            target[trial.spec.arm.key] = position
    for key in tuned:
        assert last_tuned[key] < first_measured[key]


def test_a_recipe_chosen_elsewhere_is_marked(make_runner):
    runner = make_runner()
    plan = finish(runner)
    for trial in runner.view.trials(role="measuring"):
        if plan.evaluations[trial.spec.arm.key] == 1:
            continue
        outside = trial.spec.n < plan.tuning_size or trial.spec.repeat > 0
        assert trial.spec.recipe_informed == outside


def test_the_best_recipe_is_used(make_runner):
    runner = make_runner()
    finish(runner)
    arm = "full_finetune@builtin:image"
    tuning = [trial for trial in runner.view.trials(arm, "tuning") if ", steps x 2" not in trial.spec.recipe.label]
    best = max(tuning, key=lambda trial: trial.measurement.value).spec.recipe.label
    assert {trial.spec.recipe.label for trial in runner.view.trials(arm, "measuring")} == {best}


def test_resuming_repeats_nothing_and_gives_the_same_numbers(make_runner, tmp_path, monkeypatch, replay):
    whole = make_runner(folder=tmp_path / "whole")
    finish(whole)
    part = make_runner(folder=tmp_path / "part")
    plan = part.prepare()
    count = 0

    def stop_after_five(spec, context):
        nonlocal count
        count += 1
        if count == 5:
            part.interrupted = True
        return replay(spec, context)

    monkeypatch.setattr(runner_module, "execute", stop_after_five)
    part.run(plan)
    done = {trial.key for trial in part.store.trials()}
    assert len(done) == 5
    part.store.close()
    again = make_runner(folder=tmp_path / "part")
    seen = []

    def watch(spec, context):
        seen.append(spec.key)
        return replay(spec, context)

    monkeypatch.setattr(runner_module, "execute", watch)
    finish(again)
    assert not done & set(seen)
    values = {trial.key: trial.measurement.value for trial in whole.store.trials()}
    for trial in again.store.trials():
        if trial.key in values:
            assert trial.measurement.value == values[trial.key]


def test_resuming_late_keeps_the_plan(make_runner, tmp_path):
    first = make_runner(folder=tmp_path / "late")
    plan = first.prepare()
    first.store.set_fact("spent_seconds", "400")
    first.store.close()
    again = make_runner(folder=tmp_path / "late")
    assert again.budget.left < 201
    assert again.prepare() == plan


def test_a_larger_budget_keeps_the_recipes_and_goes_further(make_runner, tmp_path):
    first = make_runner(budget=60.0, folder=tmp_path / "more")
    plan = first.prepare()
    finish(first)
    first.store.close()
    again = make_runner(budget=600.0, folder=tmp_path / "more")
    larger = again.prepare()
    assert larger.comparison_size >= plan.comparison_size
    if plan.tuning_size:
        assert larger.tuning_size == plan.tuning_size
        assert larger.evaluations.items() <= plan.evaluations.items()  # arms may have been dropped


def test_what_was_dropped_stays_dropped(make_runner, tmp_path):
    first = make_runner(folder=tmp_path / "dropped")
    first.store.set_fact(f"dropped:{COSTLY.key}", "behind")
    plan = first.prepare()
    assert first.planner.dropped == {COSTLY.key: "behind"}
    assert COSTLY.key not in plan.evaluations


def test_nothing_is_started_that_cannot_end_in_time(make_runner):
    runner = make_runner(budget=30.0)
    runner.cost.train_rate = {key: 1.0 for key in runner.cost.train_rate}
    finish(runner)
    assert {trial.spec.arm.strategy for trial in runner.store.trials()} == {"linear_probe"}


def test_a_failing_arm_is_a_row_and_not_the_end(make_runner, monkeypatch, replay):
    runner = make_runner()

    def fail_one(spec, context):
        outcome = replay(spec, context)
        if spec.arm.strategy != "full_finetune":
            return outcome
        broken = outcome.measurement.model_copy(update={"error": "the loss became nan"})
        return type(outcome)(broken, outcome.measured, outcome.probabilities, None)

    monkeypatch.setattr(runner_module, "execute", fail_one)
    finish(runner)
    assert runner.view.sizes("full_finetune@builtin:image") == []
    assert runner.view.sizes("linear_probe@builtin:image")


def test_the_true_best_arm_is_found(make_runner, true_accuracy):
    runner = make_runner()
    plan = finish(runner)
    best = max((arm.key for arm in runner.view.arms), key=lambda key: true_accuracy(key, plan.comparison_size))
    assert runner.planner.leader(plan.comparison_size).key == best


def test_costly_arms_stay_out_but_never_the_last_of_a_paradigm(make_runner):
    runner = make_runner(budget=120.0)
    runner.cost.train_rate["from_scratch@builtin:image", 16] = 0.5
    plan = runner.prepare()
    assert "from_scratch@builtin:image" in runner.planner.dropped
    assert any("from_scratch of builtin:image" == what for what, _ in plan.left_out)
    assert plan.comparison_size >= 200


def test_the_grid_halves_down_to_a_few_of_each_class(make_runner):
    runner = make_runner()
    grid = Pricing(runner.view, runner.context, runner.cost, True, 600.0).grid()
    assert grid[0] == runner.view.pool_size
    assert all(a // 2 == b for a, b in zip(grid, grid[1:], strict=False))
    assert grid[-1] >= 20


def test_failures_get_another_chance_in_the_next_run(make_runner, tmp_path, monkeypatch, replay):
    def no_room(spec, context):
        if spec.arm == COSTLY:
            failed = Measurement(error="OSError: no space left on device")
            return Outcome(failed, np.empty(0, dtype=int), np.empty((0, 0), dtype=np.float32), None)
        return replay(spec, context)

    monkeypatch.setattr(runner_module, "execute", no_room)
    first = make_runner(folder=tmp_path / "again")
    finish(first)
    assert not first.view.sizes(COSTLY.key)
    first.store.close()
    monkeypatch.setattr(runner_module, "execute", replay)
    again = make_runner(budget=1200.0, folder=tmp_path / "again")
    finish(again)
    assert again.view.sizes(COSTLY.key)


class Saved:
    """Stands for a trained model: saving leaves a card of the trial."""

    def __init__(self, candidate, spec):
        self.card = Card(
            model_format="headstart",
            task="image-classification",
            class_names=("a", "b"),
            candidate=candidate,
            arm=spec.arm.key,
            trial=spec.key,
        )

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD).write_text(self.card.model_dump_json())


def test_only_the_model_behind_the_figure_is_published(make_runner, monkeypatch, replay):
    def with_model(spec, context):
        outcome = replay(spec, context)
        return replace(outcome, model=Saved(context.candidates[spec.arm.candidate], spec))

    monkeypatch.setattr(runner_module, "execute", with_model)
    runner = make_runner()
    finish(runner)
    leader = "full_finetune@builtin:image"
    folder = runner.publish_model(leader)
    assert read_card(folder).trial == runner._largest_trial(leader)
    newest = next(trial for trial in runner.store.trials() if trial.key == read_card(folder).trial)
    earlier = newest.spec.model_copy(update={"n": newest.spec.n // 2})
    Saved(runner.context.candidates["builtin:image"], earlier).save(runner.model_folder(leader))
    assert runner.publish_model(leader) is None


def test_an_arm_that_cannot_be_timed_is_left_out_of_this_run_alone(make_runner, monkeypatch, tmp_path):
    def refuse(self, arm, *_):
        if arm == COSTLY:
            raise RuntimeError("out of memory")

    monkeypatch.setattr("headstart.studies.cost.CostModel.time_arm", refuse)
    first = make_runner(folder=tmp_path / "tight")
    first.cost.train_rate = {key: rate for key, rate in first.cost.train_rate.items() if key[0] != COSTLY.key}
    assert COSTLY.key not in first.prepare().evaluations
    assert "out of memory" in first.planner.dropped[COSTLY.key]
    first.store.close()
    monkeypatch.setattr("headstart.studies.cost.CostModel.time_arm", lambda *_: None)
    again = make_runner(budget=1200.0, folder=tmp_path / "tight")
    assert COSTLY.key in again.prepare().evaluations


def test_running_out_of_time_while_looking_ends_without_a_crash(make_runner, monkeypatch):
    def too_late(*_):
        raise OutOfTime("the budget is used up")

    monkeypatch.setattr("headstart.studies.cost.CostModel.time_arm", too_late)
    monkeypatch.setattr(runner_module, "labels_survive_mirroring", too_late)
    runner = make_runner()
    plan = runner.prepare()
    runner.run(plan)
    assert not runner.store.trials()
    assert plan.evaluations == {}


def test_a_damaged_model_is_not_published(make_runner):
    runner = make_runner()
    finish(runner)
    folder = runner.model_folder(COSTLY.key)
    folder.mkdir(parents=True)
    assert runner.publish_model(COSTLY.key) is None


def test_curves_of_a_study_hold_its_errors_and_the_truth(make_runner, true_accuracy):
    runner = make_runner()
    finish(runner)
    view = runner.view
    curves = view.curves()
    assert view.curves() is curves  # nothing is fitted twice
    assert {arm.arm for arm in curves.arms} == {arm.key for arm in view.arms if arm.key not in view.dropped}
    assert curves.n_test == len(view.splits[0].test)
    for arm in curves.arms:
        trial = view.trials(arm.arm, "measuring")[0]
        assert arm.at(trial.spec.n)[trial.spec.repeat] == pytest.approx(1 - trial.measurement.value)
        _, low, high = curves.interval(arm.arm, float(arm.sizes[-1]))
        assert low - 0.02 < 1 - true_accuracy(arm.arm, int(arm.sizes[-1])) < high + 0.02
    assert view.seconds_by_size(curves.arms[0].arm).at(np.asarray([100.0])) == pytest.approx([0.01], abs=0.005)


def test_the_answer_of_a_study_looks_ahead(make_runner):
    from headstart.advice import recommend

    runner = make_runner()
    finish(runner)
    answer = recommend(runner.view, baseline=0.25, spent_seconds=1.0, budget_seconds=600.0, dropped={})
    assert answer.crossover.kind != "unmeasured"
    assert answer.crossover.n_max <= answer.crossover.horizon <= 4 * answer.crossover.n_max
    assert answer.negative_transfer.n == answer.comparison_size
    chosen = next(arm for arm in answer.arms if arm.status == "chosen")
    assert chosen.brier > 0
    assert chosen.calibration_error is not None
    if answer.more_labels:
        assert answer.more_labels.to == 2 * answer.more_labels.n


def test_a_small_plan_gets_a_third_size_for_its_leaders(make_runner):
    runner = make_runner()
    plan = runner.prepare()
    plan.sizes = plan.sizes[-2:]
    runner.run(plan)
    middle = max(n for n in runner.planner.pricing.grid() if n < plan.sizes[-1])
    assert middle > plan.sizes[0]
    paradigms = [arm.paradigm for arm in runner.view.measured_at(middle)]
    assert sorted(paradigms) == ["scratch", "transfer"]
    curves = runner.view.curves()
    for arm in runner.view.measured_at(middle):
        assert len(curves.arms[curves.index(arm.key)].sizes) >= 3
