"""Build the documented answer from a study's evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from headstart.advice.before import known_before
from headstart.advice.curve_sentences import target_sentence
from headstart.advice.decide import Verdict, decide, differences
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
from headstart.advice.remedy import remedy_for
from headstart.advice.sentences import (
    action_sentence,
    leaning_sentence,
    more_labels_reason,
    reasons_for,
    verdict_sentence,
    warnings_for,
)
from headstart.core import Arm, derive_seed
from headstart.evidence import corrected_metric, labels_to_reach
from headstart.evidence.calibration import calibration
from headstart.studies import Evidence, StudyState, Trial, ranked_tuning
from headstart.studies.settings import margin_at


def recommend(state: StudyState, *, spent_seconds: float, model_sizes: Mapping[str, float] = {}) -> Recommendation:
    """Answer the study's question with what has been measured so far.

    Args:
        state: The study; nothing may have been measured yet.
        spent_seconds: Working time so far.
        model_sizes: Megabytes on disk by arm key.
    """
    evidence, record = state.evidence, state.record
    verdict = decide(evidence, record.looks, state.target_size)
    reasons = {key: dropped.reason for key, dropped in record.dropped.items()}
    arms = tuple(_arm_report(evidence, arm, verdict, reasons, model_sizes) for arm in evidence.arms)
    trials = evidence.table.trials()
    seconds = {"tuning": 0.0, "measuring": 0.0}
    for trial in trials:
        seconds[trial.spec.role] += trial.ended - trial.started
    baseline = evidence.baseline
    might_win = _scratch_might_win(arms, verdict)
    crossover = find_crossover(evidence) if verdict else Crossover(statement="nothing was measured", horizon=0)
    harm = negative_transfer(evidence, verdict)
    more = more_labels(evidence, verdict.chosen) if verdict else None
    head_start = find_head_start(evidence) if verdict else HeadStart(statement="nothing was measured")
    return Recommendation(
        paradigm=verdict.kind if verdict else "undetermined",
        sentence=verdict_sentence(evidence, verdict),
        action=action_sentence(evidence, verdict),
        leaning=verdict.leaning if verdict else None,
        leaning_sentence=leaning_sentence(evidence, verdict),
        target_sentence=_target_sentence(evidence, verdict),
        p_side=verdict.p_side if verdict else None,
        p_within=verdict.p_within if verdict else None,
        remedy=remedy_for(state, verdict),
        strategy=verdict.chosen.strategy if verdict else None,
        candidate=verdict.chosen.candidate if verdict else None,
        metric=_metric(evidence, verdict),
        margin=verdict.margin if verdict else margin_at(evidence.settings, 1.0),
        p_best=_of_chosen(verdict, "p_best"),
        expected_regret=_of_chosen(verdict, "expected_regret"),
        runner_up=_runner_up(verdict),
        baseline=baseline,
        crossover=crossover,
        head_start=head_start,
        more_labels=more,
        negative_transfer=harm,
        trained_on=_learnt(evidence, verdict),
        labels=len(evidence.data.labels) if evidence.rotating else evidence.pool_size,
        comparison_size=verdict.n if verdict else None,
        before=known_before(evidence, verdict),
        scratch_might_win_with_compute=might_win,
        arms=arms,
        differences=differences(evidence, verdict.chosen) if verdict else (),
        costs=Costs(
            budget_seconds=record.settings.budget_seconds,
            spent_seconds=spent_seconds,
            tuning_seconds=seconds["tuning"],
            measuring_seconds=seconds["measuring"],
            preparing_seconds=max(0.0, spent_seconds - _covered(trials)),
            cpu_seconds=sum(trial.measurement.cpu_seconds for trial in trials),
            flops=sum(trial.measurement.flops for trial in trials),
        ),
        reasons=reasons_for(evidence, verdict, arms, baseline) + more_labels_reason(evidence, more),
        warnings=warnings_for(state, verdict, arms, might_win) + harm_warnings(evidence, harm),
    )


def _learnt(evidence: Evidence, verdict: Verdict | None) -> int | None:
    """Labels that the model of the arm to use has seen."""
    if verdict is None:
        return None
    n = evidence.sizes(verdict.chosen.key)[-1]
    return max(trial.measurement.n_realised for trial in evidence.trials(verdict.chosen.key, "measuring", n)) or n


def _of_chosen(verdict: Verdict | None, name: str) -> float | None:
    """A figure of the arm to use at the compared size; None where it was not measured there."""
    if verdict is None or verdict.chosen.key not in verdict.draws.arms:
        return None
    return float(getattr(verdict.draws, name)(verdict.chosen.key))


def _runner_up(verdict: Verdict | None) -> str | None:
    """The contender that the arm to use is read against."""
    if verdict is None or verdict.runner_up is None:
        return None
    return verdict.winner.key if verdict.chosen.paradigm == verdict.runner_up.paradigm else verdict.runner_up.key


def _target_sentence(evidence: Evidence, verdict: Verdict | None) -> str | None:
    """How many labels the arm to use needs for the value that is to be reached."""
    wanted, curves = evidence.settings.target, evidence.curves()
    if wanted is None or verdict is None or curves is None:
        return None
    labels = labels_to_reach(curves, verdict.chosen.key, 1 - wanted)
    return target_sentence(labels, verdict.chosen.name, 1 - wanted, evidence.settings.metric)


def _covered(trials: Sequence[Trial]) -> float:
    """Seconds during which at least one trial ran: with several at once, less than the sum of theirs."""
    total, until = 0.0, float("-inf")
    for trial in sorted(trials, key=lambda trial: trial.started):
        total += max(0.0, trial.ended - max(trial.started, until))
        until = max(until, trial.ended)
    return total


def final_size(evidence: Evidence, arm: Arm) -> int:
    """The largest n at which an arm was measured: the labels behind its saved model."""
    return evidence.sizes(arm.key)[-1]


def _metric(evidence: Evidence, verdict: Verdict | None) -> MetricValue:
    """The chosen arm's figure at its largest n, on examples that did not choose it where possible.

    Two halves: the final half alone. One part: choose in bag, score out of bag at the comparison size,
    and carry the correction over to the largest n.
    """
    name = evidence.settings.metric
    if verdict is None:
        return MetricValue(name=name, value=None, low=None, high=None, n_test=0)
    n = final_size(evidence, verdict.chosen)
    chosen = [verdict.chosen]
    naive = evidence.draws(n, chosen)
    final = evidence.draws(n, chosen, "final")
    assert naive is not None
    assert final is not None
    value, (low, high) = float(final.estimates[0]), final.interval(verdict.chosen.key)
    if not evidence.judged[1]:
        correction = _selection_correction(evidence, verdict)
        value, low, high = value + correction, low + correction, high
    runs = evidence.runs(verdict.chosen.key, n, "final")
    examples = np.unique(np.concatenate([run.examples for run in runs]))
    return MetricValue(
        name=name, value=value, low=max(0.0, low), high=high, n_test=len(examples), naive=float(naive.estimates[0])
    )


def _selection_correction(evidence: Evidence, verdict: Verdict) -> float:
    """How much choosing flatters the figure (never positive), from one repeat that all arms share."""
    firsts = {}
    for arm in evidence.measured_at(verdict.n):
        run = next((run for run in evidence.runs(arm.key, verdict.n) if run.key == (0, 0)), None)
        if run is not None:
            firsts[arm.key] = run
    if len(firsts) < 2 or verdict.chosen.key not in firsts:
        return 0.0
    if len(np.unique(firsts[verdict.chosen.key].groups)) < 2:
        return 0.0  # one group cannot be in bag and out of bag
    classes = len(evidence.data.class_names)
    seed = derive_seed(evidence.settings.seed, "selection")
    corrected, *_ = corrected_metric(firsts, evidence.settings.metric, classes, seed)
    alone, *_ = corrected_metric(
        {verdict.chosen.key: firsts[verdict.chosen.key]}, evidence.settings.metric, classes, seed
    )
    return min(0.0, corrected - alone)


def _arm_report(
    evidence: Evidence, arm: Arm, verdict: Verdict | None, dropped: Mapping[str, str], sizes: Mapping[str, float]
) -> ArmReport:
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
        realised = [trial.measurement.n_realised for trial in evidence.trials(arm.key, "measuring", n)]
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
