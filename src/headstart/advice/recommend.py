"""Build the documented answer from a study's evidence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from headstart.advice.decide import Verdict, comparison_size, decide, differences
from headstart.advice.harm import harm_warnings, negative_transfer
from headstart.advice.outlook import find_crossover, find_head_start, more_labels
from headstart.advice.recommendation import (
    ArmReport,
    Costs,
    Crossover,
    CurvePoint,
    HeadStart,
    MetricValue,
    Recommendation,
)
from headstart.advice.sentences import more_labels_reason, reasons_for, remedy_for, verdict_sentence, warnings_for
from headstart.core import Arm, derive_seed
from headstart.evidence import corrected_metric
from headstart.evidence.calibration import calibration
from headstart.studies import LONGER, StudyView, Trial, ranked_tuning


def recommend(
    view: StudyView,
    *,
    baseline: float | None,
    spent_seconds: float,
    budget_seconds: float,
    dropped: Mapping[str, str],
    model_dir: str | None = None,
    model_format: Any = None,
    model_sizes: Mapping[str, float] | None = None,
) -> Recommendation:
    """Answer the study's question with what has been measured so far.

    Args:
        view: The study's evidence; may be empty.
        baseline: The metric of always guessing the commonest class.
        spent_seconds: Working time so far.
        budget_seconds: Allowed working time.
        dropped: Reasons by arm key.
        model_dir: Where the chosen model lies.
        model_format: How it is saved.
        model_sizes: Megabytes on disk by arm key.
    """
    verdict = decide(view)
    arms = tuple(_arm_report(view, arm, verdict, dropped, model_sizes or {}) for arm in view.arms)
    trials = view.store.trials()
    seconds = {"tuning": 0.0, "measuring": 0.0}
    for trial in trials:
        seconds[trial.spec.role] += trial.ended - trial.started
    might_win = _scratch_might_win(arms, verdict)
    crossover = find_crossover(view) if verdict else Crossover(statement="nothing was measured", horizon=0)
    harm = negative_transfer(view, verdict)
    more = more_labels(view, verdict.chosen) if verdict else None
    head_start = find_head_start(view) if verdict else HeadStart(statement="nothing was measured")
    return Recommendation(
        paradigm=verdict.kind if verdict else "undetermined",
        sentence=verdict_sentence(view, verdict),
        remedy=remedy_for(view, verdict),
        strategy=verdict.chosen.strategy if verdict else None,
        candidate=verdict.chosen.candidate if verdict else None,
        metric=_metric(view, verdict),
        margin=view.settings.margin,
        p_best=verdict.draws.p_best(verdict.chosen.key) if verdict else None,
        expected_regret=verdict.draws.expected_regret(verdict.chosen.key) if verdict else None,
        runner_up=verdict.runner_up.key if verdict and verdict.runner_up else None,
        baseline=baseline,
        crossover=crossover,
        head_start=head_start,
        more_labels=more,
        negative_transfer=harm,
        comparison_size=comparison_size(view),
        scratch_might_win_with_compute=might_win,
        arms=arms,
        differences=differences(view, verdict.chosen) if verdict else (),
        costs=Costs(
            budget_seconds=budget_seconds,
            spent_seconds=spent_seconds,
            tuning_seconds=seconds["tuning"],
            measuring_seconds=seconds["measuring"],
            preparing_seconds=max(0.0, spent_seconds - sum(seconds.values())),
            flops=sum(trial.measurement.flops for trial in trials),
        ),
        reasons=reasons_for(view, verdict, arms, baseline) + more_labels_reason(view, more),
        warnings=warnings_for(view, verdict, arms, might_win) + harm_warnings(view, harm),
        model_dir=model_dir,
        model_format=model_format,
    )


def final_size(view: StudyView, arm: Arm) -> int:
    """The largest n at which an arm was measured: the labels behind its saved model."""
    return view.sizes(arm.key)[-1]


def _metric(view: StudyView, verdict: Verdict | None) -> MetricValue:
    """The chosen arm's figure at its largest n, on examples that did not choose it where possible.

    Two halves: the final half alone. One part: choose in bag, score out of bag at the comparison size,
    and carry the correction over to the largest n.
    """
    name = view.settings.metric
    if verdict is None:
        return MetricValue(name=name, value=None, low=None, high=None, n_test=0)
    n = final_size(view, verdict.chosen)
    chosen = [verdict.chosen]
    naive = view.draws(n, chosen)
    final = view.draws(n, chosen, "final")
    assert naive is not None
    assert final is not None
    value, (low, high) = float(final.estimates[0]), final.interval(verdict.chosen.key)
    if not view.judged[1]:
        correction = _selection_correction(view, verdict)
        value, low, high = value + correction, low + correction, high
    runs = view.runs(verdict.chosen.key, n, "final")
    examples = np.unique(np.concatenate([run.examples for run in runs]))
    return MetricValue(
        name=name, value=value, low=max(0.0, low), high=high, n_test=len(examples), naive=float(naive.estimates[0])
    )


def _selection_correction(view: StudyView, verdict: Verdict) -> float:
    """How much choosing flatters the figure (never positive), from one repeat that all arms share."""
    firsts = {}
    for arm in view.measured_at(verdict.n):
        run = next((run for run in view.runs(arm.key, verdict.n) if run.key == (0, 0)), None)
        if run is not None:
            firsts[arm.key] = run
    if len(firsts) < 2 or verdict.chosen.key not in firsts:
        return 0.0
    if len(np.unique(firsts[verdict.chosen.key].groups)) < 2:
        return 0.0  # one group cannot be in bag and out of bag
    classes = len(view.data.class_names)
    seed = derive_seed(view.settings.seed, "selection")
    corrected, *_ = corrected_metric(firsts, view.settings.metric, classes, seed)
    alone, *_ = corrected_metric({verdict.chosen.key: firsts[verdict.chosen.key]}, view.settings.metric, classes, seed)
    return min(0.0, corrected - alone)


def _arm_report(
    view: StudyView, arm: Arm, verdict: Verdict | None, dropped: Mapping[str, str], sizes: Mapping[str, float]
) -> ArmReport:
    measured = view.trials(arm.key, "measuring")
    failures = [t for t in view.store.trials() if t.spec.arm == arm and not t.measurement.succeeded]
    status, note = "compared", ""
    if verdict and arm == verdict.chosen:
        status = "chosen"
    elif arm.key in dropped:
        status, note = "dropped" if measured else "not started", dropped[arm.key]
    elif not measured:
        status, note = ("failed", failures[0].measurement.error or "") if failures else ("not started", "no time left")
    largest = max(measured, key=lambda trial: (trial.spec.n, -trial.spec.repeat)) if measured else None
    tuning = ranked_tuning(view, arm)
    calibrated = calibration(*view.probabilities(largest)) if largest else None
    return ArmReport(
        key=arm.key,
        name=arm.name,
        candidate=arm.candidate,
        strategy=arm.strategy,
        paradigm=arm.paradigm,
        status=status,
        note=note,
        curve=_curve(view, arm),
        recipe=largest.spec.recipe if largest else None,
        runner_up=tuning[1].spec.recipe if len(tuning) > 1 else None,
        evaluations=max(1, len(tuning)),
        tuned_at=tuning[0].spec.n if tuning else None,
        converged=_converged(view, arm),
        parameters=largest.measurement.parameters if largest else 0,
        trainable_parameters=largest.measurement.trainable_parameters if largest else 0,
        size_on_disk_mb=sizes.get(arm.key),
        latency_ms=largest.measurement.latency * 1000 if largest else None,
        train_seconds=largest.measurement.seconds if largest else None,
        seconds_to_95=_seconds_to_95(largest) if largest else None,
        seed_spread=_seed_spread(view, arm),
        calibration_error=calibrated.error if calibrated else None,
        brier=calibrated.brier if calibrated else None,
    )


def _curve(view: StudyView, arm: Arm) -> tuple[CurvePoint, ...]:
    points = []
    for n in view.sizes(arm.key):
        draws = view.draws(n, [arm])
        assert draws is not None
        low, high = draws.interval(arm.key)
        realised = [trial.measurement.n_realised for trial in view.trials(arm.key, "measuring", n)]
        points.append(
            CurvePoint(
                n=n,
                n_realised=round(float(np.mean(realised))),
                value=float(draws.estimates[0]),
                low=low,
                high=high,
                repeats=draws.repeats[0],
            )
        )
    return tuple(points)


def _seed_spread(view: StudyView, arm: Arm) -> float | None:
    """Standard deviation between repeats at the largest n that was measured more than once."""
    for n in reversed(view.sizes(arm.key)):
        values = [trial.measurement.value for trial in view.trials(arm.key, "measuring", n)]
        if len(values) > 1:
            return float(np.std(values, ddof=1))
    return None


def _converged(view: StudyView, arm: Arm) -> bool | None:
    """Whether twice the steps gained less than one standard error of the held-out part."""
    longer = [t for t in view.trials(arm.key, "tuning") if LONGER in t.spec.recipe.label]
    if not longer:
        return None
    base_label = longer[-1].spec.recipe.label.removesuffix(LONGER)
    base = [t for t in view.trials(arm.key, "tuning", longer[-1].spec.n) if t.spec.recipe.label == base_label]
    if not base:
        return None
    value, held_out = base[0].measurement.value, max(base[0].measurement.n_test, 1)
    error = np.sqrt(max(value * (1 - value), 1e-4) / held_out)
    return bool(longer[-1].measurement.value - value < error)


def _seconds_to_95(trial: Trial) -> float | None:
    target = 0.95 * trial.measurement.value
    reached = [seconds for seconds, value in trial.measurement.curve if value >= target]
    if reached:
        return reached[0]
    return trial.measurement.seconds if trial.measurement.curve else None


def _scratch_might_win(arms: tuple[ArmReport, ...], verdict: Verdict | None) -> bool:
    """Transfer leads, but the from-scratch arm had not converged: more compute might change the answer."""
    if verdict is None or verdict.chosen.paradigm != "transfer":
        return False
    return any(arm.paradigm == "scratch" and arm.converged is False for arm in arms)


def folder_size_mb(folder: Path) -> float | None:
    """Size of a saved model, in megabytes; None if there is none."""
    if not folder.exists():
        return None
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
