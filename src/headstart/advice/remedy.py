"""What would decide an open verdict: the cheapest step that is likely to, by asking the posterior."""

from __future__ import annotations

import numpy as np

from headstart.advice.decide import Verdict
from headstart.advice.sentences import arm_words
from headstart.data.findings import plural
from headstart.studies import StudyState
from headstart.studies.comparing import FAR_ENOUGH, FEWEST_GROUPS, needed_confidence
from headstart.studies.deciding import LIKELY, DecidingStep, chance_with_labels, deciding_steps

LABEL_FACTORS = (1.5, 2.0, 3.0, 4.0)  # x the labels of now
CAME_TRUE = 0.9  # 36 of 40 that were followed in replays (bench/results/remedies.md); eight in ten are promised
SLOWER = 1.3  # prices are uncertain, and other trials may run first
ROUNDING = 10.0  # seconds


def remedy_for(state: StudyState, verdict: Verdict | None) -> str | None:
    """The one step to take if a decision is wanted; None where there is one already."""
    evidence = state.evidence
    if verdict is None:
        return "Allow a larger --budget and run the same command again."
    if verdict.kind != "undetermined":
        return None
    if verdict.runner_up is None or verdict.difference is None or verdict.p_side is None:
        if len({arm.paradigm for arm in evidence.arms}) > 1:
            return "Allow a larger --budget and run the same command again, so that both sides are measured."
        return "Leave --strategy away in a new study, so that both sides are measured."
    if 0 < verdict.draws.groups < FEWEST_GROUPS:
        return f"Add groups: too few were tested ({verdict.draws.groups}) to say how they differ; 20 or more would do."
    assert verdict.compared is not None
    if verdict.compared.untried:
        far = min(n for n in state.grid if FAR_ENOUGH * n >= evidence.pool_size)
        cheapest = min(verdict.compared.untried, key=lambda arm: state.default_seconds(arm, far))
        seconds = SLOWER * (state.default_seconds(cheapest, min(state.grid)) + state.default_seconds(cheapest, far))
        more = f"Allow about {_minutes(seconds)} more (--budget {_budget(state.settings.budget_seconds + seconds)})"
        return f"{more}, so that {arm_words(cheapest)} is measured too."
    steps = deciding_steps(state, verdict.compared, needed_confidence(state.record.looks + 1))
    time = next((step for step in steps if step.likely), None)
    if time is not None:
        seconds = SLOWER * time.seconds
        budget = _budget(state.settings.budget_seconds + seconds + ROUNDING)
        words = f"Allow about {_minutes(seconds)} more (--budget {budget}): {_named(time, verdict)}"
        return f"{words} ({_often()})."
    labels = _more_labels(state, verdict)
    if labels is not None:
        return labels
    return _farther(state, verdict) or "Nothing within reach is likely to decide it: take the option that suits you."


def _farther(state: StudyState, verdict: Verdict) -> str | None:
    """What both options would take with labels that speak for all of them; None where they had as many.

    No chance is told: from so few labels nobody knows what a comparison with many would say.
    """
    assert verdict.runner_up is not None
    enough = [n for n in state.grid if FAR_ENOUGH * n >= state.pool_size]
    if verdict.n in enough:
        return None
    far = min(enough)
    seconds = SLOWER * sum(state.default_seconds(arm, far) for arm in (verdict.winner, verdict.runner_up))
    budget = _budget(state.settings.budget_seconds + seconds + ROUNDING)
    return (
        f"{verdict.n:,} labels say little about {state.pool_size:,}: both options with {far:,} take about "
        f"{_minutes(seconds)} more (--budget {budget}). Whether that decides it, nobody can say from here."
    )


def _named(step: DecidingStep, verdict: Verdict) -> str:
    """What a step runs, in words."""
    assert verdict.runner_up is not None
    pair = {verdict.winner.key, verdict.runner_up.key}
    new = [arm_words(arm) for arm in step.arms]
    if step.n > verdict.n and step.arms:
        both = {arm.key for arm in step.arms} <= pair
        return f"{'the two options' if both else plural(len(new), 'option')} with {step.n:,} labels"
    parts = ["tuning of the two options"] if step.tuned else []
    parts += [f"{' and '.join(new)} with {step.n:,} labels"] if new else []
    parts += ["the steps that runs were ended without"] if step.whole else []
    parts += [f"{plural(step.more, 'run')} of the two options"] if step.more else []
    return " and ".join(parts)


def _more_labels(state: StudyState, verdict: Verdict) -> str | None:
    """More labels of the whole set where folds rotate, else more test labels."""
    assert verdict.compared is not None
    evidence = state.evidence
    for factor in LABEL_FACTORS:
        chance = chance_with_labels(state, verdict.compared, factor)
        if chance >= LIKELY:
            have = len(evidence.data.labels) if evidence.rotating else evidence.tested()
            more = int(np.ceil((factor - 1) * have / 10) * 10)
            what = "labels" if evidence.rotating else "test examples"
            return f"Label about {more:,} more {what} ({_often()})."
    return None


def _often() -> str:
    return f"in replayed studies {round(10 * CAME_TRUE)} of 10 such remedies decided"


def _minutes(seconds: float) -> str:
    return f"{max(10, round(seconds, -1)):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _budget(seconds: float) -> str:
    return f"{int(np.ceil(seconds / 10)) * 10}s" if seconds < 600 else f"{int(np.ceil(seconds / 60))}m"
