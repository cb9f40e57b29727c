"""Arms that need not be followed up, on test parts that are looked at again and again."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from headstart.core import Arm
from headstart.evidence import Run, joint_draws
from headstart.studies.planners.dropping import clearly_worse

GOOD = Arm(candidate="a", strategy="full_finetune", paradigm="transfer")
BAD = Arm(candidate="b", strategy="full_finetune", paradigm="transfer")
SIZES = (100, 400)


class SmallTestView:
    """Two arms on one small test part that has no half to judge by."""

    def __init__(self, shares, tested=300, metric="accuracy", repeats=1, rotating=False) -> None:
        self.settings = SimpleNamespace(margin=0.01, metric=metric)
        self.judged, self.rotating = (None, False), rotating
        self.data = SimpleNamespace(class_names=("x", "y"), groups=np.arange(tested))
        index = np.arange(tested)
        labels = index % 2
        self._runs = {}
        for arm, by_size in shares.items():
            for n, share in by_size.items():
                right = np.random.default_rng(0).permutation(tested) < share * tested  # the same ones are hard for all
                guess = np.where(right, labels, 1 - labels)
                self._runs[arm.key, n] = [Run(r, 0, index, index, labels, guess) for r in range(repeats)]

    def sizes(self, key):
        return [n for arm, n in self._runs if arm == key]

    def runs(self, key, n, part):
        return self._runs[key, n]

    def draws(self, n, arms, part):
        runs = {arm.key: self._runs[arm.key, n] for arm in arms}
        return joint_draws(runs, self.settings.metric, 2, 0.005, 0)


@pytest.mark.parametrize("metric", ["accuracy", "balanced-accuracy", "macro-f1"])
def test_an_arm_far_behind_is_dropped(metric):
    view = SmallTestView({GOOD: {100: 0.8, 400: 0.9}, BAD: {100: 0.6, 400: 0.65}}, metric=metric)
    ((arm, why),) = clearly_worse(view, SIZES, [GOOD, BAD])
    assert arm == BAD
    assert "points behind" in why


def test_what_one_look_would_call_significant_is_kept():
    # eight examples of 300, all in favour of one: z = 2.8 once, and too little for looking as often as one likes
    view = SmallTestView({GOOD: {100: 0.8, 400: 0.85}, BAD: {100: 0.8, 400: 0.824}}, repeats=3)
    assert view.draws(400, [GOOD, BAD], "judge").difference(BAD.key, GOOD.key)[3] < 0.02
    assert clearly_worse(view, SIZES, [GOOD, BAD]) == []


def test_an_arm_that_catches_up_stays():
    view = SmallTestView({GOOD: {100: 0.8, 400: 0.9}, BAD: {100: 0.4, 400: 0.65}})
    assert clearly_worse(view, SIZES, [GOOD, BAD]) == []


def test_a_handful_of_examples_drops_nobody():
    view = SmallTestView({GOOD: {100: 0.8, 400: 1.0}, BAD: {100: 0.6, 400: 0.1}}, tested=20)
    assert clearly_worse(view, SIZES, [GOOD, BAD]) == []
