"""What is expected of options where they were not measured, or not with all their steps."""

from __future__ import annotations

import numpy as np
import pytest
from listed import Listed

from headstart.core import Arm, Recipe
from headstart.testing import RecordedArm, RecordedTable, replay

SIZES = np.asarray([100.0, 200.0, 400.0, 800.0, 1600.0])
UP = (100, 400, 1600)


def recorded(strategy, paradigm, start, per_doubling, price, **how):
    values = np.tile(start + per_doubling * np.log2(SIZES / SIZES[0]), (3, 1))
    arm = Arm(candidate="net", strategy=strategy, paradigm=paradigm)
    return RecordedArm(arm, SIZES, values, price * SIZES / SIZES[0], **how)


def evidence_of(gain, *own):
    """A closed form that gains so much from twice the labels, and runs of a network."""
    probe = recorded("linear_probe", "transfer", 0.7, gain, 2.0, closed_form=True, recipes=(Recipe(),))
    network = recorded("from_scratch", "scratch", 0.7, 0.02, 3.0)
    of_both = RecordedTable((probe, network), pool=1600, tested=1000)
    played = replay(of_both, Listed([*((0, n) for n in UP), *own]), 1000.0)
    return played.state.evidence, network.arm.key


def test_of_an_option_that_was_run_once_as_much_is_expected_as_the_closed_forms_of_the_study_gain():
    expected = {}
    for gain in (0.0, 0.05):
        evidence, network = evidence_of(gain, (1, 400))
        expected[gain] = float(np.median(evidence.outlook(1600).column(network)))
    assert expected[0.0] < expected[0.05] - 0.02


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_missing_steps_are_allowed_for_as_missing_labels_are(share):
    allowed = {}
    for gain in (0.0, 0.05):
        evidence, network = evidence_of(gain, (1, 400, share))
        allowed[gain] = evidence.steps_left_out(network)
    assert 0 < allowed[0.0] < allowed[0.05] < evidence.error(network, 400) * (1 - share)


def test_a_whole_run_misses_nothing():
    evidence, network = evidence_of(0.02, (1, 400))
    assert evidence.steps_left_out(network) == 0.0


def test_more_is_allowed_for_where_more_steps_are_missing():
    allowed = []
    for share in (0.8, 0.5, 0.2):
        evidence, network = evidence_of(0.02, (1, 400, share))
        allowed.append(evidence.steps_left_out(network) / evidence.error(network, 400))
    assert allowed == sorted(allowed)
