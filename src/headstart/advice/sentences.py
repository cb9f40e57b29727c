"""The verdict, its reasons and its warnings in words. Every figure comes from a stored trial."""

from __future__ import annotations

import numpy as np

from headstart.advice.decide import Verdict
from headstart.advice.recommendation import ArmReport, MoreLabels, Reason
from headstart.core import Arm, SettingsError
from headstart.evidence import detectable_difference
from headstart.strategies import get_strategy
from headstart.studies import Evidence, StudyState, at_edge, ranked_tuning
from headstart.training import UNSAVED

PARADIGM_WORDS = {"transfer": "Transfer", "scratch": "From scratch", "hybrid": "Hybrid"}


def arm_words(arm: Arm | ArmReport) -> str:
    """An arm as a phrase, such as ``fine-tuning all of builtin:image``."""
    try:
        return get_strategy(arm.strategy).phrase(arm.candidate)
    except SettingsError:  # a study of a strategy that is no longer installed
        return f"{arm.strategy} of {arm.candidate}"


def points(share: float) -> str:
    """A share as points with one decimal."""
    return f"{100 * share:.1f}"


def verdict_sentence(evidence: Evidence, verdict: Verdict | None) -> str:
    """The answer in one sentence."""
    if verdict is None:
        return "Not determined: nothing was measured yet."
    chosen = arm_words(verdict.chosen)
    if verdict.runner_up is None or verdict.difference is None:
        return f"Not determined: only {chosen} was measured, at {verdict.n:,} labels."
    gap, low, high = verdict.difference
    rival = arm_words(verdict.runner_up)
    spread = f"{points(gap)} points [{points(low)}, {points(high)}] at {verdict.n:,} labels"
    if verdict.kind == "tie":
        return (
            f"Tie: {chosen} and {rival} differ by {spread}, inside your margin of {points(evidence.settings.margin)}."
        )
    if verdict.kind == "undetermined":
        same = verdict.runner_up.paradigm == verdict.chosen.paradigm
        why = "only one paradigm was measured" if same else "the interval holds both signs or nearly so"
        return f"Not determined: {chosen} leads {rival} by {spread}; {why}."
    return f"{PARADIGM_WORDS[verdict.kind]}: {chosen} beats {rival} by {spread}."


def remedy_for(evidence: Evidence, verdict: Verdict | None) -> str | None:
    """What would decide an open verdict: more repeats if they suffice, else more test labels."""
    if verdict is None:
        return "Allow a larger --budget and run the same command again."
    if verdict.kind != "undetermined":
        return None
    if verdict.difference is None or verdict.runner_up is None or _same_side(verdict.chosen, verdict.runner_up):
        if len({arm.paradigm for arm in evidence.arms}) > 1:
            return "Allow a larger --budget and run the same command again, so that both paradigms are measured."
        return "Leave --strategy away in a new study, so that both paradigms are measured."
    gap, low, high = verdict.difference
    width = (high - low) / 2
    # the interval shrinks with the square root of what is measured
    factor = (width / max(abs(gap), evidence.settings.margin, 1e-3)) ** 2
    both = (verdict.chosen, verdict.runner_up)
    measured = [trial for trial in evidence.trials(role="measuring", n=verdict.n) if trial.spec.arm in both]
    repeats = max(1, min(verdict.draws.repeats))
    seconds = sum(t.ended - t.started for t in measured) / max(len(measured), 1) * 2
    if repeats < evidence.repeats:
        more = seconds * (evidence.repeats - repeats)
        minutes, missing = max(1, round(more / 60)), evidence.repeats - repeats
        return (
            f"Allow about {minutes} more minute{'s' if minutes > 1 else ''} "
            f"for {missing} more repeat{'s' if missing > 1 else ''}."
        )
    tested = len(evidence.splits[0].test)
    return f"Label about {max(50, round(tested * max(factor - 1, 0.5), -1)):,.0f} more test examples."


def _same_side(one: Arm, other: Arm) -> bool:
    return one.paradigm == other.paradigm


def reasons_for(
    evidence: Evidence, verdict: Verdict | None, arms: tuple[ArmReport, ...], baseline: float | None
) -> tuple[Reason, ...]:
    """Why, as sentences with figures, each with the trials behind it."""
    if verdict is None:
        return ()
    reasons = [_comparison_reason(evidence, verdict)] if verdict.runner_up else []
    reasons += _simplest_reason(evidence, verdict)
    effort = {
        side: sum(arm.evaluations for arm in arms if arm.paradigm == side and arm.curve)
        for side in ("transfer", "scratch")
    }
    if all(effort.values()):
        tuned = tuple(trial.key for trial in evidence.trials(role="tuning"))
        text = f"Recipes tried: {effort['transfer']} for transfer, {effort['scratch']} for from scratch."
        reasons.append(Reason(text=text, trials=tuned))
    if baseline is not None:
        best = max((point.value for arm in arms for point in arm.curve), default=baseline)
        text = f"Always guessing the commonest class gets {points(baseline)}; the best measured is {points(best)}."
        reasons.append(Reason(text=text))
    return tuple(reasons)


def _keys(evidence: Evidence, arm: Arm, n: int) -> tuple[str, ...]:
    return tuple(trial.key for trial in evidence.trials(arm.key, "measuring", n))


def _comparison_reason(evidence: Evidence, verdict: Verdict) -> Reason:
    assert verdict.runner_up is not None
    both = (verdict.chosen, verdict.runner_up)
    values = [verdict.draws.estimates[verdict.draws.arms.index(arm.key)] for arm in both]
    repeats = [verdict.draws.repeats[verdict.draws.arms.index(arm.key)] for arm in both]
    text = (
        f"At {verdict.n:,} labels: {arm_words(both[0])} {points(values[0])}, {arm_words(both[1])} {points(values[1])} "
        f"({evidence.settings.metric}; {min(repeats)} paired repeat{'s' if min(repeats) > 1 else ''})."
    )
    return Reason(text=text, trials=_keys(evidence, both[0], verdict.n) + _keys(evidence, both[1], verdict.n))


def _simplest_reason(evidence: Evidence, verdict: Verdict) -> list[Reason]:
    """What the cheapest arm would cost in accuracy and save in time."""
    timed = []
    for arm in evidence.measured_at(verdict.n):
        trials = evidence.trials(arm.key, "measuring", verdict.n)
        timed.append((float(np.mean([t.measurement.seconds for t in trials])), arm))
    seconds, cheapest = min(timed, key=lambda pair: pair[0])
    own = next(value for value, arm in timed if arm == verdict.chosen)
    if cheapest == verdict.chosen or own < 2 * seconds:
        return []
    gap, low, high, _ = verdict.draws.difference(verdict.chosen.key, cheapest.key)
    text = (
        f"The cheapest arm, {arm_words(cheapest)}, trains {own / max(seconds, 1e-3):.0f} times faster and is "
        f"{points(gap)} points [{points(low)}, {points(high)}] behind."
    )
    return [Reason(text=text, trials=_keys(evidence, cheapest, verdict.n))]


def more_labels_reason(evidence: Evidence, more: MoreLabels | None) -> tuple[Reason, ...]:
    """What twice the labels would bring, where the chosen arm's curve tells it."""
    if more is None:
        return ()
    arm = next(arm for arm in evidence.arms if arm.key == more.arm)
    text = (
        f"With {more.to:,} labels instead of {more.n:,}, {arm_words(arm)} would gain {points(more.expected)} points "
        f"[{points(more.low)}, {points(more.high)}], if its curve goes on."
    )
    return (Reason(text=text, trials=_keys(evidence, arm, more.n)),)


def warnings_for(
    state: StudyState, verdict: Verdict | None, arms: tuple[ArmReport, ...], might_win: bool
) -> tuple[str, ...]:
    """What a reader should know before relying on the answer, the gravest first."""
    evidence = state.evidence
    warnings = [finding.message for finding in evidence.data.findings if finding.severity != "info"]
    if might_win:
        warnings.append("From scratch had not converged: with more compute it might win.")
    if verdict and verdict.draws.repeats and min(verdict.draws.repeats) < 2:
        warnings.append("Some arms were measured once only; the spread between repeats is an assumption (1 point).")
    warnings += _about_recipes(evidence)
    for name, (cut, limit) in state.record.cut_texts.items():
        warnings.append(f"{cut:,} of {len(evidence.data.labels):,} texts were cut at {limit} tokens for {name}.")
    warnings += state.record.events
    unsaved = [
        note for trial in evidence.trials(role="measuring") for note in trial.measurement.notes if UNSAVED in note
    ]
    warnings += list(dict.fromkeys(unsaved))
    unmeasured = [arm.name for arm in arms if arm.status in ("failed", "not started")]
    if unmeasured:
        warnings.append(f"Not measured: {', '.join(unmeasured)}.")
    untuned = [arm for arm in arms if arm.curve and arm.evaluations == 1 and arm.tuned_at is None]
    if verdict and len(untuned) == len([arm for arm in arms if arm.curve]):
        warnings.append("No recipe was tuned: each arm ran at its default recipe.")
    if verdict:
        warnings += resolution_warning(evidence)
    return tuple(warnings)


def resolution_warning(evidence: Evidence) -> list[str]:
    """What the test part cannot resolve, if that is much more than what matters; known before anything is trained."""
    tested = len(evidence.splits[0].test) if not evidence.rotating else len(evidence.data.labels)
    smallest = detectable_difference(tested, 0.1)
    if smallest <= 2 * evidence.settings.margin:
        return []
    return [
        f"{tested:,} test examples cannot resolve differences under about {points(smallest)} points "
        "(if arms disagree on a tenth of them)."
    ]


def _about_recipes(evidence: Evidence) -> list[str]:
    """What the choice of recipes leaves to be desired."""
    warnings = []
    for arm in evidence.arms:
        tried = [trial.spec.recipe for trial in ranked_tuning(evidence, arm)]
        if tried and at_edge(tried, tried[0]):
            warnings.append(f"The best recipe of {arm.name} lay at the edge of those tried ({tried[0].label}).")
    measured = evidence.trials(role="measuring")
    elsewhere = sum(trial.spec.recipe_informed for trial in measured)
    if elsewhere:
        warnings.append(
            f"{elsewhere} of {len(measured)} measurements used a recipe chosen on labels beyond their own "
            "(at a larger size or in another repeat)."
        )
    changed = sorted({note for trial in measured for note in trial.measurement.notes})
    return warnings + [f"In training: {note}" for note in changed[:3]]
