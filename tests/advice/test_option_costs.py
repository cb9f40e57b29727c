"""The cheapest way to a value of the metric, from curves whose truth is known."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.advice import study_costs
from headstart.advice.arm_record import ArmReport, CurvePoint, ExpectedPoint
from headstart.core import SettingsError
from headstart.knowledge import find_device

POOL = 1000
SIZES = (100, 250, 500, 1000, 2000, 4000)


def arm(name, fall, seconds_per_label, *, floor=0.02, spread=0.01, measured=3, flops=1e12, feature_seconds=0.0):
    """An option whose error is floor + fall x (n / 100)^-0.5, measured at the first sizes."""

    def value(n):
        return 1 - floor - fall * (n / 100) ** -0.5

    curve = tuple(
        CurvePoint(
            n=n,
            n_realised=n,
            value=value(n),
            low=value(n) - spread,
            high=value(n) + spread,
            repeats=1,
            seconds=n * seconds_per_label,
        )
        for n in SIZES[:measured]
    )
    expected = tuple(
        ExpectedPoint(
            n=n, value=value(n), low=value(n) - spread, high=value(n) + spread, extrapolated=n > SIZES[measured - 1]
        )
        for n in SIZES
        if n <= 4 * SIZES[measured - 1]
    )
    return ArmReport(
        key=f"{name}@net",
        name=name,
        candidate="net",
        strategy=name,
        paradigm="scratch" if name == "from_scratch" else "transfer",
        status="compared",
        curve=curve,
        expected=expected,
        train_seconds=curve[-1].seconds,
        train_flops=flops,
        feature_seconds=feature_seconds,
    )


def answer(*arms):
    return SimpleNamespace(arms=arms, metric=SimpleNamespace(name="accuracy"))


TUNE = arm("full_finetune", 0.2, 0.1)  # 0.9 at 625 labels, by its power law
PROBE = arm("linear_probe", 0.3, 0.001, feature_seconds=0.002)  # 0.9 at 1,406


def test_labels_are_read_off_the_curve():
    found = {way.strategy: way for way in study_costs(answer(TUNE, PROBE), POOL, target=0.9).ways}
    assert found["full_finetune"].labels == pytest.approx(625, rel=0.05)  # straight in log n between its points
    assert found["linear_probe"].labels == pytest.approx(1406, rel=0.05)
    assert found["full_finetune"].missing == 0
    assert found["linear_probe"].missing == found["linear_probe"].labels - POOL
    assert found["linear_probe"].extrapolated
    assert found["linear_probe"].low < 1406 < found["linear_probe"].high


def test_seconds_are_those_of_trials_with_frozen_features():
    (way,) = study_costs(answer(PROBE), POOL, labels=1000).ways
    assert way.seconds == pytest.approx(1000 * 0.001 + 1000 * 0.002)
    assert way.value == pytest.approx(1 - 0.02 - 0.3 / math.sqrt(10), abs=1e-6)


def test_dear_labels_favour_the_option_that_needs_few_and_dear_machines_the_other():
    few, cheap = arm("full_finetune", 0.2, 0.1, flops=1e20), arm("linear_probe", 0.3, 0.001, flops=1e12)
    priced = dict(target=0.9, machines=[find_device("h100")])
    assert study_costs(answer(few, cheap), 100, label_price=100.0, **priced).ways[0].strategy == "full_finetune"
    assert study_costs(answer(few, cheap), 100, label_price=0.001, **priced).ways[0].strategy == "linear_probe"


def test_what_is_not_reached_is_named_with_the_best_that_is_expected():
    found = study_costs(answer(TUNE, PROBE), POOL, target=0.99)
    assert found.ways == ()
    assert len(found.beyond) == 2
    assert "(best expected 93.5)" in found.beyond[0]  # 1 - 0.02 - 0.2 / sqrt(20), with 2,000 labels
    assert found.sentence == "No measured option is expected to reach it."


def test_nothing_is_said_beyond_four_times_the_largest_size():
    short = arm("full_finetune", 0.2, 0.1, measured=1)
    found = study_costs(answer(short, PROBE), POOL, labels=2000)
    assert [way.strategy for way in found.ways] == ["linear_probe"]
    assert "measured with 100 to 100" in found.beyond[0]


@given(
    target=st.floats(0.5, 0.97), fall=st.floats(0.05, 0.5), spread=st.floats(0.001, 0.05), pool=st.integers(100, 5000)
)
def test_quantiles_are_in_order_and_the_value_is_reached(target, fall, spread, pool):
    for way in study_costs(answer(arm("full_finetune", fall, 0.1, spread=spread)), pool, target=target).ways:
        assert SIZES[0] <= (way.low or 0) <= way.labels <= SIZES[4]
        assert way.high is None or way.labels <= way.high
        assert way.value >= target - 1e-3 or way.labels == SIZES[0]
        assert way.missing == max(0, way.labels - pool)
        assert np.isfinite(way.seconds)


@pytest.mark.parametrize(
    "options",
    [
        dict(target=0.0),
        dict(target=95),
        dict(target=0.9, labels=100),
        dict(labels=0),
        dict(label_price=-1.0),
        dict(label_price=float("nan")),
    ],
)
def test_impossible_options_are_refused(options):
    with pytest.raises(SettingsError):
        study_costs(answer(TUNE), POOL, **options)


def test_a_way_of_training_without_words_of_its_own_is_printed():
    from headstart.cli.option_costs import screen

    other = arm("partial_finetune", 0.2, 0.1)
    lines = screen(study_costs(answer(other), POOL, target=0.9, machines=[find_device("t4")]))
    assert any("T4" in line and "partial_finetune" in line for line in lines)
