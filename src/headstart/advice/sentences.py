"""The verdict, its reasons and its warnings in words. Every figure comes from a stored trial."""

from __future__ import annotations

import shlex

import numpy as np

from headstart.advice.arm_record import ArmReport
from headstart.advice.decide import Verdict
from headstart.advice.recommendation import MoreLabels, Reason
from headstart.core import Arm, SettingsError
from headstart.evidence import detectable_difference
from headstart.strategies import get_strategy
from headstart.studies import Evidence, StudyState, at_edge, ranked_tuning
from headstart.studies.comparing import FEWEST_GROUPS
from headstart.studies.settings import margin_at
from headstart.training import UNSAVED

EXPECTED_BEHIND = 0.3  # P(side) below which something that was not measured is expected to be ahead
LEANS_FROM = 0.6  # P(side) from which on the curves are said to lean
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
    """What was measured, in one sentence."""
    if verdict is None:
        return "Not determined: nothing was measured yet."
    winner = arm_words(verdict.winner)
    if verdict.runner_up is None or verdict.difference is None:
        return f"Not determined: only {winner} was measured, at {verdict.n:,} labels."
    gap, low, high = verdict.difference
    rival = arm_words(verdict.runner_up)
    settings = " with default settings" if verdict.untuned else ""
    spread = f"{points(abs(gap))} points [{points(low)}, {points(high)}] at {verdict.n:,} labels{settings}"
    leads = f"{winner} {'leads' if gap >= 0 else 'trails'} {rival} by {spread}"
    if points(abs(gap)) == "0.0":
        leads = f"{winner} is level with {rival}, {spread}"
    if verdict.kind == "tie":
        return f"Tie: {winner} and {rival} differ by {spread}, inside the margin of {points(verdict.margin)}."
    if verdict.kind == "undetermined":
        if verdict.runner_up.paradigm == verdict.winner.paradigm:
            return f"Not determined: {leads}; only one side was measured."
        if 0 < verdict.draws.groups < FEWEST_GROUPS:
            return f"Not determined: {leads}; too few groups to say ({verdict.draws.groups} tested)."
        ahead = _expected_ahead(verdict)
        if ahead:
            return f"Not determined: {leads}; {ahead}, not measured there, is expected to be better."
        if low > 0:
            return f"Not determined: {leads}; an option that was not measured there may be better."
        return f"Too close to call: {leads}{_within(verdict)}."
    return f"{PARADIGM_WORDS[verdict.kind]}: {winner} beats {rival} by {spread}."


def _expected_ahead(verdict: Verdict) -> str:
    """The likely best of the other side, where it was not measured at the compared size and is expected to win."""
    seen = verdict.compared
    if seen is None or seen.p_side is None or seen.p_side >= EXPECTED_BEHIND:
        return ""
    others = [arm for arm in seen.absent if arm.paradigm != seen.winner.paradigm]
    leaning = verdict.leaning.arm if verdict.leaning else ""
    likely = sorted(others, key=lambda arm: arm.key != leaning)
    return arm_words(likely[0]) if likely else ""


def _within(verdict: Verdict) -> str:
    if verdict.p_within is None or verdict.p_within < 0.05:
        return ""
    return f"; within {points(verdict.margin)} of each other with probability {verdict.p_within:.2f}"


def leaning_sentence(evidence: Evidence, verdict: Verdict | None) -> str | None:
    """What the curves lean to beyond the compared size, always called an extrapolation."""
    if verdict is None or verdict.leaning is None:
        return None
    lean = verdict.leaning
    leant = next(arm for arm in evidence.arms if arm.key == lean.arm)
    arm = arm_words(leant)
    side = {"scratch": "from scratch", "transfer": "transfer", "hybrid": "hybrid"}[lean.paradigm]
    where = f"At {lean.n:,} labels"
    if lean.n < lean.target:
        where += f" (curves cannot say more about {lean.target:,})"
    sure = f"P = {min(max(lean.p_side, 0.01), 0.99):.2f}"
    if lean.p_side < LEANS_FROM:
        return f"{where}: open which side is better ({side}: {sure}); best guess {arm}; an extrapolation."
    said = f"{where}: leaning to {side} ({sure}), with {arm}; an extrapolation, not a measurement."
    if lean.arm == verdict.chosen.key:
        return said
    words = shlex.join(["--candidate", leant.candidate, "--strategy", leant.strategy])
    return f"{said} To train it: headstart fit DATA {words}."


def action_sentence(evidence: Evidence, verdict: Verdict | None) -> str:
    """What to do now."""
    if verdict is None:
        return "Nothing to use yet: no option finished in the time."
    chosen = arm_words(verdict.chosen)
    n = evidence.sizes(verdict.chosen.key)[-1]
    draws = evidence.draws(n, [verdict.chosen])
    assert draws is not None
    trials = evidence.trials(verdict.chosen.key, "measuring", n)
    seconds = float(np.mean([trial.measurement.seconds for trial in trials]))
    lasts = f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    left_out = min(trial.shortened for trial in trials)
    lasts += f" with {1 - left_out:.0%} of its steps" if left_out else ""
    value = points(float(draws.estimates[0]))
    figure = f"macro-F1 {value}" if evidence.settings.metric == "macro-f1" else f"{value} % {evidence.settings.metric}"
    open_ended = verdict.kind in ("tie", "undetermined") and verdict.runner_up is not None
    why = "; nothing tried is clearly better" if open_ended else ""
    return f"Use {chosen}: {figure} with {n:,} labels, trained in {lasts}{why}."


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
    both = (verdict.winner, verdict.runner_up)
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
    own = next(value for value, arm in timed if arm == verdict.winner)
    if cheapest == verdict.winner or own < 2 * seconds:
        return []
    gap, low, high, _ = verdict.draws.difference(verdict.winner.key, cheapest.key)
    text = (
        f"The cheapest option, {arm_words(cheapest)}, trains {own / max(seconds, 1e-3):.0f} times faster and is "
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
    if verdict and verdict.runner_up is not None:
        compared = (verdict.winner.key, verdict.runner_up.key)
        if min(verdict.draws.repeats[verdict.draws.arms.index(key)] for key in compared) < 2:
            warnings.append("A compared option ran once only: its spread between runs is that of its kind elsewhere.")
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
        warnings.append("No settings were tuned: each option ran with its default settings.")
    if verdict:
        warnings += resolution_warning(evidence)
    return tuple(warnings)


def resolution_warning(evidence: Evidence) -> list[str]:
    """What the test part cannot resolve, if that is much more than what matters; known before anything is trained."""
    tested = evidence.tested()
    if not tested:
        tested = len(evidence.data.labels) if evidence.rotating else len(evidence.splits[0].test)
    smallest = detectable_difference(tested, 0.1)
    if smallest <= 2 * margin_at(evidence.settings, 1.0):
        return []
    return [f"With {tested:,} test examples only differences above about {points(smallest)} points can be seen."]


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
            f"{elsewhere} of {len(measured)} runs used settings tuned on labels beyond their own "
            "(at a larger size or in another repeat)."
        )
    if any(trial.spec.recipe.prior != 1 for trial in measured):
        warnings.append(
            "Rare classes are called more often than they occur, as the metric weighs all classes alike; "
            "probabilities are not those of the data as it is (--metric accuracy gives these)."
        )
    changed = sorted({note for trial in measured for note in trial.measurement.notes})
    return warnings + [f"In training: {note}" for note in changed[:3]]
