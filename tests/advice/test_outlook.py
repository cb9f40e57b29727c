"""What is said beyond the measured sizes, from curves whose truth is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from headstart.advice.outlook import find_crossover, find_head_start, more_labels
from headstart.core import Arm
from headstart.evidence import ArmErrors, JointDraws, cost_curve, fit_curves

TUNE = Arm(candidate="builtin:image", strategy="full_finetune", paradigm="transfer")
SCRATCH = Arm(candidate="builtin:compact-image", strategy="from_scratch", paradigm="scratch")
SIZES = np.asarray([50.0, 200, 800])


def power(floor, fall, rate):
    return lambda n: floor + fall * (np.asarray(n, dtype=float) / 50) ** -rate


class CurveView:
    """A study's evidence around known error curves; the predictions agree with them, or are told otherwise."""

    def __init__(self, tune, scratch, sizes=SIZES, noise=0.003, repeats=3, lead=None) -> None:
        self.arms = (TUNE, SCRATCH)
        self.settings = SimpleNamespace(margin=0.01, metric="accuracy", seed=0)
        self.dropped: dict[str, str] = {}
        self.pool_size = 1000
        self._lead, self._noise = lead, noise
        self._errors = {TUNE.key: tune, SCRATCH.key: scratch}
        rng = np.random.default_rng(0)
        n = np.repeat(sizes, repeats)
        self.measured = [
            ArmErrors(
                arm.key,
                arm.paradigm,
                n,
                np.clip(error(n) + noise * rng.standard_normal(len(n)), 0, 1),
                np.tile(np.arange(repeats), len(sizes)),
            )
            for arm, error in ((TUNE, tune), (SCRATCH, scratch))
        ]

    def curves(self, part="all"):
        return fit_curves(self.measured)

    def sizes(self, key):
        return [int(n) for n in self.measured[0].sizes]

    @property
    def all_sizes(self):
        return self.sizes(TUNE.key)

    def measured_at(self, n):
        return list(self.arms)

    def draws(self, n, arms=None, part="all"):
        means = np.asarray([1 - float(self._errors[arm.key](n)) for arm in self.arms])
        if self._lead is not None:
            means[1] = means[0] + self._lead
        draws = means + self._noise * np.random.default_rng(int(n)).standard_normal((2000, 2))
        return JointDraws((TUNE.key, SCRATCH.key), means, draws, (3, 3))

    def seconds_by_size(self, key):
        return cost_curve(SIZES, (0.1 if key == SCRATCH.key else 0.02) * SIZES)


AHEAD = (power(0.05, 0.15, 0.4), power(0.2, 0.5, 0.4))  # transfer leads for good
LATER = (power(0.12, 0.2, 0.7), power(0.02, 0.6, 0.52))  # they cross near 1,100


def test_transfer_that_leads_for_good_has_no_crossing_up_to_four_times_the_largest_size():
    found = find_crossover(CurveView(*AHEAD))
    assert (found.kind, found.horizon, found.n_max, found.n) == ("none", 3200, 800, None)
    assert found.statement.startswith("no crossing up to n = 3,200, 4 times the largest measured")
    assert found.p_by_horizon < 0.05
    assert found.next is None


def test_a_crossing_beyond_the_sizes_is_placed_or_left_open_with_what_to_measure():
    sharp = find_crossover(CurveView(*LATER, noise=0.001, repeats=10))
    assert sharp.kind in ("between", "undetermined")
    assert 800 < sharp.low < 1100
    assert sharp.p_crossed < 0.05
    assert sharp.p_by_horizon > 0.7
    vague = find_crossover(CurveView(*LATER, noise=0.01, sizes=np.asarray([100.0, 200, 400, 800])))
    assert vague.kind == "undetermined"
    assert vague.next.arms == (SCRATCH.key, TUNE.key)
    assert vague.next.n in (1600, 3200)
    assert vague.next.missing_labels == vague.next.n - 1000
    assert vague.next.seconds == pytest.approx(3 * 0.12 * vague.next.n, rel=0.01)
    assert f"label about {vague.next.missing_labels:,} more, and measure" in vague.statement


def test_a_crossing_inside_the_sizes_needs_the_paired_predictions_to_agree():
    early = (power(0.2, 0.2, 0.4), power(0.02, 0.7, 0.8))
    found = find_crossover(CurveView(*early))
    assert found.kind == "crossed"
    assert 50 < found.low < found.n < found.high < 800
    open_still = find_crossover(CurveView(*early, lead=0.0))
    assert open_still.kind == "undetermined"
    assert "the paired predictions with" in open_still.statement


def test_two_sizes_leave_the_measured_range():
    view = CurveView(*AHEAD, sizes=SIZES[1:])
    found = find_crossover(view)
    assert found.statement == "not seen up to 800 labels: transfer leads throughout"
    assert (found.kind, found.horizon, found.n_max) == ("none", 800, 800)
    assert not find_head_start(view).extrapolated
    assert more_labels(view, TUNE) is None


def test_a_head_start_may_lie_beyond_the_sizes():
    # e_t(50) = e_s(n) where 0.25 = 0.02 + 0.6 (n / 50)^-0.3
    view = CurveView(power(0.05, 0.2, 0.4), power(0.02, 0.6, 0.3), noise=0.002)
    found = find_head_start(view)
    assert found.n == 50
    assert found.extrapolated
    assert found.low < (0.6 / 0.23) ** (1 / 0.3) < (found.high or np.inf)
    assert "extrapolated" in found.statement
    assert found.seconds == pytest.approx(0.1 * found.examples - 1, rel=0.05)


def test_a_head_start_inside_the_sizes_is_measured():
    view = CurveView(power(0.05, 0.35, 0.3), power(0.05, 0.6, 0.5), noise=0.002)
    found = find_head_start(view)
    assert not found.extrapolated
    expected = 50 * (0.6 / (0.35 * (found.n / 50) ** -0.3)) ** 2
    assert found.examples == pytest.approx(expected, rel=0.08)
    assert found.low < found.multiplier < found.high


def test_more_labels_bring_what_the_curve_says():
    view = CurveView(*AHEAD)
    more = more_labels(view, TUNE)
    expected = 0.15 * (16**-0.4 - 32**-0.4)
    assert (more.n, more.to) == (800, 1600)
    assert more.low <= expected <= more.high
    assert more.labels_per_point == pytest.approx(8 / more.expected, rel=1e-6)


def test_one_paradigm_alone_is_told_as_before():
    view = CurveView(*AHEAD)
    view.measured = view.measured[:1]
    assert find_crossover(view).kind in ("none", "unmeasured")
    assert find_head_start(view).seconds is None
