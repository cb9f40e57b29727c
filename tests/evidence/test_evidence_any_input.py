"""Whatever is measured, an answer in range comes out, or an error that says what is wrong."""

import numpy as np
import pytest
from drawn_curves import arm_of, pair, power
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.evidence import (
    ArmErrors,
    Run,
    corrected_metric,
    detectable_difference,
    find_crossover,
    fit_curves,
    gain_of_labels,
    gap_at,
    head_start,
    joint_draws,
    labels_to_reach,
    next_measurements,
)
from headstart.evidence.negative_transfer import by_class, harm_by_slice, overall_harm
from headstart.evidence.significance import always_valid_interval, tie_test

CLASSES = 3


@st.composite
def measured_arms(draw):
    """Two arms at the same sizes, some of them with a single repeat; any errors at all."""
    sizes = sorted(draw(st.sets(st.integers(1, 10**6), min_size=1, max_size=6)))
    repeats = draw(st.integers(1, 3))
    arms = []
    for name, paradigm in (("s", "scratch"), ("t", "transfer")):
        error = draw(st.lists(st.floats(0, 1), min_size=len(sizes) * repeats, max_size=len(sizes) * repeats))
        n = np.repeat(np.asarray(sizes, dtype=float), repeats)
        arms.append(ArmErrors(name, paradigm, n, np.asarray(error), np.tile(np.arange(repeats), len(sizes))))
    return arms


@settings(max_examples=40, deadline=None)
@given(measured_arms(), st.sampled_from([None, 1, 500]), st.sampled_from([None, 0.5]))
def test_any_two_arms_are_compared(arms, n_test, chance):
    curves = fit_curves(arms, draws=60, n_test=n_test, chance=chance)
    found = find_crossover(curves)
    assert found.statement in ("tie", "crossed", "between", "none", "undetermined")
    assert 0 <= found.p_crossed <= found.p_by_horizon <= 1
    assert (found.draws >= arms[0].sizes[0] * (1 - 1e-9)).all()
    last = float(arms[0].sizes[-1])
    low, middle, high = sorted(gap_at(curves, "s", "t", last))
    assert -1 <= middle <= 1
    assert np.isfinite([low, high]).all()
    assert head_start(curves, "t", last).quantile(0.5) > 0
    assert labels_to_reach(curves, "s", 0.3).p_reached <= 1
    gain = gain_of_labels(curves, "s", last)
    assert gain is None or gain.low <= gain.high
    for one in next_measurements(curves, found, ["s"], ["t"]):
        assert one.bits >= 0
        assert np.isfinite(one.bits_per_second)


@pytest.mark.parametrize("error", [0.0, 0.5, 1.0])
def test_a_metric_at_its_bounds(error):
    curves = pair(lambda n: np.full(len(n), error), lambda n: np.full(len(n), error), noise=0.0)
    assert find_crossover(curves).statement in ("tie", "undetermined")
    middle, low, high = curves.interval("s", 800)
    assert 0 <= low <= middle <= high <= 1


def test_single_seeds_give_wide_honest_answers():
    one, three = (pair(power(0.2), power(0.1), repeats=repeats, noise=0.01) for repeats in (1, 3))
    widths = [gap_at(curves, "s", "t", 200)[2] - gap_at(curves, "s", "t", 200)[1] for curves in (one, three)]
    assert widths[0] > widths[1]
    assert find_crossover(one).statement in ("none", "undetermined")


@st.composite
def any_runs(draw, most=12):
    """Runs of two arms on one to a few examples; folds need not hold all classes."""
    rotating = draw(st.booleans())
    found = {"s": [], "t": []}
    labels = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=most))
    start = 0
    for repeat in range(draw(st.integers(1, 3))):
        if rotating:  # other examples, and perhaps other classes, in each fold
            labels = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=most))
        index = np.arange(start, start + len(labels))
        groups = index // draw(st.integers(1, 3))
        for runs in found.values():
            guesses = draw(st.lists(st.integers(0, CLASSES - 1), min_size=len(labels), max_size=len(labels)))
            fold = repeat if rotating else 0
            runs.append(Run(repeat, fold, index, groups, np.asarray(labels), np.asarray(guesses)))
        start += len(labels) if rotating else 0
    return found, rotating


@settings(max_examples=60, deadline=None)
@given(any_runs(), st.sampled_from(["accuracy", "macro-f1", "balanced-accuracy"]), st.sampled_from([0.0, 0.02]))
def test_one_example_and_folds_without_a_class(drawn, metric, scatter):
    runs, rotating = drawn
    draws = joint_draws(runs, metric, CLASSES, scatter, 0, rotating=rotating, draws=40)
    assert np.isfinite(draws.draws).all()
    assert ((draws.draws >= 0) & (draws.draws <= 1)).all()
    assert draws.p_best("s") + draws.p_best("t") == pytest.approx(1)
    assert draws.expected_regret("s") >= 0
    (harm,) = overall_harm(draws, ["t"], ["s"])
    assert 0 <= harm.p_worse <= 1
    total = max(int(run.examples.max()) for of_arm in runs.values() for run in of_arm) + 1
    slices = by_class(np.arange(total) % CLASSES, ["a", "b", "c"])
    for one in harm_by_slice(runs["t"], runs["s"], slices):
        assert 0 <= one.p_adjusted <= 1
        assert np.isnan(one.difference) or one.low <= one.difference <= one.high
    first = {arm: of_arm[0] for arm, of_arm in runs.items()}
    if len(np.unique(first["s"].groups)) > 1:
        middle, low, high = corrected_metric(first, metric, CLASSES, 0, draws=20)
        assert 0 <= low <= high <= 1
        assert 0 <= middle <= 1
    else:
        with pytest.raises(ValueError, match="one group"):
            corrected_metric(first, metric, CLASSES, 0)


MISSING = np.asarray([0.1, np.nan])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ArmErrors("x", "scratch", np.ones(2), MISSING, np.arange(2)), "x: errors must be shares"),
        (lambda: always_valid_interval(MISSING), "values are missing"),
        (lambda: tie_test(np.nan, 0.1, 4, 0.01), "must not be missing"),
        (lambda: tie_test(0.0, np.nan, 4, 0.01), "must not be missing"),
        (lambda: detectable_difference(100, np.nan), "a share of discordant"),
        (lambda: detectable_difference(0, 0.1), "test examples"),
        (lambda: labels_to_reach(fit_curves([arm_of(power())], draws=10), "a", np.nan), "error to reach is missing"),
    ],
)
def test_what_is_missing_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
