"""What published results let one expect, beside what a study measured."""

from __future__ import annotations

import numpy as np
import pytest

from headstart.advice.before import known_before
from headstart.advice.decide import Verdict
from headstart.core import Arm
from headstart.evidence import JointDraws

TRANSFER = Arm(candidate="builtin:image", strategy="full_finetune", paradigm="transfer")
SCRATCH = Arm(candidate="builtin:compact-image", strategy="from_scratch", paradigm="scratch")


class Study:
    """Just what is asked of the evidence."""

    def __init__(self, task: str = "image-classification") -> None:
        self.settings = type("Settings", (), {"task": task})

    def kind(self, key: str) -> str:
        return "gradient"


def verdict(gap: float, kind: str = "transfer", winner: Arm = TRANSFER, rival: Arm | None = SCRATCH) -> Verdict:
    draws = JointDraws((TRANSFER.key, SCRATCH.key), np.zeros(2), np.zeros((10, 2)), (1, 1))
    return Verdict(kind, winner, rival, 2000, (gap, gap - 0.01, gap + 0.01), draws, winner)


def test_a_lead_as_published_is_as_expected():
    found = known_before(Study(), verdict(0.09))
    assert found.measured == pytest.approx(9.0)
    assert not found.contradicted
    assert found.expectation.low < 9 < found.expectation.high
    assert "as expected" in found.sentence


@pytest.mark.parametrize(("gap", "kind", "winner", "rival"), [(0.05, "scratch", SCRATCH, TRANSFER)])
def test_a_contradiction_is_said_and_the_data_count(gap, kind, winner, rival):
    found = known_before(Study(), verdict(gap, kind, winner, rival))
    assert found.measured == pytest.approx(-5.0)
    assert found.contradicted
    assert "your data say otherwise, and they count" in found.sentence


def test_a_kind_of_data_that_nobody_published_says_so():
    assert "none is known of this kind" in known_before(Study("vector-classification"), verdict(0.09)).sentence


def test_one_side_alone_has_nothing_to_compare():
    assert known_before(Study(), None) is None
    assert known_before(Study(), verdict(0.09, rival=None)) is None
    other = Arm(candidate="builtin:image", strategy="linear_probe", paradigm="transfer")
    assert known_before(Study(), verdict(0.09, rival=other)) is None
