"""Negative transfer in a study: does the pretrained start do harm, overall or to some classes, and what then?"""

from __future__ import annotations

import numpy as np

from headstart.advice.decide import Verdict
from headstart.advice.recommendation import NegativeTransfer, SliceHarm
from headstart.advice.sentences import arm_words, points
from headstart.core import Arm
from headstart.evidence.negative_transfer import by_class, harm_by_slice, overall_harm, way_out
from headstart.studies import Evidence

NAMED = 3  # classes in a sentence
WAYS_OUT = {
    "scratch": "train from scratch, or take a candidate from a nearer source",
    "other-candidate": "take one of the other candidates",
    "fewer-layers": "keep fewer of the pretrained layers, or take another candidate, if these classes matter",
}


def negative_transfer(evidence: Evidence, verdict: Verdict | None) -> NegativeTransfer | None:
    """The best transfer arm against the best from-scratch arm, at the size of the comparison.

    Read on the half of the test part that chose nothing, where there are two. Worse by less than the margin counts as
    no harm overall; a class counts as harmed from any difference beyond chance, since margins are of the whole.
    """
    if verdict is None:
        return None
    arms = evidence.measured_at(verdict.n)
    sides = {side: [arm for arm in arms if arm.paradigm == side] for side in ("transfer", "scratch")}
    if not all(sides.values()):
        return None
    best = {side: _best(verdict, of_side) for side, of_side in sides.items()}
    keys = {side: [arm.key for arm in of_side] for side, of_side in sides.items()}
    harms = overall_harm(verdict.draws, keys["transfer"], keys["scratch"], verdict.margin)
    runs = {side: evidence.runs(arm.key, verdict.n, "final") for side, arm in best.items()}
    slices = by_class(evidence.data.labels, evidence.data.class_names)
    paired = {run.key for run in runs["transfer"]} & {run.key for run in runs["scratch"]}
    found = harm_by_slice(runs["transfer"], runs["scratch"], slices) if paired else ()
    harmed = sorted((one for one in found if one.harmed), key=lambda one: one.difference)
    return NegativeTransfer(
        n=verdict.n,
        transfer=best["transfer"].key,
        scratch=best["scratch"].key,
        p_worse=next(harm.p_worse for harm in harms if harm.arm == best["transfer"].key),
        harmful=tuple(harm.arm for harm in harms if harm.harmful),
        classes_checked=sum(not np.isnan(one.difference) for one in found),
        harmed=tuple(
            SliceHarm(
                name=one.name,
                examples=one.examples,
                difference=one.difference,
                low=one.low,
                high=one.high,
                p_adjusted=one.p_adjusted,
            )
            for one in harmed
        ),
        way_out=way_out(harms, found),
    )


def harm_warnings(evidence: Evidence, harm: NegativeTransfer | None) -> tuple[str, ...]:
    """The same in a sentence, where something is harmed."""
    if harm is None or harm.way_out is None:
        return ()
    words = {arm.key: arm_words(arm) for arm in evidence.arms}
    if harm.harmful:
        named = " and ".join(words[key] for key in harm.harmful)
        said = f"Negative transfer: {named} {'does' if len(harm.harmful) == 1 else 'do'} worse than from scratch"
    else:
        classes = ", ".join(f"{one.name} ({points(one.difference)} points)" for one in harm.harmed[:NAMED])
        more = f" and {len(harm.harmed) - NAMED} more" if len(harm.harmed) > NAMED else ""
        said = (
            f"Negative transfer on {len(harm.harmed)} of {harm.classes_checked} classes: {words[harm.transfer]} does "
            f"worse than {words[harm.scratch]} on {classes}{more}"
        )
    return (f"{said}, at {harm.n:,} labels; {WAYS_OUT[harm.way_out]}.",)


def _best(verdict: Verdict, arms: list[Arm]) -> Arm:
    """The winner if it is among them, else the one with the highest metric."""
    if verdict.winner in arms:
        return verdict.winner
    if verdict.runner_up in arms:
        return next(arm for arm in arms if arm == verdict.runner_up)
    estimates = dict(zip(verdict.draws.arms, verdict.draws.estimates, strict=True))
    return max(arms, key=lambda arm: float(estimates[arm.key]))
