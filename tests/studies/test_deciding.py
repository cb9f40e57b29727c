"""What would decide an open comparison, and that a study which goes on begins with it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from listed import Listed

from headstart.advice.decide import decide
from headstart.advice.remedy import remedy_for
from headstart.core import Arm, Recipe
from headstart.studies import deciding
from headstart.studies.comparing import compare, missing_favourites, needed_confidence
from headstart.studies.deciding import chance_with_labels, deciding_steps
from headstart.studies.planners import ContendersPlanner
from headstart.testing import RecordedArm, RecordedTable, replay
from headstart.testing.replay import MemoryStore

SIZES = np.asarray([100.0, 200.0, 400.0, 800.0, 1600.0])


def recorded(strategy, paradigm, start, per_doubling, price, candidate="net", **how):
    if how.get("closed_form"):
        how["recipes"] = (Recipe(),)
    values = start + per_doubling * np.log2(SIZES / SIZES[0]) + 0.004 * np.asarray([[-1.0], [0.0], [1.0]])
    arm = Arm(candidate=candidate, strategy=strategy, paradigm=paradigm)
    return RecordedArm(arm, SIZES, values, price * SIZES / SIZES[0], **how)


def table(gap=0.09, tested=1000):
    """A probe ahead of two networks from scratch."""
    arms = (
        recorded("linear_probe", "transfer", 0.75, 0.02, 2.0, closed_form=True),
        recorded("from_scratch", "scratch", 0.75 - gap, 0.02, 3.0),
        recorded("from_scratch", "scratch", 0.75 - gap, 0.02, 6.0, candidate="other"),
    )
    return RecordedTable(arms, pool=1600, tested=tested)


UP = [100, 400, 1600]
WANTED = [*((0, n) for n in UP), *((1, n) for n in (100, 400)), (2, 100), (2, 200)]  # the third is missing at 400


def open_study(**how):
    """A study in which an option of the side that is behind is missing at the compared size."""
    store = MemoryStore()
    played = replay(table(**how), Listed(WANTED), 100.0, earlier=store, margin=None)
    verdict = decide(played.state.evidence, 0, 1600)
    assert verdict.kind == "undetermined"
    assert [arm.candidate for arm in verdict.compared.absent] == ["other"]
    return store, played, verdict


def test_an_option_that_was_not_run_there_is_named_and_running_it_decides(monkeypatch):
    monkeypatch.setattr(deciding, "LIKELY", 0.5)
    store, played, verdict = open_study()
    words = remedy_for(played.state, verdict)
    assert "other from scratch with 400 labels" in words
    budget = int(re.search(r"--budget (\d+)s", words)[1])
    before = {trial.key for trial in store.trials()}
    again = replay(table(), ContendersPlanner(), budget, earlier=store, margin=None)
    new = [trial.spec for trial in store.trials() if trial.key not in before]
    trained = [spec for spec in new if spec.arm.paradigm == "scratch"]
    assert (trained[0].arm.candidate, trained[0].n) == ("other", 400), "before anything else that takes steps"
    assert decide(again.state.evidence, 1, 1600).kind == "transfer"


def test_steps_are_listed_by_their_price_and_measure_something_new():
    _, played, verdict = open_study()
    steps = deciding_steps(played.state, verdict.compared, needed_confidence(1))
    assert steps
    assert [step.seconds for step in steps] == sorted(step.seconds for step in steps)
    assert all(0 <= step.chance <= 1 for step in steps)
    assert all(step.arms or step.whole or step.more or step.tuned for step in steps)
    with_it = [step.chance for step in steps if step.arms and step.n == verdict.n]
    assert min(with_it) > 0.5
    assert all(step.chance < 0.5 for step in steps if not step.arms), "repeats of the two leave the third open"


def test_a_decided_comparison_needs_no_step():
    played = replay(table(gap=0.3), ContendersPlanner(), 300.0, margin=None)
    seen = compare(played.state.evidence)
    assert seen.kind == "transfer"
    assert deciding_steps(played.state, seen, 0.95) == []


def test_more_test_examples_help_where_they_are_few():
    _, played, verdict = open_study(gap=0.08, tested=100)
    chances = [chance_with_labels(played.state, verdict.compared, factor) for factor in (1.0, 4.0)]
    assert chances[1] > chances[0]


def test_nothing_is_promised_of_an_option_that_was_seen_at_far_fewer_labels_only():
    wanted = [*((0, n) for n in UP), *((1, n) for n in UP), (2, 100)]  # the third is missing at 16 times its labels
    played = replay(table(), Listed(wanted), 200.0, margin=None)
    seen = compare(played.state.evidence)
    assert seen.n == 1600
    assert seen.absent
    assert [step for step in deciding_steps(played.state, seen, 0.95) if step.n == 1600] == []


@pytest.mark.parametrize("price", [8.0, 12.0, 16.0])
def test_a_study_that_goes_on_decides_rather_than_glimpse_at_another_option(price):
    dear = recorded("from_scratch", "scratch", 0.7, 0.02, price, candidate="dear")
    with_dear = replace(table(), arms=(*table().arms, dear))
    store = MemoryStore()
    replay(with_dear, Listed(WANTED), 100.0, earlier=store, margin=None)
    again = replay(with_dear, ContendersPlanner(), 120.0, earlier=store, margin=None)
    assert again.state.evidence.sizes(dear.arm.key) == []  # one look fits, measuring it with 400 labels does not
    assert decide(again.state.evidence, 1, 1600).kind == "transfer"


def test_the_option_that_most_is_expected_of_is_missing_even_if_it_is_not_the_best_with_even_odds():
    """Among options that were ended early any may turn out best; that does not make the leading one dispensable."""
    alike = [recorded("from_scratch", "scratch", 0.7, 0.01, 3.0, candidate=f"start {i}") for i in range(6)]
    ahead = recorded("from_scratch", "scratch", 0.685, 0.01, 3.0, candidate="ahead")
    probe = recorded("linear_probe", "transfer", 0.6, 0.01, 2.0, closed_form=True)
    of_all = RecordedTable((probe, *alike, ahead), pool=1600, tested=200)
    wanted = [*((0, n) for n in UP), *((place, n) for place in range(1, 7) for n in (400, 1600)), (7, 400), (7, 800)]
    evidence = replay(of_all, Listed(wanted), 2000.0).state.evidence
    others = [one.arm.key for one in alike]
    assert evidence.outlook(1600).p_side([ahead.arm.key], others) < 0.5
    assert [arm.candidate for arm in missing_favourites(evidence, 1600)] == ["ahead"]


def test_a_study_that_goes_on_and_is_decided_opens_no_other_question():
    store = MemoryStore()
    of_three = table(gap=0.3)
    first = replay(of_three, Listed(WANTED), 100.0, earlier=store, margin=None)
    assert compare(first.state.evidence, 1, "judge").kind == "transfer"
    before = {trial.key for trial in first.state.evidence.table.trials()}
    again = replay(of_three, ContendersPlanner(), 2000.0, earlier=store, margin=None)
    seen = compare(again.state.evidence, 1, "judge")
    assert seen.kind == "transfer"
    new = [trial.spec for trial in again.state.evidence.table.trials() if trial.key not in before]
    assert {(spec.arm, spec.n) for spec in new} <= {(seen.winner, seen.n), (seen.rival, seen.n)}
    assert new, "what is left of the time makes the answer surer"
    assert again.spent < 2000.0


def test_what_may_be_best_but_is_known_at_few_labels_is_measured_where_it_can_be_compared():
    """Closed forms of both sides were run with all labels, the option that may beat them with an eighth of them."""
    probe = recorded("linear_probe", "transfer", 0.60, 0.01, 0.5, closed_form=True)
    own = recorded("from_scratch", "scratch", 0.66, 0.02, 0.5, candidate="words", closed_form=True)
    tuned = recorded("full_finetune", "transfer", 0.82, 0.02, 12.0)
    of_three = RecordedTable((probe, own, tuned), pool=1600, tested=1000)
    store = MemoryStore()
    wanted = [*((place, n) for place in (0, 1) for n in SIZES.astype(int)), (2, 200)]
    first = replay(of_three, Listed(wanted), 100.0, earlier=store, margin=None)
    seen = compare(first.state.evidence)
    assert (seen.kind, seen.n) == ("undetermined", 1600)
    steps = [step for step in deciding_steps(first.state, seen, 0.975) if step.n < seen.n]
    assert {arm.key for step in steps for arm in step.arms} == {tuned.arm.key}
    assert {step.n for step in steps} == {400, 800}  # below a quarter of the labels a comparison says too little
    likely = next(step for step in steps if step.likely)
    again = replay(of_three, ContendersPlanner(), 110.0 + likely.seconds, earlier=store, margin=None)
    after = compare(again.state.evidence, 1)
    assert (after.kind, after.n) == ("transfer", likely.n)
