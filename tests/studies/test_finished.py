"""What is read of finished trials."""

import numpy as np
import pytest

from headstart.core import TrialSpec
from headstart.studies.planners import ContendersPlanner
from headstart.testing import replay


@pytest.fixture(scope="module")
def study():
    from headstart.testing.planner_checks import example_table

    return replay(example_table(), ContendersPlanner(), 300.0)


def test_the_gain_of_a_trial_is_paired_by_example(study):
    evidence = study.state.evidence
    tuning = [trial for trial in evidence.trials(role="tuning") if not trial.spec.stopped_at]
    one, other = (trial for trial in tuning if trial.spec.arm == tuning[0].spec.arm)
    right = {}
    for trial in (one, other):
        measured, probabilities = evidence.table.predictions(trial.key)
        right[trial.key] = dict(zip(measured, probabilities.argmax(1) == evidence.data.labels[measured], strict=True))
    differences = [int(right[one.key][row]) - int(right[other.key][row]) for row in right[one.key]]
    gain, error = evidence.gain(one, other)
    assert gain == pytest.approx(np.mean(differences))
    assert error == pytest.approx(np.std(differences, ddof=1) / np.sqrt(len(differences)))
    assert evidence.gain(one, one) == (0.0, 0.0)


def test_the_default_is_what_an_arms_tuning_began_with(study):
    evidence = study.state.evidence
    tuned = {
        step.arm: step.recipe
        for step, _ in reversed(study.steps)
        if isinstance(step, TrialSpec) and step.role == "tuning"
    }
    assert tuned
    for arm, recipe in tuned.items():
        assert evidence.first_tried(arm.key) == recipe == study.state.line_up.recipes(arm, 800)[0]
    assert evidence.first_tried("nobody") is None
