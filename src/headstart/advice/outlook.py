"""What a study's learning curves say beyond its sizes: crossover, head start, what more labels would bring.

Fitted curves speak up to four times the largest size that both sides reached. Where a guard refuses a fit, or there
are fewer than three sizes, only the measured range is reported, from the predictions themselves.
"""

from __future__ import annotations

import numpy as np

from headstart.advice.curve_sentences import crossing_sentence, size
from headstart.advice.measured_range import measured_crossover, measured_head_start
from headstart.advice.recommendation import Crossover, HeadStart, MoreLabels, NextTrials
from headstart.core import Arm, derive_seed
from headstart.evidence import CrossoverDraws, CurveDraws, Labels, gain_of_labels, head_start, next_measurements, saved
from headstart.evidence import find_crossover as find_crossing
from headstart.studies import Evidence
from headstart.studies.comparing import CONFIDENT
from headstart.studies.settings import margin_at

SIDES = ("scratch", "transfer")
REPEATS = 3  # runs of each arm that a proposal holds
LITTLE = 0.01  # bits: a measurement that tells less is not worth proposing
WORTHY = 0.25  # of the bits of the one that tells most: cheap runs that hardly tell anything are no answer


def find_crossover(evidence: Evidence) -> Crossover:
    """From how many labels on from scratch wins, up to the horizon of the fitted curves.

    A curve knows errors only; the joint draws also know which examples each arm gets wrong. So a statement about the
    largest common size is made only where both agree, and else the crossover is not determined.
    """
    measured = measured_crossover(evidence)
    curves = _both_sides(evidence)
    if curves is None or measured.kind in ("unmeasured", "taken over"):
        return measured
    margin = margin_at(evidence.settings, float(min(arm.means.min() for arm in curves.arms)))
    found = find_crossing(curves, tie=margin)
    if found.limited_by or found.horizon <= found.n_max:
        return measured
    kind, statement = found.statement, crossing_sentence(found, margin)
    share = measured.p_crossed if measured.p_crossed is not None else 0.0
    if (kind == "crossed" and share < CONFIDENT) or (kind == "none" and share > 1 - CONFIDENT):
        kind = "undetermined"
        statement = (
            f"not determined: the fitted curves say so with {found.p_by_horizon:.0%} of their draws up to "
            f"n = {size(found.horizon)}, the paired predictions with {share:.0%} at n = {size(found.n_max)}"
        )
    proposal = _next(evidence, curves, found) if kind == "undetermined" else None
    if proposal is not None:
        statement += "; " + _proposal(evidence, proposal)
    low, high = found.interval
    return Crossover(
        statement=statement,
        kind=kind,
        n=_finite(found.quantile(0.5)),
        low=_finite(low),
        high=_finite(high),
        horizon=int(found.horizon),
        n_max=int(found.n_max),
        p_crossed=found.p_crossed,
        p_by_horizon=found.p_by_horizon,
        next=proposal,
    )


def find_head_start(evidence: Evidence) -> HeadStart:
    """How many from-scratch labels the pretrained start is worth, for the transfer arm that leads.

    Answered at the largest size whose match certainly lies within the horizon, else at the largest that probably does.
    """
    curves = _both_sides(evidence)
    scratch = None if curves is None else _leader(curves, "scratch")
    if curves is None or scratch is None or curves.guarded[curves.index(scratch)]:
        return measured_head_start(evidence)
    leader = _leader(curves, "transfer")
    reach = float(curves.arms[curves.index(scratch)].sizes[-1])
    if leader is None:
        return measured_head_start(evidence)
    sizes = [float(n) for n in curves.arms[curves.index(leader)].sizes if n <= reach]
    matches = {n: head_start(curves, leader, n) for n in sizes if np.isfinite(curves.interval(leader, n)[0])}
    known = [n for n, labels in matches.items() if _inside(labels, 0.95)] or [
        n for n, labels in matches.items() if _inside(labels, 0.5)
    ]
    if not known:
        return measured_head_start(evidence)
    return _as_record(evidence, matches[max(known)], leader, scratch, int(max(known)), reach)


def more_labels(evidence: Evidence, arm: Arm) -> MoreLabels | None:
    """What twice the labels would bring an arm; None where its curve is not extrapolated."""
    curves = evidence.curves()
    if curves is None or arm.key not in [known.arm for known in curves.arms]:
        return None
    n = int(curves.arms[curves.index(arm.key)].sizes[-1])
    gain = gain_of_labels(curves, arm.key, float(n))
    if gain is None:
        return None
    return MoreLabels(
        arm=arm.key,
        n=n,
        to=int(gain.to),
        expected=gain.expected,
        low=gain.low,
        high=gain.high,
        labels_per_point=_finite(gain.labels_per_point),
    )


def _both_sides(evidence: Evidence) -> CurveDraws | None:
    """The fitted curves, where both sides have a range of sizes in common."""
    curves = evidence.curves()
    if curves is None:
        return None
    sides = [[curves.arms[i].sizes for i in curves.of_paradigm(side)] for side in SIDES]
    if not all(sides):
        return None
    start = max(min(float(sizes[0]) for sizes in side) for side in sides)
    end = min(max(float(sizes[-1]) for sizes in side) for side in sides)
    return curves if start <= end else None


def _leader(curves: CurveDraws, paradigm: str) -> str | None:
    """The arm of a side that is most often the best at the largest size both reached; None if none is known."""
    end = min(max(float(curves.arms[i].sizes[-1]) for i in curves.of_paradigm(side)) for side in SIDES)
    share, best = max((float(curves.p_best_of(paradigm, end)[i]), i) for i in curves.of_paradigm(paradigm))
    return curves.arms[best].arm if share > 0 else None


def _inside(labels: Labels, share: float) -> bool:
    """Whether this share of the draws finds its match within the horizon, and above the smallest size."""
    return bool(np.isfinite(labels.quantile(share)) and labels.quantile(0.5) > labels.smallest * 1.001)


def _as_record(evidence: Evidence, labels: Labels, leader: str, scratch: str, n: int, reach: float) -> HeadStart:
    middle, (low, high) = labels.quantile(0.5), labels.interval
    seconds, *_ = saved(labels, n, evidence.seconds_by_size(scratch), evidence.seconds_by_size(leader))
    upper = size(high) if np.isfinite(high) else f"more than {size(labels.horizon)}"
    beyond = middle > reach * 1.001
    return HeadStart(
        statement=f"{n:,} labels with a pretrained start do as well as about {size(middle)} from scratch "
        f"({size(low)} to {upper}{', extrapolated' if beyond else ''})",
        n=n,
        examples=middle,
        multiplier=middle / n,
        low=low / n,
        high=_finite(high / n),
        extrapolated=beyond,
        seconds=_finite(seconds),
    )


def _next(evidence: Evidence, curves: CurveDraws, found: CrossoverDraws) -> NextTrials | None:
    """The measurement that tells most for each second, by what trials took so far."""
    priced = {arm.arm: evidence.seconds_by_size(arm.arm) for arm in curves.arms}
    proposals = next_measurements(
        curves,
        found,
        *([curves.arms[i].arm for i in curves.of_paradigm(side)] for side in SIDES),
        repeats=REPEATS,
        seconds=lambda arm, n: max(float(priced[arm].at(np.asarray([n]))[0]), 1e-3),
        seed=derive_seed(evidence.settings.seed, "next"),
    )
    most = max((proposal.bits for proposal in proposals), default=0.0)
    if most < LITTLE:
        return None
    best = next(proposal for proposal in proposals if proposal.bits >= WORTHY * most)
    missing = max(0, int(best.n) - evidence.pool_size)
    return NextTrials(arms=best.arms, n=int(best.n), repeats=best.repeats, seconds=best.seconds, missing_labels=missing)


def _proposal(evidence: Evidence, proposal: NextTrials) -> str:
    names = {arm.key: arm.name for arm in evidence.arms}
    what = f"measure {' and '.join(names[key] for key in proposal.arms)} with {proposal.n:,} labels next"
    return f"label about {proposal.missing_labels:,} more, and {what}" if proposal.missing_labels else what


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
