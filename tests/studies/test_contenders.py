"""The planner of leader and challenger, on tables whose best arm is known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from listed import Listed

from headstart.core import Arm, Recipe, TrialSpec
from headstart.studies import Stop
from headstart.studies.planners import DEFAULT, ContendersPlanner, get_planner
from headstart.studies.planners.contender_trials import ContenderTrials
from headstart.studies.planners.contender_tuning import HELD_OUT, HELD_OUT_PART, ContenderTuning
from headstart.studies.planners.rivals import Rivals, knee
from headstart.testing import RecordedArm, RecordedTable, Situation, check_planner, replay


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


@pytest.mark.parametrize("budget", [150.0, 300.0])
def test_both_sides_are_compared_at_a_quarter_of_the_labels_before_anything_is_repeated(table, budget):
    study = played(table, budget)
    far = min(n for n in study.state.grid if 4 * n >= table.pool)
    repeated = [place for place, spec in enumerate(started(study)) if spec.role == "measuring" and spec.repeat]
    compared = {
        spec.arm.paradigm: place
        for place, spec in reversed(list(enumerate(started(study))))
        if spec.role == "measuring" and spec.n >= far
    }
    assert set(compared) == {"transfer", "scratch"}
    assert not repeated or max(compared.values()) < min(repeated)


def without_floor():
    """Two sides, each of which takes three seconds with 4,000 of 32,000 labels, and in proportion with more."""
    sizes = np.asarray([4000.0, 8000.0, 16000.0, 32000.0])
    arms = []
    for strategy, paradigm, level in (("full_finetune", "transfer", 0.80), ("from_scratch", "scratch", 0.65)):
        values = np.tile(level + 0.02 * np.log2(sizes / sizes[0]), (3, 1))
        arm = Arm(candidate=strategy, strategy=strategy, paradigm=paradigm)
        recipes = (Recipe(learning_rate=1e-3, steps=100),)
        arms.append(RecordedArm(arm, sizes, values, 3 * sizes / sizes[0], recipes=recipes))
    return RecordedTable(tuple(arms), pool=32000, tested=1500)


def test_the_other_side_has_a_part_of_its_steps_where_no_more_can_be_paid_for():
    """Far enough up, and with what the leader needs kept."""
    study = played(without_floor(), 26.0)
    reached = {spec.arm.paradigm: spec for spec in started(study)}
    assert reached["scratch"].n == 8000
    assert 30 <= reached["scratch"].stopped_at < 100
    assert reached["transfer"].n == 32000
    whole = played(without_floor(), 90.0)
    assert not any(spec.stopped_at for spec in started(whole))


def test_both_sides_have_the_same_part_of_their_steps_where_not_even_that_can_be_paid_for():
    study = played(without_floor(), 20.0)
    there = [spec for spec in started(study) if spec.n == 8000]
    assert {spec.arm.paradigm for spec in there} == {"transfer", "scratch"}
    (steps,) = {spec.stopped_at for spec in there}
    assert 30 <= steps < 100
    assert max(spec.n for spec in started(study) if spec.arm.paradigm == "transfer") == 32000


def test_a_late_run_leaves_time_for_a_look_at_the_side_that_was_not_looked_at():
    """Where there is any: what can do neither is not cut short for it."""

    def kept(seen, seconds):
        state = replay(without_floor(), Listed(seen), 400.0).state
        transfer = state.arms[0]
        spec = state.spec(transfer, state.line_up.recipes(transfer, 4000)[0], 4000, repeat=1)
        return ContendersPlanner().kept(state, spec, seconds)

    assert 0.1 * 3 < kept([(0, 4000)], 20.0) < 3
    assert kept([(0, 4000)], 0.5) == 0
    assert kept([(0, 4000), (1, 4000)], 20.0) == 0


def near_ties(price):
    """A dear own network ahead by a hair, a start that is fine-tuned for half of it, and a start nobody has tried."""
    sizes = np.asarray([400.0, 1600.0, 6400.0])

    def recorded(candidate, strategy, paradigm, values, seconds):
        arm = Arm(candidate=candidate, strategy=strategy, paradigm=paradigm)
        scatter = 0.004 * np.asarray([[-1.0], [0.0], [1.0]])
        return RecordedArm(arm, sizes, np.asarray(values) + scatter, np.asarray(seconds))

    own = recorded("own", "from_scratch", "scratch", [0.80, 0.86, 0.91], [10.0, 40.0, 160.0])
    start = recorded("start", "full_finetune", "transfer", [0.795, 0.857, 0.91], [5.0, 20.0, 80.0])
    large = recorded("large", "full_finetune", "transfer", [0.82, 0.88, 0.93], [price, 4 * price, 16 * price])
    return RecordedTable((own, start, large), pool=6400, tested=1000)


def after_a_comparison(seconds, price=60.0):
    """What is open, with so many seconds left, after two of three were compared at a quarter of the labels."""
    looks = [(0, 400), (1, 400), (0, 1600), (1, 1600)]
    state = replay(near_ties(price), Listed(looks), 10_000.0).state
    rivals = Rivals(state, (), seconds)
    assert rivals.leader.candidate == "own"
    return rivals, ContenderTrials(rivals, ContenderTuning(rivals).open)


def test_what_has_time_for_all_its_steps_is_trained_on_all_labels_before_what_has_not():
    _, trials = after_a_comparison(110.0)
    first = next(trials.carried())
    assert (first.arm.candidate, first.n, first.stopped_at) == ("start", 6400, 0)
    _, enough = after_a_comparison(300.0)
    assert not any(spec.arm.candidate == "start" and spec.n == 6400 for spec in enough.carried())


@pytest.mark.parametrize("seconds", [60.0, 90.0, 170.0, 400.0])
def test_a_look_that_a_win_needs_leaves_time_for_the_model(seconds):
    rivals, trials = after_a_comparison(seconds)
    looks = [spec for spec in trials.untried() if spec.arm.candidate == "large"]
    taken = sum(rivals.state.seconds(spec) for spec in looks)
    assert taken + rivals.cost(rivals.leader, 6400) <= seconds or not looks
    assert bool(looks) == (seconds > 60)


def slower(seconds):
    """The machine turns out slower than it was when it was looked at."""
    return 1.0 if seconds < 5 else 2.2


def test_the_best_arm_sees_all_labels_with_fewer_steps_where_all_its_steps_do_not_fit(table):
    study = played(table, 100.0, speed=slower)
    (shortened,) = [trial for trial in study.state.evidence.trials(role="measuring") if trial.shortened]
    assert shortened.spec.arm.strategy == "full_finetune"
    assert shortened.spec.n == table.pool
    assert study.spent <= 100.0 + 1e-6


def test_what_was_ended_early_goes_on_in_a_run_with_more_time(table):
    first = replay(table, ContendersPlanner(), 100.0, Situation(speed=slower))
    store = first.driver.store
    (short,) = [trial for trial in first.state.evidence.trials(role="measuring") if trial.shortened]
    more = replay(table, ContendersPlanner(), 400.0, earlier=store)
    whole = short.spec.model_copy(update={"stopped_at": 0})
    assert whole.key in {spec.key for spec in started(more)}
    there = more.state.evidence.trials(whole.arm.key, "measuring", whole.n)
    assert short.key not in {trial.key for trial in there}, "the longer one counts"
    assert short.key in {trial.key for trial in store.trials()}, "nothing that was finished is lost"


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


def with_read_outs(table, gain):
    """The table with a second recipe of its arm without gradient descent, better by so much."""
    arms = [
        replace(one, recipes=(Recipe(), Recipe(readout="searched")), tuned={0: 0.0, 1: gain})
        if one.closed_form
        else one
        for one in table.arms
    ]
    return replace(table, arms=tuple(arms))


@pytest.mark.parametrize(("gain", "readout"), [(0.05, "searched"), (-0.05, "pooled")])
def test_recipes_without_gradient_descent_are_chosen_before_they_are_measured(table, gain, readout):
    study = played(with_read_outs(table, gain))
    own = [spec for spec in started(study) if spec.arm.key == "linear_probe@start"]
    assert [spec.role for spec in own[:2]] == ["tuning", "tuning"]
    assert own[0].n == table.pool  # a fit is cheap at any size
    measured = [spec for spec in own if spec.role == "measuring"]
    assert {spec.recipe.readout for spec in measured} == {readout}
    assert study.state.evidence.sizes("linear_probe@start") == sorted(study.state.grid)


def test_recipes_are_not_compared_where_that_would_take_too_much_of_the_time(table):
    table = with_read_outs(table, 0.05)
    slow = [replace(one, seconds=np.full(len(one.sizes), 20.0)) if one.closed_form else one for one in table.arms]
    study = played(replace(table, arms=tuple(slow)))
    assert not study.state.evidence.trials("linear_probe@start", "tuning")


def test_with_few_groups_to_learn_from_several_parts_are_held_out(table):
    study = replay(with_read_outs(table, 0.05), ContendersPlanner(), 1.0)
    study.state.evidence.learns_from_few_groups = True
    specs = list(ContenderTuning(Rivals(study.state, (), 1e6)).closed_trials())
    assert not specs  # measured already: what was chosen stays
    fresh = replay(with_read_outs(table, 0.05), Nothing(), 1e4).state
    fresh.evidence.learns_from_few_groups = True
    fresh.evidence.table = SimpleNamespace(trials=list)
    specs = list(ContenderTuning(Rivals(fresh, (), 1e6)).closed_trials())
    assert [(spec.repeat, spec.recipe.readout) for spec in specs] == [
        (part, readout) for part in range(5) for readout in ("pooled", "searched")
    ]


def test_with_few_groups_both_contenders_are_tested_on_every_part(table):
    study = played(table, 100.0)
    evidence = study.state.evidence
    evidence.few_groups = True
    evidence.splits, evidence.repeats = evidence.splits * 5, 5
    rivals = Rivals(study.state, (), 1e6)
    specs = list(ContenderTrials(rivals, ContenderTuning(rivals).open).every_part())
    assert {spec.arm for spec in specs} == {rivals.leader, rivals.other_side}
    assert {spec.n for spec in specs} == {table.pool}
    short = Rivals(study.state, (), 0.0)
    assert not [
        spec
        for spec in ContenderTrials(short, ContenderTuning(short).open).every_part()
        if not study.state.closed_form(spec.arm)
    ]
    evidence.few_groups = False
    assert not list(ContenderTrials(rivals, ContenderTuning(rivals).open).every_part())


class Nothing(ContendersPlanner):
    """Finds everything too dear."""

    def suggest(self, state, seconds, running):
        return Stop("nothing that is open fits into the time that is left")


def test_before_from_scratch_wins_fine_tuning_is_looked_at_with_the_steps_that_fit():
    """Words count better than frozen features; what fine-tuning would reach nobody knows before it was run."""
    sizes = np.asarray([100.0, 200.0, 400.0, 800.0, 1600.0])

    def recorded(candidate, strategy, paradigm, start, price, **how):
        values = start + 0.02 * np.log2(sizes / 100) + 0.002 * np.asarray([[-1.0], [0.0], [1.0]])
        return RecordedArm(Arm(candidate=candidate, strategy=strategy, paradigm=paradigm), sizes, values, price, **how)

    cheap, dear = np.full(5, 1.0), np.full(5, 60.0) * np.sqrt(sizes / 100)
    words = recorded("words", "from_scratch", "scratch", 0.80, cheap, closed_form=True)
    frozen = recorded("vectors", "linear_probe", "transfer", 0.60, cheap, closed_form=True)
    quick = recorded("vectors", "full_finetune", "transfer", 0.62, 2 * cheap)
    slow = recorded("encoder", "full_finetune", "transfer", 0.90, dear)
    study = played(RecordedTable((words, frozen, quick, slow), pool=1600, tested=1000), 80.0)
    looked_at = [spec for spec in started(study) if spec.arm == slow.arm]
    assert looked_at
    assert looked_at[0].stopped_at, "all of its steps would not have fitted"
    assert study.steps[-1][0].reason != "decided" or study.state.evidence.sizes(slow.arm.key)


def test_where_nothing_else_fits_a_run_that_was_ended_early_goes_on(table):
    """With a quarter of its price a half becomes more than six tenths: only its end is done again."""
    dear = tuple(one for one in table.arms if not one.closed_form)
    dear = tuple(replace(one, seconds=np.full(len(one.seconds), 40.0)) for one in dear)
    last = len(dear) - 1
    looks = [*((place, table.pool) for place in range(last)), (last, table.pool, 0.5)]
    state = replay(replace(table, arms=dear), Listed(looks), 10_000.0).state
    (short,) = [trial for trial in state.evidence.trials(role="measuring") if trial.shortened]
    steps, price = short.spec.recipe.steps, state.prices.seconds(short.spec.arm, short.spec.recipe, short.spec.n)
    assert state.seconds(short.spec.whole) == pytest.approx(0.6 * price)
    longer = ContendersPlanner().suggest(state, 12.0, ())
    assert isinstance(longer, TrialSpec)
    assert longer.whole == short.spec.whole
    assert longer.stopped_at / steps == pytest.approx(0.8 * 0.5 + 0.9 * 12 / price, abs=0.02)
    assert isinstance(ContendersPlanner().suggest(state, 4.0, ()), Stop)  # not a twentieth more


def late_starters():
    """Own networks that guess with 250 labels, and of which two learn, one early and one more; features of no help."""
    sizes = np.asarray([250.0, 500.0, 1000.0, 2000.0, 4000.0])
    nothing = Arm(candidate="start", strategy="linear_probe", paradigm="transfer")
    arms = [RecordedArm(nothing, sizes, np.full((3, 5), 0.5), sizes / 1000, closed_form=True)]
    curves = {"early": [0.5, 0.54, 0.6, 0.61, 0.62], "never": [0.5] * 5, "late": [0.5, 0.5, 0.58, 0.7, 0.8]}
    for name, values in curves.items():
        arm = Arm(candidate=name, strategy="from_scratch", paradigm="scratch")
        arms.append(RecordedArm(arm, sizes, np.tile(values, (3, 1)), 7 * sizes / 250))
    return RecordedTable(tuple(arms), pool=4000, tested=1500)


def second_looks(seen):
    """Further looks, by candidate, after the arms of these places were measured with so many labels."""
    state = replay(late_starters(), Listed(seen), 400.0).state
    rivals = Rivals(state, (), 200.0)
    return {spec.arm.candidate: spec.n for spec in ContenderTrials(rivals, ContenderTuning(rivals).open).second_looks()}


def test_what_only_guessed_is_looked_at_once_more_before_anything_is_carried_to_all_labels():
    assert second_looks([(1, 250), (1, 1000), (2, 250), (3, 250)]) == {"never": 1000, "late": 1000}
    assert second_looks([(1, 250), (1, 1000), (2, 250), (2, 1000), (3, 2000)]) == {}
