"""Build the documented answer from a study's evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from headstart.advice.arm_record import ArmReport
from headstart.advice.arm_reports import arm_report
from headstart.advice.before import known_before
from headstart.advice.curve_sentences import target_sentence
from headstart.advice.decide import Verdict, decide, differences
from headstart.advice.harm import harm_warnings, negative_transfer
from headstart.advice.outlook import find_crossover, find_head_start, more_labels
from headstart.advice.recommendation import Costs, Crossover, HeadStart, MetricValue, Recommendation
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
from headstart.studies import Evidence, StudyState, Trial
from headstart.studies.settings import margin_at


def recommend(
    state: StudyState, *, spent_seconds: float, model_sizes: Mapping[str, float] = {}, refits: bool = True
) -> Recommendation:
    """Answer the study's question with what has been measured so far.

    Args:
        state: The study; nothing may have been measured yet.
        spent_seconds: Working time so far.
        model_sizes: Megabytes on disk by arm key.
        refits: Whether, where test parts rotate, the arm to use can still be trained on every label.
    """
    evidence, record = state.evidence, state.record
    verdict = decide(evidence, record.looks, state.target_size, refits=refits)
    reasons = {key: dropped.reason for key, dropped in record.dropped.items()}
    arms = tuple(
        arm_report(evidence, arm, verdict, reasons, model_sizes, _feature_seconds(state, arm)) for arm in evidence.arms
    )
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
    p_best, expected_regret, p_best_n = _certainty(evidence, verdict)
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
        p_best=p_best,
        expected_regret=expected_regret,
        p_best_n=p_best_n,
        runner_up=_runner_up(verdict),
        baseline=baseline,
        crossover=crossover,
        head_start=head_start,
        more_labels=more,
        negative_transfer=harm,
        trained_on=_learnt(evidence, verdict),
        trained_share=1 - _kept(evidence, verdict).shortened if verdict else 1.0,
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


def _feature_seconds(state: StudyState, arm: Arm) -> float:
    """Seconds to compute the frozen features of one example, as far as an arm uses them and prices know."""
    known = (state.record.rates or {}).get("by_work", {}).get(f"embed|{arm.candidate}|0")
    return float(known["seconds"]) if known and state.closed_form(arm) else 0.0


def _learnt(evidence: Evidence, verdict: Verdict | None) -> int | None:
    """Labels that the model of the arm to use has seen."""
    if verdict is None:
        return None
    n = evidence.sizes(verdict.chosen.key)[-1]
    return max(trial.measurement.n_realised for trial in evidence.trials(verdict.chosen.key, "measuring", n)) or n


def _kept(evidence: Evidence, verdict: Verdict) -> Trial:
    """The trial whose model is handed over."""
    found = evidence.trials(verdict.chosen.key, "measuring")
    return max(found, key=lambda trial: (trial.spec.n, -trial.spec.repeat))


def _certainty(evidence: Evidence, verdict: Verdict | None) -> tuple[float | None, float | None, int | None]:
    """P(best) and the expected loss of the arm to use, and at how many labels: those of the answer, if curves speak.

    None where it was not measured, or where it is not the best there and is to be used for what it reached with more
    labels: few of them say nothing about that.
    """
    if verdict is None:
        return None, None, None
    n = verdict.leaning.n if verdict.leaning else verdict.n
    draws, key = evidence.outlook(n) if verdict.leaning else verdict.draws, verdict.chosen.key
    if draws is None or key not in draws.arms:
        return None, None, None
    best = draws.arms[int(np.argmax(draws.estimates))] if verdict.leaning else verdict.winner.key
    if key != best and evidence.sizes(key)[-1] > n:
        return None, None, None
    return float(draws.p_best(key)), float(draws.expected_regret(key)), n


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
