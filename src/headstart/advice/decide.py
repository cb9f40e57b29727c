"""From a study's evidence to its verdict: what was measured, what it leans to, and which arm to use now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from headstart.advice.recommendation import Difference, Leaning
from headstart.core import Arm
from headstart.evidence import JointDraws
from headstart.studies import Evidence
from headstart.studies.comparing import CONFIDENT, SLACK, SideComparison, compare, tuning_counted
from headstart.studies.deciding import REACH
from headstart.studies.settings import margin_at

CHEAPER = 0.5  # of the winner's seconds: what counts as cheaper
LIKELY = 0.7  # P(better at the target) for which an arm is expected to overtake the one whose model is better now ...
SURELY = 0.9  # ... and for which its model is handed over although the other's is better; see bench/decision.py
SHOWN = 3  # digits of a share that a screen shows


@dataclass(frozen=True)
class Verdict:
    """What the evidence at one size says, and what follows.

    Attributes:
        kind: A side, ``tie`` or ``undetermined``.
        winner: The best arm at the compared size.
        runner_up: The best arm of the other side, or the next best one if there is no other.
        n: The size of the comparison.
        difference: Winner minus runner-up, with its 90 % interval.
        draws: Of every arm at this size, untuned recipes accounted for.
        chosen: The arm to use now.
        p_side: P(the best of the winner's side beats the best of the other).
        p_within: P(the two differ by no more than the margin).
        margin: The margin that counted.
        needed: What ``p_side`` must reach: each further look at the same study has a smaller share of the error.
        leaning: What to expect at the target size; None where that is the compared size.
        untuned: Keys of contenders whose recipe was not tuned.
        compared: The comparison behind it.
    """

    kind: str
    winner: Arm
    runner_up: Arm | None
    n: int
    difference: tuple[float, float, float] | None
    draws: JointDraws
    chosen: Arm
    p_side: float | None = None
    p_within: float | None = None
    margin: float = 0.01
    needed: float = CONFIDENT
    leaning: Leaning | None = None
    untuned: tuple[str, ...] = ()
    compared: SideComparison | None = None


def decide(evidence: Evidence, looks: int = 0, target: int | None = None, *, refits: bool = True) -> Verdict | None:
    """Compare the sides (see :func:`headstart.studies.comparing.compare`), and say what follows; None without trials.

    Args:
        evidence: What was measured.
        looks: Earlier budgets after which the same study was looked at.
        target: Labels that the answer is for; the whole pool if not given.
        refits: Whether, where test parts rotate, the arm to use can still be trained on every label.
    """
    seen = compare(evidence, looks)
    if seen is None:
        return None
    leaning = _leaning(evidence, seen, target or evidence.pool_size)
    pair = [arm for arm in (seen.winner, seen.rival) if arm is not None]
    verdict = Verdict(
        kind=seen.kind,
        winner=seen.winner,
        runner_up=seen.rival,
        n=seen.n,
        difference=seen.difference,
        draws=seen.draws,
        chosen=seen.winner,
        p_side=seen.p_side,
        p_within=seen.p_within,
        margin=seen.margin,
        needed=seen.needed,
        leaning=leaning,
        untuned=tuple(arm.key for arm in pair if not evidence.tuned(arm.key)) if seen.rival else (),
        compared=seen,
    )
    return replace(verdict, chosen=_to_use(evidence, verdict, refits)) if seen.rival else verdict


def _sides(arms: list[Arm], paradigm: str) -> tuple[list[str], list[str]]:
    return [arm.key for arm in arms if arm.paradigm == paradigm], [a.key for a in arms if a.paradigm != paradigm]


def _leaning(evidence: Evidence, seen: SideComparison, target: int) -> Leaning | None:
    """What the curves lean to beyond the compared size, or there for options that were not measured at it."""
    if seen.rival is None:
        return None
    reached = min(evidence.sizes(arm.key)[-1] for arm in (seen.winner, seen.rival))
    at = int(min(target, REACH * reached))
    outlook, as_it_ran = evidence.outlook(at), evidence.outlook(at, missing_steps=False)
    if at < seen.n or (at == seen.n and not seen.absent) or outlook is None or as_it_ran is None:
        return None
    taking_part = [arm for arm in evidence.arms if arm.key in outlook.arms]
    sides = {arm.paradigm: _sides(taking_part, arm.paradigm) for arm in taking_part}
    if len(sides) < 2:
        return None
    # steps that were not done may speak against what the curves lean to, and for nothing
    chances = {side: min(one.p_side(*of_side) for one in (outlook, as_it_ran)) for side, of_side in sides.items()}
    paradigm = max(chances, key=lambda one: chances[one])
    if chances[paradigm] <= 1 / len(sides):  # all hangs on those steps: what is at hand is the better guess
        at_hand = _best_trained(evidence, outlook.arms)
        paradigm = next(side for side, (mine, _) in sides.items() if at_hand in mine)
    mine, p_side = sides[paradigm][0], max(chances[paradigm], 1 / len(sides))
    known = dict(zip(outlook.arms, outlook.estimates, strict=True))
    best = max(mine, key=lambda key: known[key])
    now = _best_trained(evidence, mine)
    if not _overtakes(evidence, best, now, at, LIKELY):
        best = now
    return Leaning(n=at, target=target, arm=best, paradigm=paradigm, p_side=p_side, p_best=outlook.p_best(best))


def _to_use(evidence: Evidence, verdict: Verdict, refits: bool) -> Arm:
    """The arm to use now: where sides are open or tied, the cheaper contender that is not worse."""
    lean = verdict.leaning
    best = _best_now(evidence, verdict, refits)
    rival = verdict.runner_up
    if verdict.kind not in ("tie", "undetermined") or rival is None:
        return best
    for cheaper, dearer in ((rival, best), (verdict.winner, best)):
        if cheaper.key == dearer.key or verdict.n not in evidence.sizes(dearer.key):
            continue
        spent = [_seconds(evidence, arm, verdict.n) for arm in (cheaper, dearer)]
        as_large = evidence.sizes(cheaper.key)[-1] >= evidence.sizes(dearer.key)[-1]
        lead = verdict.draws.column(dearer.key) - verdict.draws.column(cheaper.key)
        not_worse = float((lead > verdict.margin).mean()) < 0.5 and (lean is None or lean.p_side < CONFIDENT)
        if as_large and not_worse and spent[0] < CHEAPER * spent[1]:
            return cheaper
    return best


def _best_now(evidence: Evidence, verdict: Verdict, refits: bool) -> Arm:
    """The arm whose model, as far as it was trained, is the best; or the one that likely overtakes it at the target.

    Without a refit on every label, the latter only where its model is not worse than the other by more than the margin.
    """
    lean = verdict.leaning
    outlook = None if lean is None else evidence.outlook(lean.n)
    if lean is None or outlook is None:
        measured = [arm.key for arm in evidence.arms if evidence.sizes(arm.key)]
        further = any(evidence.sizes(key)[-1] > verdict.n for key in measured)
        best = _best_trained(evidence, measured) if further else verdict.winner.key
        return next(arm for arm in evidence.arms if arm.key == best)
    now = _best_trained(evidence, outlook.arms)
    surely = _overtakes(evidence, lean.arm, now, lean.n, SURELY)
    if surely and not (evidence.rotating and refits):  # nothing trains it on every label: its model has to do as it is
        surely = _as_trained(evidence, lean.arm) >= _as_trained(evidence, now) - verdict.margin
    return next(arm for arm in evidence.arms if arm.key == (lean.arm if surely else now))


def _best_trained(evidence: Evidence, keys: Iterable[str]) -> str:
    """The arm whose model, as far as it was trained, is the best; of two that read the same, that of more labels."""
    return max(keys, key=lambda key: (round(_as_trained(evidence, key), SHOWN), evidence.sizes(key)[-1]))


def _overtakes(evidence: Evidence, arm: str, now: str, n: int, probability: float) -> bool:
    """Whether an arm at n labels is better than another as far as that was trained, or at n, so probably."""
    there, at_hand = evidence.outlook(n), evidence.outlook(max(n, evidence.sizes(now)[-1]))
    assert there is not None
    assert at_hand is not None
    return float((there.column(arm) > at_hand.column(now)).mean()) >= probability


def _as_trained(evidence: Evidence, key: str) -> float:
    """The expected metric of an arm at the largest size it was trained at."""
    arm = next(arm for arm in evidence.arms if arm.key == key)
    draws = evidence.draws(evidence.sizes(key)[-1], [arm])
    assert draws is not None
    return float(draws.estimates[0])


def _seconds(evidence: Evidence, arm: Arm, n: int) -> float:
    trials = evidence.trials(arm.key, "measuring", n)
    return float(np.mean([trial.measurement.seconds for trial in trials])) if trials else np.inf


def differences(evidence: Evidence, reference: Arm) -> tuple[Difference, ...]:
    """Every other arm against the reference, at each size at which both were measured, on the final half."""
    found = []
    for n in evidence.sizes(reference.key):
        draws = tuning_counted(evidence, n, "final")
        for arm in evidence.measured_at(n):
            if arm.key == reference.key:
                continue
            gap, low, high, p_better = draws.difference(arm.key, reference.key)
            error = 1 - max(float(draws.estimates[draws.arms.index(key)]) for key in (arm.key, reference.key))
            found.append(
                Difference(
                    arm=arm.key,
                    reference=reference.key,
                    n=n,
                    difference=gap,
                    low=low,
                    high=high,
                    p_better=p_better,
                    repeats=draws.repeats[draws.arms.index(arm.key)],
                    verdict=_verdict(low, high, p_better, margin_at(evidence.settings, error)),
                )
            )
    return tuple(found)


def _verdict(low: float, high: float, p_better: float, margin: float) -> str:
    if low >= -margin - SLACK and high <= margin + SLACK:
        return "tie"
    if p_better >= CONFIDENT:
        return "better"
    return "worse" if p_better <= 1 - CONFIDENT else "undetermined"
