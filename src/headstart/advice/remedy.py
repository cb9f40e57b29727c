"""What would decide an open verdict: the cheapest step that is likely to, by asking the posterior."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from headstart.advice.decide import FEWEST_GROUPS, REACH, Verdict
from headstart.core import Arm
from headstart.data.findings import plural
from headstart.evidence.remedies import GapVariance, chance_to_decide
from headstart.evidence.spread import fitted_spread
from headstart.studies import Evidence, StudyState
from headstart.studies.planners.contender_tuning import HELD_OUT, HELD_OUT_PART, TUNING_SHARE

LIKELY = 0.75  # chance to decide that a remedy must promise
LABEL_FACTORS = (1.5, 2.0, 3.0, 4.0)  # x the labels of now
TUNING_RECIPES = 3
CARRYING_SHARE = 0.6  # of further time that goes to the two options' larger runs; the rest to others that may be best
SLOWER = 1.3  # prices are uncertain, and other trials run beside the ones that are needed


@dataclass(frozen=True)
class _Remedy:
    """A step, what it costs and how likely it decides."""

    words: str
    chance: float
    seconds: float = 0.0
    labels: int = 0


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
    variance = gap_variance(evidence, verdict)
    steps = [
        *_more_time(state, verdict, variance),
        *_all_steps(state, verdict, variance),
        *_larger_runs(state, verdict, variance),
        *_more_labels(evidence, verdict, variance),
    ]
    likely = [step for step in steps if step.chance >= LIKELY]
    if likely:
        best = min(likely, key=lambda step: (step.labels, step.seconds))
        return f"{best.words} (decides in about {round(10 * best.chance)} of 10 such cases)."
    return "Nothing within reach is likely to decide it: take the option that suits you."


def gap_variance(evidence: Evidence, verdict: Verdict) -> GapVariance:
    """Where the uncertainty of the difference comes from."""
    assert verdict.runner_up is not None
    pair = (verdict.winner, verdict.runner_up)
    total = float((verdict.draws.column(pair[0].key) - verdict.draws.column(pair[1].key)).var())
    repeats = sum(_of_repeats(evidence, arm, verdict.n, 0) for arm in pair)
    untuned = sum(evidence.untuned(arm.key, verdict.n) ** 2 for arm in pair)
    return GapVariance(max(total - repeats - untuned, 0.05 * total), repeats, untuned)


def _of_repeats(evidence: Evidence, arm: Arm, n: int, more: int) -> float:
    """Variance of an arm's mean by the scatter of its runs, after so many more repeats."""
    runs = len(evidence.trials(arm.key, "measuring", n)) + more
    return _of_one_run(evidence, arm, n, more) / runs


def _of_one_run(evidence: Evidence, arm: Arm, n: int, more: int = 0) -> float:
    """Variance of one run by chance, as it will be known after so many more repeats."""
    spread = evidence.spread(arm.key, n)
    freedom = spread.freedom + more
    return spread.sd**2 * freedom / max(freedom - 2, 0.5)


def _more_time(state: StudyState, verdict: Verdict, now: GapVariance) -> list[_Remedy]:
    """More paired repeats at the compared size, with or without tuning first."""
    assert verdict.runner_up is not None
    assert verdict.difference is not None
    evidence, pair = state.evidence, (verdict.winner, verdict.runner_up)
    runs = [len(evidence.trials(arm.key, "measuring", verdict.n)) for arm in pair]
    each = [state.default_seconds(arm, verdict.n) for arm in pair]
    tuning_seconds, untuned_then = _tuning(state, verdict)
    found = []
    for target, tune in product(range(min(runs), evidence.repeats + 1), (False, True)):
        more = [max(target - have, 0) for have in runs]
        if not sum(more) and not tune or (tune and not tuning_seconds):
            continue
        repeats = sum(_of_repeats(evidence, arm, verdict.n, extra) for arm, extra in zip(pair, more, strict=True))
        seconds = SLOWER * sum(extra * price for extra, price in zip(more, each, strict=True))
        if tune:  # it takes its share of the whole budget, and comes before the repeats
            share = SLOWER * tuning_seconds / TUNING_SHARE - state.settings.budget_seconds
            seconds = max(seconds + SLOWER * tuning_seconds, share)
        then = GapVariance(now.examples, repeats, untuned_then if tune else now.untuned).total
        next_look = 1 - (1 - verdict.needed) / 2  # see needed_confidence: each has half the share of the error
        chance = chance_to_decide(verdict.difference[0], now.total, then, verdict.margin, next_look)
        budget = state.settings.budget_seconds + seconds + 10
        done = [*(["tuning"] if tune else []), *([plural(sum(more), "run")] if sum(more) else [])]
        more_time = f"Allow about {_minutes(seconds)} more (--budget {_budget(budget)})"
        words = f"{more_time}: {' and '.join(done)} of the two options"
        found.append(_Remedy(words, chance, seconds))
    return found


def _all_steps(state: StudyState, verdict: Verdict, now: GapVariance) -> list[_Remedy]:
    """The missing steps of runs at the compared size that were ended early."""
    assert verdict.runner_up is not None
    assert verdict.difference is not None
    evidence, pair = state.evidence, (verdict.winner, verdict.runner_up)
    missing = {arm: evidence.steps_left_out(arm.key, verdict.n) for arm in pair}
    if not any(missing.values()):
        return []
    seconds = SLOWER * sum(state.default_seconds(arm, verdict.n) for arm, left in missing.items() if left)
    then = GapVariance(now.examples, now.repeats, now.untuned - sum(left**2 for left in missing.values())).total
    next_look = 1 - (1 - verdict.needed) / 2
    chance = chance_to_decide(verdict.difference[0], now.total, then, verdict.margin, next_look)
    budget = _budget(state.settings.budget_seconds + seconds + 10)
    words = f"Allow about {_minutes(seconds)} more (--budget {budget}): the steps that runs were ended without"
    return [_Remedy(words, chance, seconds)]


def _larger_runs(state: StudyState, verdict: Verdict, now: GapVariance) -> list[_Remedy]:
    """Both options with more of the labels there are, as far as curves say what to expect there."""
    assert verdict.runner_up is not None
    evidence, pair = state.evidence, (verdict.winner, verdict.runner_up)
    found = []
    for n in sorted(size for size in state.grid if verdict.n < size <= REACH * verdict.n):
        outlook = evidence.outlook(n)
        if outlook is None or any(arm.key not in outlook.arms for arm in pair):
            continue
        gap = outlook.column(pair[0].key) - outlook.column(pair[1].key)
        missing = [arm for arm in pair if n not in evidence.sizes(arm.key)]
        one_run = sum(_of_one_run(evidence, arm, verdict.n) for arm in pair) * verdict.n / n  # falls with the root of n
        then = GapVariance(now.examples, one_run, now.untuned).total
        seconds = SLOWER * sum(state.default_seconds(arm, n) for arm in missing) / CARRYING_SHARE
        chance = chance_to_decide(
            float(gap.mean()), max(float(gap.var()), then), then, verdict.margin, 1 - (1 - verdict.needed) / 2
        )
        budget = _budget(state.settings.budget_seconds + seconds + 10)
        words = f"Allow about {_minutes(seconds)} more (--budget {budget}): the two options with {n:,} labels"
        found.append(_Remedy(words, chance, seconds))
    return found


def _tuning(state: StudyState, verdict: Verdict) -> tuple[float, float]:
    """Seconds that tuning takes the contenders that were not tuned, and the variance it then leaves in the difference.

    0 seconds where both were tuned, where nothing can be, or where too few labels hold out enough examples.
    """
    evidence, seconds, left = state.evidence, 0.0, 0.0
    enough = [n for n in sorted(state.grid) if n // HELD_OUT_PART >= HELD_OUT]
    for arm in (verdict.winner, verdict.runner_up):
        assert arm is not None
        if evidence.tuned(arm.key) or not enough:
            left += evidence.untuned(arm.key, verdict.n) ** 2
            continue
        n = enough[0]
        recipes = state.line_up.recipes(arm, n)[:TUNING_RECIPES]
        seconds += sum(state.prices.seconds(arm, recipe, n, "tuning") for recipe in recipes)
        error = 1 - float(verdict.draws.estimates[verdict.draws.arms.index(arm.key)])
        left += fitted_spread().untuned_left(min(max(error, 0.0), 1.0), n // HELD_OUT_PART) ** 2
    return seconds, left


def _more_labels(evidence: Evidence, verdict: Verdict, now: GapVariance) -> list[_Remedy]:
    """More labels of the whole set where folds rotate, else more test labels."""
    assert verdict.difference is not None
    found = []
    for factor in LABEL_FACTORS:
        repeats = now.repeats / factor if evidence.rotating else now.repeats  # spread falls about with the root of n
        then = GapVariance(now.examples / factor, repeats, now.untuned).total
        chance = chance_to_decide(verdict.difference[0], now.total, then, verdict.margin, verdict.needed)
        have = len(evidence.data.labels) if evidence.rotating else evidence.tested()
        more = int(np.ceil((factor - 1) * have / 10) * 10)
        what = "labels" if evidence.rotating else "test examples"
        found.append(_Remedy(f"Label about {more:,} more {what}", chance, labels=more))
    return found


def _minutes(seconds: float) -> str:
    return f"{max(10, round(seconds, -1)):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _budget(seconds: float) -> str:
    return f"{int(np.ceil(seconds / 10)) * 10}s" if seconds < 600 else f"{int(np.ceil(seconds / 60))}m"
