"""Further trials in the order of what they do for the choice."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from headstart.evidence import ArmErrors, fit_curves
from headstart.studies.planners.worth import by_worth

SIZES = (50, 200, 800)


def view_of(**floors):
    """Arms around power laws, close to each other or not."""
    rng = np.random.default_rng(0)
    n = np.repeat(np.asarray(SIZES, dtype=float), 2)
    arms = [
        ArmErrors(
            name, "transfer", n, floor + 0.3 * (n / 50) ** -0.5 + 0.01 * rng.standard_normal(len(n)), np.tile([0, 1], 3)
        )
        for name, floor in floors.items()
    ]
    return SimpleNamespace(settings=SimpleNamespace(seed=0), curves=lambda part: fit_curves(arms, draws=400))


def ordered(view, trials, seconds):
    names = [f"{arm} {n}" for arm, n in trials]
    return by_worth(view, 800, names, trials, seconds)


def test_close_arms_come_before_a_hopeless_one():
    trials = [("bad", 800), ("one", 800), ("two", 800)]
    found = ordered(view_of(one=0.10, two=0.102, bad=0.5), trials, [1.0, 1.0, 1.0])
    assert found[-1] == "bad 800"


def test_seconds_count():
    trials = [("one", 800), ("two", 800)]
    view = view_of(one=0.10, two=0.102)
    assert ordered(view, trials, [1e6, 1.0])[0] == "two 800"
    assert ordered(view, trials, [1.0, 1e6])[0] == "one 800"


def test_what_nothing_is_known_of_stays_in_order():
    view = view_of(one=0.1, two=0.4)
    trials = [("new", 800), ("one", 10), ("other", 50)]
    assert ordered(view, trials, [1.0, 1.0, 1.0]) == ["new 800", "one 10", "other 50"]
    assert ordered(SimpleNamespace(curves=lambda part: None), trials, [1.0] * 3)[0] == "new 800"
