"""From a study's evidence to its verdict: transfer, scratch, hybrid, tie or undetermined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.advice.recommendation import Difference
from headstart.core import Arm
from headstart.evidence import JointDraws
from headstart.studies import Evidence

CONFIDENT = 0.95


@dataclass(frozen=True)
class Verdict:
    """What the evidence at one size says.

    Attributes:
        kind: A paradigm, ``tie`` or ``undetermined``.
        chosen: The arm to use now.
        runner_up: The best arm of the other paradigm, or the next best one if there is no other.
        n: The size of the comparison.
        difference: Chosen minus runner-up, with its 90 % interval.
    """

    kind: str
    chosen: Arm
    runner_up: Arm | None
    n: int
    difference: tuple[float, float, float] | None
    draws: JointDraws


def complete_sizes(evidence: Evidence) -> list[int]:
    """Sizes, ascending, at which every contender was measured: where arms can be compared fairly.

    Contenders are all arms that were measured anywhere and not dropped. A size that the leading arm has not
    reached yet, or failed at, says nothing about which arm is best there.
    """
    dropped = evidence.dropped
    contenders = {arm for arm in evidence.arms if evidence.sizes(arm.key) and arm.key not in dropped}
    return [n for n in evidence.all_sizes if contenders <= set(evidence.measured_at(n))]


def comparison_size(evidence: Evidence) -> int | None:
    """The largest n at which all contenders were measured; the largest that holds both paradigms if there is none."""
    complete = complete_sizes(evidence)
    if complete:
        return complete[-1]
    paradigms = {arm.paradigm for arm in evidence.arms}
    sizes = [n for n in evidence.all_sizes if {arm.paradigm for arm in evidence.measured_at(n)} == paradigms]
    measured = sizes or evidence.all_sizes
    return measured[-1] if measured else None


def decide(evidence: Evidence) -> Verdict | None:
    """Choose the arm on the judge half and compare it at the comparison size; None without measurements.

    The comparison reads the final half, which chose nothing, and every repeat that the two arms share. A tie is
    declared when the whole 90 % interval of the difference lies inside the margin; a win when the better paradigm
    is better in 95 % of the joint draws.
    """
    n = comparison_size(evidence)
    if n is None:
        return None
    arms = evidence.measured_at(n)
    judged = evidence.draws(n, arms, "judge")
    draws = evidence.draws(n, arms, "final")
    assert judged is not None
    assert draws is not None
    by_key = {arm.key: arm for arm in arms}
    ranked = [by_key[judged.arms[i]] for i in np.argsort(-judged.estimates, kind="stable")]
    chosen = ranked[0]
    others = [arm for arm in ranked[1:] if arm.paradigm != chosen.paradigm] or ranked[1:]
    if not others:
        return Verdict("undetermined", chosen, None, n, None, draws)
    rival = others[0]
    pair = evidence.draws(n, [chosen, rival], "final")
    assert pair is not None
    gap, low, high, p_better = pair.difference(chosen.key, rival.key)
    margin = evidence.settings.margin
    if rival.paradigm == chosen.paradigm:
        kind = "undetermined"  # only one paradigm was measured: nothing to compare it with
    elif low >= -margin and high <= margin:
        kind = "tie"
    elif p_better >= CONFIDENT:
        kind = chosen.paradigm
    else:
        kind = "undetermined"
    return Verdict(kind, chosen, rival, n, (gap, low, high), draws)


def differences(evidence: Evidence, reference: Arm) -> tuple[Difference, ...]:
    """Every other arm against the reference, at each size at which both were measured, on the final half."""
    found = []
    for n in evidence.sizes(reference.key):
        for arm in evidence.measured_at(n):
            if arm.key == reference.key:
                continue
            draws = evidence.draws(n, [arm, reference], "final")
            assert draws is not None
            gap, low, high, p_better = draws.difference(arm.key, reference.key)
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
                    verdict=_verdict(low, high, p_better, evidence.settings.margin),
                )
            )
    return tuple(found)


def _verdict(low: float, high: float, p_better: float, margin: float) -> str:
    if low >= -margin and high <= margin:
        return "tie"
    if p_better >= CONFIDENT:
        return "better"
    return "worse" if p_better <= 1 - CONFIDENT else "undetermined"
