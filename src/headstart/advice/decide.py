"""From a study's evidence to its verdict: what was measured, what it leans to, and which arm to use now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from headstart.advice.recommendation import Difference, Leaning
from headstart.core import Arm, derive_seed
from headstart.evidence import JointDraws
from headstart.studies import Evidence
from headstart.studies.planners.rivals import FAR_ENOUGH
from headstart.studies.settings import margin_at

CONFIDENT = 0.95
FEWEST_GROUPS = 6  # of test examples: with fewer nothing is known of how groups differ
POSSIBLE = 0.1  # P(best of its side) of an unmeasured arm that makes a size unfit to compare sides at
REACH = 4.0  # x the largest size that both contenders reached: beyond it curves mislead
CHEAPER = 0.5  # of the winner's seconds: what counts as cheaper
LIKELY = 0.7  # P(better at the target) for which an arm is expected to overtake the one whose model is better now ...
SURELY = 0.9  # ... and for which its model is handed over although the other's is better; see bench/decision.py
SHOWN = 3  # digits of a share that a screen shows
SLACK = 1e-9


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


def needed_confidence(looks: int) -> float:
    """P(side) that a verdict needs after so many earlier looks at the same study.

    The first look may err in 5 %, each further one in half as much: all of them together in 10 % at most, and since
    looks are alike, in much less (alpha spending: Lan and DeMets 1983, *Biometrika* 70, 659).
    """
    return 1 - (1 - CONFIDENT) * 0.5**looks


def complete_sizes(evidence: Evidence) -> list[int]:
    """Sizes, ascending, at which no contender is missing: where the sides can be compared fairly.

    A contender is an arm that takes part and may be the best of its side there. A size that the leading arm has not
    reached yet, or failed at, says nothing about which side is best; one that a hopeless arm never reached does.
    """
    return [n for n in evidence.all_sizes if not missing_contenders(evidence, n)]


def missing_contenders(evidence: Evidence, n: int, possible: float = POSSIBLE) -> list[Arm]:
    """Arms that were not measured at n and are the best of their side there with more than some probability."""
    dropped, there = evidence.dropped, evidence.measured_at(n)
    absent = [arm for arm in evidence.arms if evidence.sizes(arm.key) and arm.key not in dropped and arm not in there]
    return [arm for arm in absent if _contends(evidence, arm, there, n, possible)]


def _contends(evidence: Evidence, arm: Arm, there: list[Arm], n: int, possible: float) -> bool:
    """Whether an arm that was not measured at n may be the best of its side there."""
    mates = [one for one in there if one.paradigm == arm.paradigm]
    if not mates:
        return True
    outlook = evidence.outlook(n)
    if outlook is None or arm.key not in outlook.arms:
        return True
    known = [one.key for one in mates if one.key in outlook.arms]
    return not known or outlook.p_side([arm.key], known) > possible


def comparison_size(evidence: Evidence) -> int | None:
    """The largest n at which both sides, each with its likely best, were measured; else the largest with both sides.

    Arms that may be the best of their side, but likely are not, hold no size back: the verdict allows for them. Nor
    does any arm keep a comparison below a quarter of the labels, where one was made with more: of those, the size
    counts at which the fewest likely best are missing.
    """
    sides = {arm.paradigm for arm in evidence.arms}
    both = [n for n in evidence.all_sizes if {arm.paradigm for arm in evidence.measured_at(n)} == sides]
    complete = [n for n in evidence.all_sizes if not missing_contenders(evidence, n, 0.5)]
    fair = [n for n in complete if n in both] or both or complete or evidence.all_sizes
    far = [n for n in both if FAR_ENOUGH * n >= evidence.pool_size]
    if fair and far and FAR_ENOUGH * fair[-1] < evidence.pool_size:
        return max(far, key=lambda n: (-len(missing_contenders(evidence, n, 0.5)), n))
    return fair[-1] if fair else None


def decide(evidence: Evidence, looks: int = 0, target: int | None = None) -> Verdict | None:
    """Compare the sides at the largest size that both contenders reached; None without measurements.

    The winner is named on the judge half; what is said about it reads the final half, which chose nothing. A tie is
    declared when the whole 90 % interval of the difference lies inside the margin; a win when the best arm of one side
    is better than the best of the other in the draws that :func:`needed_confidence` asks for.

    Args:
        evidence: What was measured.
        looks: Earlier budgets after which the same study was looked at.
        target: Labels that the answer is for; the whole pool if not given.
    """
    n = comparison_size(evidence)
    if n is None:
        return None
    arms = evidence.measured_at(n)
    judged, final = (_tuning_counted(evidence, n, part) for part in ("judge", "final"))
    by_key = {arm.key: arm for arm in arms}
    ranked = [by_key[judged.arms[i]] for i in np.argsort(-judged.estimates, kind="stable")]
    winner = ranked[0]
    others = [arm for arm in ranked[1:] if arm.paradigm != winner.paradigm] or ranked[1:]
    margin = margin_at(evidence.settings, 1 - float(judged.estimates.max()))
    if not others:
        return Verdict("undetermined", winner, None, n, None, final, winner, margin=margin)
    rival = others[0]
    gap, low, high, _ = final.difference(winner.key, rival.key)
    p_within = final.p_within(winner.key, rival.key, margin)
    needed = needed_confidence(looks)
    p_side = None
    kind = "undetermined"
    if rival.paradigm != winner.paradigm:  # else only one side was measured: nothing to compare it with
        p_side = _p_side(evidence, final, arms, winner, n)
        few = 0 < final.groups < FEWEST_GROUPS
        alike = low >= -margin - SLACK and high <= margin + SLACK
        if alike and not few and not missing_contenders(evidence, n):
            kind = "tie"
        elif p_side >= needed and not few:
            kind = winner.paradigm
    leaning = _leaning(evidence, winner, rival, n, target or evidence.pool_size)
    untuned = tuple(arm.key for arm in (winner, rival) if not evidence.tuned(arm.key))
    verdict = Verdict(
        kind, winner, rival, n, (gap, low, high), final, winner, p_side, p_within, margin, needed, leaning, untuned
    )
    return Verdict(**{**verdict.__dict__, "chosen": _to_use(evidence, verdict)})


def _tuning_counted(evidence: Evidence, n: int, part: str) -> JointDraws:
    """Draws at a size that hold what tuning would still move untuned arms by."""
    draws = evidence.draws(n, part=part)
    assert draws is not None
    sd = {key: evidence.untuned(key, n) for key in draws.arms}
    return draws.widened(sd, derive_seed(evidence.settings.seed, "untuned", n)) if any(sd.values()) else draws


def _p_side(evidence: Evidence, draws: JointDraws, arms: list[Arm], winner: Arm, n: int) -> float:
    """P(the winner's side is better at n); a contender of the other side that was not measured there counts too."""
    p_side = draws.p_side(*_sides(arms, winner.paradigm))
    absent = [arm for arm in missing_contenders(evidence, n) if arm.paradigm != winner.paradigm]
    outlook = evidence.outlook(n) if absent else None
    if outlook is None:
        return p_side
    return min(
        p_side, outlook.p_side(*_sides([arm for arm in evidence.arms if arm.key in outlook.arms], winner.paradigm))
    )


def _sides(arms: list[Arm], paradigm: str) -> tuple[list[str], list[str]]:
    return [arm.key for arm in arms if arm.paradigm == paradigm], [a.key for a in arms if a.paradigm != paradigm]


def _leaning(evidence: Evidence, winner: Arm, rival: Arm, n: int, target: int) -> Leaning | None:
    """What the curves lean to beyond the compared size, as far as they help."""
    reached = min(evidence.sizes(arm.key)[-1] for arm in (winner, rival))
    at = int(min(target, REACH * reached))
    outlook = evidence.outlook(at)
    if at <= n or outlook is None:
        return None
    taking_part = [arm for arm in evidence.arms if arm.key in outlook.arms]
    sides = {arm.paradigm: _sides(taking_part, arm.paradigm) for arm in taking_part}
    if len(sides) < 2:
        return None
    chances = {paradigm: outlook.p_side(*of_side) for paradigm, of_side in sides.items()}
    paradigm = max(chances, key=lambda one: chances[one])
    mine, p_side = sides[paradigm][0], chances[paradigm]
    known = dict(zip(outlook.arms, outlook.estimates, strict=True))
    best = max(mine, key=lambda key: known[key])
    now = _best_trained(evidence, mine)
    if not _overtakes(evidence, best, now, at, LIKELY):
        best = now
    return Leaning(n=at, target=target, arm=best, paradigm=paradigm, p_side=p_side, p_best=outlook.p_best(best))


def _to_use(evidence: Evidence, verdict: Verdict) -> Arm:
    """The arm to use now: where sides are open or tied, the cheaper contender that is not worse."""
    lean = verdict.leaning
    best = _best_now(evidence, verdict)
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


def _best_now(evidence: Evidence, verdict: Verdict) -> Arm:
    """The arm whose model, as far as it was trained, is the best; or the one that likely overtakes it at the target."""
    lean = verdict.leaning
    outlook = None if lean is None else evidence.outlook(lean.n)
    if lean is None or outlook is None:
        return verdict.winner
    now = _best_trained(evidence, outlook.arms)
    surely = _overtakes(evidence, lean.arm, now, lean.n, SURELY)
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
        draws = _tuning_counted(evidence, n, "final")
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
