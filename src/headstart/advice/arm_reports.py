"""One arm's figures for the answer: its curve, its recipe, what it took."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from headstart.advice.arm_record import ArmReport, CurvePoint, ExpectedPoint
from headstart.advice.decide import Verdict
from headstart.core import Arm
from headstart.evidence.calibration import calibration
from headstart.evidence.curves import HORIZON
from headstart.evidence.scores import LEVEL
from headstart.studies import Evidence, Trial, ranked_tuning

POINTS = 13  # of an expected curve, besides the measured sizes


def arm_report(
    evidence: Evidence,
    arm: Arm,
    verdict: Verdict | None,
    dropped: Mapping[str, str],
    sizes: Mapping[str, float],
    feature_seconds: float = 0.0,
) -> ArmReport:
    """What the trials of one arm show.

    Args:
        evidence: Of the study.
        arm: Which arm.
        verdict: What was decided; None where nothing was measured.
        dropped: Reasons of the arms that take no part, by key.
        sizes: Megabytes of saved models, by arm.
        feature_seconds: Seconds to compute the frozen features of one example, if it uses any.
    """
    measured = evidence.trials(arm.key, "measuring")
    failures = [t for t in evidence.table.trials() if t.spec.arm == arm and not t.succeeded]
    status, note = "compared", ""
    if verdict and arm == verdict.chosen:
        status = "chosen"
    elif arm.key in dropped:
        status, note = "dropped" if measured else "not started", dropped[arm.key]
    elif not measured:
        status, note = ("failed", failures[0].measurement.error or "") if failures else ("not started", "")
    largest = max(measured, key=lambda trial: (trial.spec.n, -trial.spec.repeat)) if measured else None
    if largest is not None and largest.shortened and not note:
        note = f"with {1 - largest.shortened:.0%} of its steps"
    tuning = ranked_tuning(evidence, arm)
    calibrated = calibration(*evidence.probabilities(largest)) if largest else None
    return ArmReport(
        key=arm.key,
        name=arm.name,
        candidate=arm.candidate,
        strategy=arm.strategy,
        paradigm=arm.paradigm,
        status=status,
        note=note,
        curve=_curve(evidence, arm),
        expected=_expected(evidence, arm),
        recipe=largest.spec.recipe if largest else None,
        runner_up=tuning[1].spec.recipe if len(tuning) > 1 else None,
        evaluations=max(1, len(tuning)),
        tuned_at=tuning[0].spec.n if tuning else None,
        converged=_converged(evidence, arm),
        parameters=largest.measurement.parameters if largest else 0,
        trainable_parameters=largest.measurement.trainable_parameters if largest else 0,
        size_on_disk_mb=sizes.get(arm.key),
        latency_ms=largest.measurement.latency * 1000 if largest else None,
        train_seconds=largest.measurement.seconds if largest else None,
        train_flops=largest.measurement.flops if largest else 0.0,
        feature_seconds=feature_seconds,
        machine_share=largest.measurement.machine_share or None if largest else None,
        seconds_to_95=_seconds_to_95(largest) if largest else None,
        seed_spread=_seed_spread(evidence, arm),
        calibration_error=calibrated.error if calibrated else None,
        brier=calibrated.brier if calibrated else None,
    )


def _curve(evidence: Evidence, arm: Arm) -> tuple[CurvePoint, ...]:
    points = []
    for n in evidence.sizes(arm.key):
        draws = evidence.draws(n, [arm])
        assert draws is not None
        low, high = draws.interval(arm.key)
        taken = [trial.measurement for trial in evidence.trials(arm.key, "measuring", n)]
        points.append(
            CurvePoint(
                n=n,
                n_realised=round(float(np.mean([measurement.n_realised for measurement in taken]))),
                value=float(draws.estimates[0]),
                low=low,
                high=high,
                repeats=draws.repeats[0],
                seconds=float(np.mean([measurement.seconds for measurement in taken])),
            )
        )
    return tuple(points)


def _expected(evidence: Evidence, arm: Arm) -> tuple[ExpectedPoint, ...]:
    """The arm's curve at sizes that all arms share, so that each is drawn once."""
    sizes = evidence.sizes(arm.key)
    if not sizes or arm.key in evidence.dropped:
        return ()
    first, last = min(evidence.all_sizes), max(evidence.all_sizes)
    shared = np.unique(np.concatenate([np.geomspace(first, HORIZON * last, POINTS).round(), evidence.all_sizes]))
    points = []
    for n in shared[(shared >= sizes[0]) & (shared <= HORIZON * sizes[-1])]:
        joint = evidence.outlook(float(n))
        assert joint is not None
        column = joint.column(arm.key)
        low, middle, high = np.clip(np.quantile(column, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2]), 0, 1)
        points.append(
            ExpectedPoint(
                n=int(n), value=float(middle), low=float(low), high=float(high), extrapolated=bool(n > sizes[-1])
            )
        )
    return tuple(points)


def _seed_spread(evidence: Evidence, arm: Arm) -> float | None:
    """Standard deviation between repeats at the largest n that was measured more than once."""
    for n in reversed(evidence.sizes(arm.key)):
        values = [trial.measurement.value for trial in evidence.trials(arm.key, "measuring", n)]
        if len(values) > 1:
            return float(np.std(values, ddof=1))
    return None


def _converged(evidence: Evidence, arm: Arm) -> bool | None:
    """Whether twice the steps gained less than one standard error of the held-out part."""
    longer = [t.spec for t in evidence.trials(arm.key, "tuning") if t.spec.convergence_check]
    if not longer:
        return None
    checked = longer[-1]
    usual = checked.recipe.model_copy(update={"steps": checked.recipe.steps // 2})
    tried = evidence.trials(arm.key, "tuning", checked.n)
    base = [t for t in tried if t.spec.recipe == usual and not t.spec.convergence_check]
    more = [t for t in tried if t.spec.key == checked.key]
    if not base:
        return None
    value, held_out = base[0].measurement.value, max(base[0].measurement.n_test, 1)
    error = np.sqrt(max(value * (1 - value), 1e-4) / held_out)
    return bool(more[0].measurement.value - value < error)


def _seconds_to_95(trial: Trial) -> float | None:
    target = 0.95 * trial.measurement.value
    reached = [seconds for seconds, value in trial.measurement.curve if value >= target]
    if reached:
        return reached[0]
    return trial.measurement.seconds if trial.measurement.curve else None
