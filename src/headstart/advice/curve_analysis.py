"""From finished measurements to what they show: curves, crossover, head start, worth of labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.advice.curve_record import (
    ArmCurve,
    CostOfPoint,
    CurveAnalysis,
    CurveCrossing,
    CurveHeadStart,
    ErrorDifference,
    ErrorPoint,
    LabelGain,
    NextMeasurement,
    Saving,
    SizePrediction,
    TargetLabels,
)
from headstart.advice.curve_sentences import crossing_sentence, head_start_sentence, target_sentence
from headstart.data.measured import Measured
from headstart.evidence import (
    CrossoverDraws,
    CurveDraws,
    Gain,
    Labels,
    find_crossover,
    fit_curves,
    gain_of_labels,
    gap_at,
    head_start,
    labels_to_reach,
    next_measurements,
    saved,
    worth,
)
from headstart.evidence.curves import HORIZON

POINTS = 40  # of a fitted curve in the record
PAIRS = 24  # beyond so many, only the best against the best is reported


def analyse_curves(
    measured: Measured,
    *,
    margin: float = 0.01,
    horizon: float = HORIZON,
    n_test: int | None = None,
    at: Sequence[float] = (),
    targets: Sequence[float] = (),
    label_price: float | None = None,
    chance: float | None = None,
    seed: int = 0,
) -> CurveAnalysis:
    """Fit the curves and say what they show.

    Args:
        measured: At least one from-scratch arm and one other.
        margin: What difference of the error matters, as a share.
        horizon: Nothing is said beyond so many times the largest measured size.
        n_test: Examples in the test part, if their choice is to count.
        at: Sizes to predict at.
        targets: Errors to reach.
        label_price: What one label costs, in any currency.
        chance: Error of guessing; an arm that beats it at too few sizes is not extrapolated.
        seed: Determines every draw.
    """
    curves = fit_curves(measured.arms, seed=seed, horizon=horizon, n_test=n_test, chance=chance)
    sides = _sides(curves)
    best = find_crossover(curves, *sides, tie=margin)
    pairs = [(one, other) for one in sides[0] for other in sides[1]]
    listed = pairs if 1 < len(pairs) <= PAIRS else []
    gains = [gain_of_labels(curves, arm.arm, float(arm.sizes[-1])) for arm in curves.arms]
    reasons = zip(curves.arms, curves.guarded, strict=True)
    limits = [f"{arm.arm} is not extrapolated: {why}" for arm, why in reasons if why]
    return CurveAnalysis(
        metric="accuracy" if measured.metric == "accuracy" else "error",
        notes=(*measured.notes, *limits),
        margin=margin,
        horizon_factor=horizon,
        arms=tuple(_arm(curves, place) for place in range(len(curves.arms))),
        crossover=_crossing(best, "best", "best", margin),
        pairs=tuple(_crossing(find_crossover(curves, [s], [t], tie=margin), s, t, margin) for s, t in listed),
        differences=tuple(_differences(curves, margin)),
        head_starts=tuple(
            _head_start(curves, name, float(n), label_price, measured)
            for name in sides[1]
            for n in curves.arms[curves.index(name)].sizes
            if _both_said(curves, name, float(n))
        ),
        gains=tuple(_gain(gain, measured) for gain in gains if gain is not None),
        predictions=tuple(_prediction(curves, arm.arm, float(n)) for n in at for arm in curves.arms),
        targets=tuple(_target(curves, arm.arm, error, measured.metric) for error in targets for arm in curves.arms),
        next=_next(curves, best, sides, measured, seed),
    )


def _sides(curves: CurveDraws) -> tuple[list[str], list[str]]:
    """From scratch against transfer; hybrids take part only where there is no transfer."""
    names = {kind: [curves.arms[i].arm for i in curves.of_paradigm(kind)] for kind in ("scratch", "transfer", "hybrid")}
    return names["scratch"], names["transfer"] or names["hybrid"]


def _arm(curves: CurveDraws, place: int) -> ArmCurve:
    arm = curves.arms[place]
    known = ~np.isnan(curves.errors[0, place])
    grid = curves.grid[known]
    chosen = grid[np.unique(np.linspace(0, len(grid) - 1, POINTS).round().astype(int))] if len(grid) else grid
    fitted = [(n, curves.interval(arm.arm, float(n))) for n in chosen]
    return ArmCurve(
        arm=arm.arm,
        paradigm=arm.paradigm,
        measured=tuple(
            ErrorPoint(n=float(n), error=float(mean), repeats=int(repeats))
            for n, mean, repeats in zip(arm.sizes, arm.means, arm.repeats, strict=True)
        ),
        fitted=tuple(
            ErrorPoint(n=float(n), error=middle, low=low, high=high)
            for n, (middle, low, high) in fitted
            if np.isfinite(middle)
        ),
        reach=float(curves.reach[place]),
        not_extrapolated=curves.guarded[place],
    )


def _crossing(found: CrossoverDraws, scratch: str, transfer: str, margin: float) -> CurveCrossing:
    low, high = found.interval
    return CurveCrossing(
        scratch=scratch,
        transfer=transfer,
        statement=found.statement,
        sentence=crossing_sentence(found, margin),
        n=_finite(found.quantile(0.5)),
        low=_finite(low),
        high=_finite(high),
        p_crossed=found.p_crossed,
        p_by_horizon=found.p_by_horizon,
        p_tie=found.p_tie,
        n_max=found.n_max,
        horizon=found.horizon,
    )


def _differences(curves: CurveDraws, margin: float) -> list[ErrorDifference]:
    found = []
    for n in np.unique(np.concatenate([arm.sizes for arm in curves.arms])):
        there = [arm for arm in curves.arms if n in arm.sizes]
        best = min(there, key=lambda arm: float(arm.means[arm.sizes == n][0]))
        for arm in there:
            if arm is not best:
                gap, low, high = gap_at(curves, arm.arm, best.arm, float(n))
                verdict = "tie" if -margin <= low and high <= margin else "worse" if low > 0 else "undetermined"
                found.append(
                    ErrorDifference(
                        arm=arm.arm, reference=best.arm, n=float(n), difference=gap, low=low, high=high, verdict=verdict
                    )
                )
    return found


def _both_said(curves: CurveDraws, transfer: str, n: float) -> bool:
    """Whether a head start at n is a question: from scratch was measured at as few labels or fewer."""
    scratch = [curves.arms[i] for i in curves.of_paradigm("scratch")]
    return bool(np.isfinite(curves.interval(transfer, n)[0])) and n >= min(float(arm.sizes[0]) for arm in scratch)


def _head_start(curves: CurveDraws, transfer: str, n: float, price: float | None, measured: Measured) -> CurveHeadStart:
    labels = head_start(curves, transfer, n)
    low, high = labels.interval
    middle = _finite(labels.quantile(0.5))
    return CurveHeadStart(
        transfer=transfer,
        n=n,
        sentence=head_start_sentence(labels, transfer, n),
        labels=middle,
        low=_finite(low),
        high=_finite(high),
        multiplier=None if middle is None else middle / n,
        price=None if price is None else _finite(worth(labels, n, price)[0]),
        savings=tuple(_savings(curves, labels, transfer, n, measured)),
        horizon=labels.horizon,
    )


def _savings(curves: CurveDraws, labels: Labels, transfer: str, n: float, measured: Measured) -> list[Saving]:
    """In each unit that the table has for both sides; from scratch, the arm with the lowest error at its end pays."""
    scratch = [curves.arms[i] for i in curves.of_paradigm("scratch")]
    leader = min(scratch, key=lambda arm: float(arm.means[-1])).arm
    found = []
    for unit, by_arm in measured.costs.items():
        if {leader, transfer} <= by_arm.keys():
            middle, low, high = (_finite(value) for value in saved(labels, n, by_arm[leader], by_arm[transfer]))
            found.append(Saving(unit=unit, value=middle, low=low, high=high))
    return found


def _gain(gain: Gain, measured: Measured) -> LabelGain:
    costs = []
    for unit, by_arm in measured.costs.items():
        if gain.arm in by_arm and np.isfinite(gain.labels_per_point):
            before, after = by_arm[gain.arm].at(np.asarray([gain.n, gain.to]))
            per_point = float(after - before) / (100 * gain.expected)
            costs.append(CostOfPoint(unit=unit, per_point=per_point))
    return LabelGain(
        arm=gain.arm,
        n=gain.n,
        to=gain.to,
        expected=gain.expected,
        low=gain.low,
        high=gain.high,
        labels_per_point=_finite(gain.labels_per_point),
        costs=tuple(costs),
    )


def _prediction(curves: CurveDraws, arm: str, n: float) -> SizePrediction:
    middle, low, high = (_finite(value) for value in curves.interval(arm, n))
    beyond = n > float(curves.arms[curves.index(arm)].sizes[-1])
    return SizePrediction(arm=arm, n=n, error=middle, low=low, high=high, extrapolated=beyond)


def _target(curves: CurveDraws, arm: str, error: float, metric: str) -> TargetLabels:
    labels = labels_to_reach(curves, arm, error)
    low, high = labels.interval
    return TargetLabels(
        arm=arm,
        target=error,
        sentence=target_sentence(labels, arm, error, metric),
        n=_finite(labels.quantile(0.5)),
        low=_finite(low),
        high=_finite(high),
        p_reached=labels.p_reached,
        horizon=labels.horizon,
    )


def _next(
    curves: CurveDraws, found: CrossoverDraws, sides: tuple[list[str], list[str]], measured: Measured, seed: int
) -> tuple[NextMeasurement, ...]:
    if found.statement != "undetermined" or found.horizon <= found.n_max:
        return ()
    priced = next((by_arm for by_arm in measured.costs.values() if {*sides[0], *sides[1]} <= by_arm.keys()), None)
    price = None if priced is None else lambda arm, n: max(float(priced[arm].at(np.asarray([n]))[0]), 1e-9)
    proposals = next_measurements(curves, found, *sides, seconds=price, seed=seed)
    cheapest = min((proposal.seconds for proposal in proposals), default=1.0)
    return tuple(
        NextMeasurement(
            n=one.n, arms=one.arms, repeats=one.repeats, bits=one.bits, relative_cost=one.seconds / cheapest
        )
        for one in proposals
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
