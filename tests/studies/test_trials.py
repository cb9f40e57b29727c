"""Trials that were ended early, beside the longer ones that followed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.core import Arm, Measurement, Recipe, TrialSpec
from headstart.studies.trials import Trial, longest

SPEC = TrialSpec(
    role="measuring",
    arm=Arm(candidate="start", strategy="full_finetune", paradigm="transfer"),
    recipe=Recipe(learning_rate=1e-3, steps=100),
    weights_hash="",
    input_size=1,
    dtype="float32",
    n=100,
    repeat=0,
    seed=0,
    data_fingerprint="",
)


def trial(stopped_at=0, **details):
    planned = 100 if stopped_at else 0
    measured = Measurement(value=0.5, steps=stopped_at or 100, steps_planned=planned)
    return Trial(SPEC.model_copy(update={"stopped_at": stopped_at, **details}), measured, 0.0, 1.0)


@given(st.lists(st.integers(1, 99), unique=True, min_size=1), st.booleans())
def test_of_the_same_trial_the_longest_counts(stops, whole):
    trials = [trial(stop) for stop in stops] + ([trial()] if whole else [])
    (kept,) = longest(trials)
    assert kept.spec.stopped_at == (0 if whole else max(stops))


def test_other_trials_stay_in_their_order():
    trials = [trial(), trial(40, repeat=1), trial(repeat=2), trial(60, n=200), trial(50, repeat=1)]
    assert longest(trials) == [trials[0], trials[2], trials[3], trials[4]]
    assert longest(trials[:1]) == trials[:1]


def test_what_was_left_out_is_a_share_of_the_schedule():
    assert trial().shortened == 0
    assert trial(70).shortened == pytest.approx(0.3)
