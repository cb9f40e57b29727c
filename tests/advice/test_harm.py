"""Negative transfer, overall and by class, in a study whose predictions are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from headstart.advice.decide import decide
from headstart.advice.harm import harm_warnings, negative_transfer
from headstart.core import Arm
from headstart.evidence import Run, joint_draws

TUNE = Arm(candidate="near", strategy="full_finetune", paradigm="transfer")
PROBE = Arm(candidate="far", strategy="linear_probe", paradigm="transfer")
SCRATCH = Arm(candidate="small", strategy="from_scratch", paradigm="scratch")
NAMES = ("cat", "dog", "owl", "fox")


class ClassView:
    """Arms with a known share right of each class, at one size."""

    def __init__(self, shares: dict[Arm, tuple[float, ...]], tested: int = 800) -> None:
        self.arms, self.dropped = tuple(shares), {}
        self.settings = SimpleNamespace(margin=0.01, metric="accuracy", seed=0)
        index = np.arange(tested)
        labels = index % len(NAMES)
        self.data = SimpleNamespace(labels=labels, class_names=NAMES)
        self._runs = {}
        for place, (arm, by_class) in enumerate(shares.items()):
            rng = np.random.default_rng(place)
            right = [rng.random(tested) < np.asarray(by_class)[labels] for _ in range(3)]
            guesses = [np.where(one, labels, (labels + 1) % len(NAMES)) for one in right]
            self._runs[arm.key] = [Run(r, 0, index, index, labels, guess) for r, guess in enumerate(guesses)]

    def sizes(self, key):
        return [100]

    @property
    def all_sizes(self):
        return [100]

    def measured_at(self, n):
        return list(self.arms)

    pool_size = 100

    def steps_left_out(self, key, n=None):
        return 0.0

    def untuned(self, key):
        return 0.0

    def tuned(self, key):
        return True

    def trials(self, arm=None, role=None, n=None):
        return [SimpleNamespace(measurement=SimpleNamespace(seconds=1.0))]

    def outlook(self, n, part="all", *, missing_steps=True):
        return self.draws(n, None, part)

    def runs(self, key, n, part="all"):
        return self._runs[key]

    def draws(self, n, arms=None, part="all"):
        chosen = [arm for arm in self.arms if arms is None or arm in arms]
        return joint_draws({arm.key: self._runs[arm.key] for arm in chosen}, "accuracy", len(NAMES), 0.005, 0)


def told(shares):
    view = ClassView(shares)
    harm = negative_transfer(view, decide(view))
    return harm, harm_warnings(view, harm)


def test_no_harm_says_nothing():
    harm, warnings = told({TUNE: (0.9,) * 4, SCRATCH: (0.7,) * 4})
    assert (harm.harmful, harm.harmed, harm.way_out, warnings) == ((), (), None, ())
    assert harm.p_worse < 0.01
    assert harm.classes_checked == 4


def test_a_harmed_class_is_named_with_a_way_out():
    harm, (warning,) = told({TUNE: (0.95, 0.95, 0.6, 0.95), SCRATCH: (0.8, 0.8, 0.85, 0.8)})
    (one,) = harm.harmed
    assert (one.name, one.examples) == ("owl", 200)
    assert one.low < one.difference < one.high < 0
    assert harm.way_out == "fewer-layers"
    assert warning.startswith("Negative transfer on 1 of 4 classes: fine-tuning all of near does worse than")
    assert "owl (-2" in warning


def test_harm_of_every_transfer_arm_leads_to_scratch():
    harm, (warning,) = told({TUNE: (0.6,) * 4, PROBE: (0.5,) * 4, SCRATCH: (0.9,) * 4})
    assert harm.harmful == (TUNE.key, PROBE.key)
    assert harm.way_out == "scratch"
    assert "do worse than from scratch, at 100 labels; train from scratch" in warning


def test_harm_of_one_arm_leads_to_the_others():
    harm, (warning,) = told({TUNE: (0.95,) * 4, PROBE: (0.5,) * 4, SCRATCH: (0.9,) * 4})
    assert (harm.transfer, harm.harmful, harm.way_out) == (TUNE.key, (PROBE.key,), "other-candidate")
    assert "a linear probe on far does worse" in warning


@pytest.mark.parametrize("shares", [{TUNE: (0.9,) * 4}, {SCRATCH: (0.9,) * 4}])
def test_one_paradigm_cannot_be_compared(shares):
    assert told(shares) == (None, ())
    assert negative_transfer(ClassView(shares), None) is None
