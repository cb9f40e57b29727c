"""What would decide an open comparison: the planner's next trials, and the advice where the budget is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from headstart.core import Arm
from headstart.evidence.remedies import Standing, chance_to_decide
from headstart.evidence.spread import fitted_spread
from headstart.studies.comparing import CONFIDENT, FAR_ENOUGH, SideComparison, missing_contenders, missing_favourites
from headstart.studies.evidence import Evidence
from headstart.studies.parts import Parts, of_one_run, of_repeats, of_steps
from headstart.studies.planners.contender_tuning import HELD_OUT, HELD_OUT_PART, recipes_to_try, tuning_seconds
from headstart.studies.state import StudyState

REACH = 4.0  # x the largest size that was reached: beyond it curves mislead
LIKELY = 0.8  # chance to decide that a step must promise; see bench/remedies.py for how often it does
PROMISED = 10.0  # x the labels that an option was run with: further up nothing is promised of it


@dataclass(frozen=True)
class DecidingStep:
    """Trials that may decide, what they cost and how likely they do.

    Attributes:
        n: The size they are run at.
        arms: Arms that are measured there for the first time.
        whole: Arms whose runs there get the steps that they were ended without.
        tuned: Arms that recipes are compared for, at ``tuned_at``.
        tuned_at: Labels that recipes are compared with.
        recipes: So many of each.
        repeats: So many runs of winner and rival each, in the end.
        more: Runs of them that this adds.
        seconds: Of all of it.
        chance: To decide.
    """

    n: int
    arms: tuple[Arm, ...] = ()
    whole: tuple[Arm, ...] = ()
    tuned: tuple[Arm, ...] = ()
    tuned_at: int = 0
    recipes: int = 0
    repeats: int = 1
    more: int = 0
    seconds: float = 0.0
    chance: float = 0.0

    @property
    def likely(self) -> bool:
        """Whether it promises enough to be taken, or told."""
        return self.chance >= LIKELY


def deciding_steps(state: StudyState, seen: SideComparison, needed: float) -> list[DecidingStep]:
    """What may decide an open comparison, the cheapest first; nothing where only one side was measured.

    Args:
        state: Everything that is known.
        seen: The open comparison.
        needed: P(side) that the verdict asks for once that was measured.
    """
    if seen.kind != "undetermined" or seen.rival is None or seen.p_side is None:
        return []
    return sorted((*_here(state, seen, needed), *_elsewhere(state, seen, needed)), key=lambda step: step.seconds)


def chance_with_labels(state: StudyState, seen: SideComparison, factor: float) -> float:
    """P(decided) by a new study with so many times the test examples, or labels of the whole set where folds rotate."""
    evidence = state.evidence
    known = Parts.of(evidence, seen)
    repeats = known.repeats / factor if evidence.rotating else known.repeats  # spread falls about with the root of n
    examples, measured = known.examples.copy(), len(known.measured)
    examples[:measured, :measured] /= factor
    then = known.covariance(examples, repeats, known.untuned)
    return chance_to_decide(known.standing, then, known.standing.seen, seen.margin, CONFIDENT, known.seed, anew=True)


def _here(state: StudyState, seen: SideComparison, needed: float) -> Iterator[DecidingStep]:
    """At the compared size: absent arms, missing steps, paired repeats, alone or together."""
    assert seen.rival is not None
    evidence, n, pair = state.evidence, seen.n, (seen.winner, seen.rival)
    known = Parts.of(evidence, seen)
    place = {arm.key: i for i, arm in enumerate((*known.measured, *known.absent))}
    runs = [len(evidence.trials(arm.key, "measuring", n)) for arm in pair]
    cut = tuple(arm for arm in pair if evidence.steps_left_out(arm.key, n))
    rivals = tuple(arm for arm in known.absent if arm.paradigm != seen.winner.paradigm)
    additions = sorted({(), rivals, known.absent}, key=len)
    if any(_too_far(evidence, arm, n) for arm in known.absent):
        return
    tuning = _Tuning.of(state, pair)
    flags = ((False, True) if cut else (False,), (False, True) if tuning.arms else (False,))
    for target, add, finish, tune in product(range(min(runs), evidence.repeats + 1), additions, *flags):
        more = [max(target - have, 0) for have in runs]
        if not (sum(more) or add or finish) or (tune and not all(more)):  # what tuning finds has to be run
            continue
        repeats, untuned, measured = known.repeats.copy(), known.untuned.copy(), known.standing.seen.copy()
        gains = known.gains.copy()
        examples = known.examples.copy()
        seconds = sum(extra * state.default_seconds(arm, n) for arm, extra in zip(pair, more, strict=True) if extra)
        for arm, extra in zip(pair, more, strict=True):
            repeats[place[arm.key]] = of_repeats(evidence, arm, n, extra)
        for arm in cut if finish else ():
            untuned[place[arm.key]] -= of_steps(evidence, arm, n)
            gains[place[arm.key]] = 0.0
            seconds += _missing_seconds(state, arm, n)
        for arm in tuning.arms if tune else ():
            missing = 0.0 if finish else of_steps(evidence, arm, n)
            untuned[place[arm.key]] = tuning.left(evidence, arm, n) + missing
        for arm in add:
            mate = seen.winner if arm.paradigm == seen.winner.paradigm else seen.rival
            at, like = place[arm.key], place[mate.key]
            examples[at, at], repeats[at] = known.examples[like, like], of_one_run(evidence, mate, n)
            whole = known.untuned[like] - of_steps(evidence, mate, n)  # a new run has all its steps
            untuned[at], measured[at] = whole, True
            seconds += state.default_seconds(arm, n)
        then = known.covariance(examples, repeats, untuned)
        chance = chance_to_decide(known.standing, then, measured, seen.margin, needed, known.seed, gains=gains)
        yield DecidingStep(
            n,
            arms=add,
            whole=cut if finish else (),
            tuned=tuning.arms if tune else (),
            tuned_at=tuning.n if tune else 0,
            recipes=tuning.count if tune else 0,
            repeats=target,
            more=sum(more),
            seconds=seconds + (tuning.seconds if tune else 0.0),
            chance=chance,
        )


def _missing_seconds(state: StudyState, arm: Arm, n: int) -> float:
    """Seconds of the steps that an arm's runs at n were ended without; they go on from before their rate fell."""
    trials = state.evidence.trials(arm.key, "measuring", n)
    return sum(state.seconds(trial.spec.whole) for trial in trials if trial.spec.stopped_at)


def _too_far(evidence: Evidence, arm: Arm, n: int) -> bool:
    """Whether nothing is promised of an arm at n labels."""
    return PROMISED * evidence.sizes(arm.key)[-1] < n


def _elsewhere(state: StudyState, seen: SideComparison, needed: float) -> Iterator[DecidingStep]:
    """At another size that speaks for all labels: winner, rival, and whatever else may be the best of the other side.

    A larger one, or a smaller one where what may be best is too dear, or too little known, at the compared one.
    """
    assert seen.rival is not None
    evidence, pair = state.evidence, (seen.winner, seen.rival)
    known = Parts.of(evidence, seen)
    place = {arm.key: i for i, arm in enumerate((*known.measured, *known.absent))}
    incomplete = bool(missing_favourites(evidence, seen.n))
    for n in sorted(size for size in state.grid if _speaks(state, seen.n, size)):
        if n < seen.n and not incomplete:  # the larger size goes on speaking
            continue
        outlook = evidence.outlook(n)
        if outlook is None or any(arm.key not in outlook.arms for arm in pair):
            continue
        there = [arm.key for arm in evidence.measured_at(n)]
        most = {key: float(np.median(outlook.column(key))) for key in outlook.arms}
        ahead = max(pair, key=lambda arm: most[arm.key]).paradigm  # there, which need not be the side that is here
        others = [arm for arm in missing_contenders(evidence, n) if arm.paradigm != ahead]
        favourites = missing_favourites(evidence, n) if n < seen.n else []
        wanted = tuple(dict.fromkeys([*pair, *others, *favourites]))
        new = tuple(sorted((arm for arm in wanted if arm.key not in there), key=lambda arm: -most[arm.key]))
        if any(_too_far(evidence, arm, n) for arm in new):
            continue
        by_key = {arm.key: arm for arm in evidence.arms}
        keys = tuple(key for key in outlook.arms if key in there or by_key[key] in wanted)
        mine = np.asarray([by_key[key].paradigm == seen.winner.paradigm for key in keys])
        worlds = np.stack([outlook.column(key) for key in keys], 1)
        now = Standing(keys, mine, worlds.mean(0), np.atleast_2d(np.cov(worlds.T)), np.ones(len(keys), dtype=bool))
        like = place[seen.winner.key]
        one_run = known.examples[like, like] + of_one_run(evidence, seen.winner, seen.n) * seen.n / n
        then = np.diag([min(one_run + evidence.untuned(key) ** 2, now.covariance[i, i]) for i, key in enumerate(keys)])
        chance = chance_to_decide(now, then, now.seen, seen.margin, needed, known.seed)
        cut = tuple(arm for arm in pair if arm not in new and evidence.steps_left_out(arm.key, n))
        seconds = sum(state.default_seconds(arm, n) for arm in new)
        seconds += sum(_missing_seconds(state, arm, n) for arm in cut)
        if new or cut:
            yield DecidingStep(n, arms=new, whole=cut, seconds=seconds, chance=chance)


def _speaks(state: StudyState, compared: int, n: int) -> bool:
    """Whether a comparison at n labels takes the place of one at the compared size."""
    return compared < n <= REACH * compared or (n < compared and n * FAR_ENOUGH >= state.pool_size)


@dataclass(frozen=True)
class _Tuning:
    """Recipes of arms that were not tuned: where they are compared, and what it takes.

    Attributes:
        arms: None where no size holds out enough examples.
        n: Labels.
        count: Recipes of each arm.
        seconds: Of all recipes of all arms.
    """

    arms: tuple[Arm, ...]
    n: int = 0
    count: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, state: StudyState, pair: tuple[Arm, ...]) -> _Tuning:
        """At the smallest size that holds out enough examples, or where recipes were compared before."""
        evidence = state.evidence
        before = [trial.spec.n for trial in evidence.trials(role="tuning") if not state.closed_form(trial.spec.arm)]
        enough = before[:1] or [n for n in sorted(state.grid) if n // HELD_OUT_PART >= HELD_OUT][:1]
        if not enough or evidence.learns_from_few_groups:
            return cls(())
        n = enough[0]
        several = [arm for arm in pair if not state.closed_form(arm) and len(state.line_up.recipes(arm, n)) > 1]
        arms = tuple(arm for arm in several if not evidence.tuned(arm.key))
        count = recipes_to_try(state, several, n)
        return cls(arms, n, count, tuning_seconds(state, arms, n, count))

    def left(self, evidence: Evidence, arm: Arm, n: int) -> float:
        """Variance of what better tuning would still move an arm by."""
        draws = evidence.draws(n, [arm])
        assert draws is not None
        error = min(max(1 - float(draws.estimates[0]), 0.0), 1.0)
        return fitted_spread().untuned_left(error, self.n // HELD_OUT_PART) ** 2
