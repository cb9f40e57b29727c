"""From a study's evidence to its verdict: transfer, scratch, hybrid, tie or undetermined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.advice.recommendation import Crossover, Difference, HeadStart
from headstart.core import Arm
from headstart.evidence import JointDraws, crossing, labels_to_match
from headstart.studies import StudyView

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


def complete_sizes(view: StudyView) -> list[int]:
    """Sizes, ascending, at which every contender was measured: where arms can be compared fairly.

    Contenders are all arms that were measured anywhere and not dropped. A size that the leading arm has not
    reached yet, or failed at, says nothing about which arm is best there.
    """
    dropped = view.dropped
    contenders = {arm for arm in view.arms if view.sizes(arm.key) and arm.key not in dropped}
    return [n for n in view.all_sizes if contenders <= set(view.measured_at(n))]


def comparison_size(view: StudyView) -> int | None:
    """The largest n at which all contenders were measured; the largest that holds both paradigms if there is none."""
    complete = complete_sizes(view)
    if complete:
        return complete[-1]
    paradigms = {arm.paradigm for arm in view.arms}
    sizes = [n for n in view.all_sizes if {arm.paradigm for arm in view.measured_at(n)} == paradigms]
    return (sizes or view.all_sizes or [None])[-1]


def decide(view: StudyView) -> Verdict | None:
    """Choose the arm on the judge half and compare it at the comparison size; None without measurements.

    The comparison reads the final half, which chose nothing, and every repeat that the two arms share. A tie is
    declared when the whole 90 % interval of the difference lies inside the margin; a win when the better paradigm
    is better in 95 % of the joint draws.
    """
    n = comparison_size(view)
    if n is None:
        return None
    arms = view.measured_at(n)
    judged = view.draws(n, arms, "judge")
    draws = view.draws(n, arms, "final")
    assert judged is not None
    assert draws is not None
    by_key = {arm.key: arm for arm in arms}
    ranked = [by_key[judged.arms[i]] for i in np.argsort(-judged.estimates, kind="stable")]
    chosen = ranked[0]
    others = [arm for arm in ranked[1:] if arm.paradigm != chosen.paradigm] or ranked[1:]
    if not others:
        return Verdict("undetermined", chosen, None, n, None, draws)
    rival = others[0]
    pair = view.draws(n, [chosen, rival], "final")
    assert pair is not None
    gap, low, high, p_better = pair.difference(chosen.key, rival.key)
    margin = view.settings.margin
    if rival.paradigm == chosen.paradigm:
        kind = "undetermined"  # only one paradigm was measured: nothing to compare it with
    elif low >= -margin and high <= margin:
        kind = "tie"
    elif p_better >= CONFIDENT:
        kind = chosen.paradigm
    else:
        kind = "undetermined"
    return Verdict(kind, chosen, rival, n, (gap, low, high), draws)


def differences(view: StudyView, reference: Arm) -> tuple[Difference, ...]:
    """Every other arm against the reference, at each size at which both were measured, on the final half."""
    found = []
    for n in view.sizes(reference.key):
        for arm in view.measured_at(n):
            if arm.key == reference.key:
                continue
            draws = view.draws(n, [arm, reference], "final")
            assert draws is not None
            gap, low, high, p_better = draws.difference(arm.key, reference.key)
            found.append(
                Difference(
                    arm=arm.key, reference=reference.key, n=n, difference=gap, low=low, high=high, p_better=p_better,
                    repeats=draws.repeats[draws.arms.index(arm.key)],
                    verdict=_verdict(low, high, p_better, view.settings.margin),
                )
            )  # fmt: skip
    return tuple(found)


def _verdict(low: float, high: float, p_better: float, margin: float) -> str:
    if low >= -margin and high <= margin:
        return "tie"
    if p_better >= CONFIDENT:
        return "better"
    return "worse" if p_better <= 1 - CONFIDENT else "undetermined"


def envelopes(view: StudyView) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Best scratch and best transfer metric, draw by draw, at each size that all contenders reached.

    Returns:
        Sizes (S,), scratch (draws, S), transfer (draws, S); None if no size has both.
    """
    sizes, scratch, transfer = [], [], []
    for n in complete_sizes(view):
        arms = view.measured_at(n)
        sides = {side: [arm.key for arm in arms if arm.paradigm == side] for side in ("scratch", "transfer")}
        if not all(sides.values()):
            continue
        draws = view.draws(n, arms)
        assert draws is not None
        sizes.append(n)
        scratch.append(np.max([draws.column(key) for key in sides["scratch"]], 0))
        transfer.append(np.max([draws.column(key) for key in sides["transfer"]], 0))
    if not sizes:
        return None
    return np.asarray(sizes, dtype=float), np.stack(scratch, 1), np.stack(transfer, 1)


def find_crossover(view: StudyView) -> Crossover:
    """From how many labels on from scratch wins, as far as was measured; nothing is said beyond."""
    curves = envelopes(view)
    if curves is None:
        return Crossover(statement="not measured: no size has both paradigms", horizon=0)
    sizes, scratch, transfer = curves
    found = crossing(sizes, scratch, transfer)
    horizon = int(sizes[-1])
    if found.p_crossed <= 1 - CONFIDENT:
        return Crossover(statement=f"not seen up to {horizon:,} labels: transfer leads throughout", horizon=horizon)
    middle, low, high = found.quantile(0.5), found.quantile(0.05), found.quantile(0.95)
    if found.p_crossed < CONFIDENT:
        return Crossover(
            statement=f"not determined up to {horizon:,} labels ({found.p_crossed:.0%} of the draws cross)",
            low=_finite(low), horizon=horizon,
        )  # fmt: skip
    if middle <= sizes[0]:
        statement = f"already crossed at {int(sizes[0]):,} labels: from scratch leads wherever it was measured"
        return Crossover(statement=statement, n=float(sizes[0]), horizon=horizon)
    statement = f"from scratch overtakes near {_round(middle)} labels, between {_round(low)} and {_round(high)}"
    return Crossover(statement=statement, n=middle, low=_finite(low), high=_finite(high), horizon=horizon)


def find_head_start(view: StudyView) -> HeadStart:
    """How many from-scratch labels the pretrained start is worth, inside the measured range.

    Answered at the largest size whose match still lies inside the range, else "more than".
    """
    curves = envelopes(view)
    if curves is None:
        return HeadStart(statement="not measured: no size has both paradigms")
    sizes, scratch, transfer = curves
    for index in range(len(sizes) - 1, -1, -1):
        n = int(sizes[index])
        needed = labels_to_match(sizes, scratch, transfer[:, index])
        low, middle, high = (np.quantile(needed, share, method="nearest") for share in (0.05, 0.5, 0.95))
        if np.isfinite(middle) and middle > sizes[0]:
            upper = _round(high) if np.isfinite(high) else f"more than {int(sizes[-1]):,}"
            return HeadStart(
                statement=f"{n:,} labels with a pretrained start do as well as about {_round(middle)} from scratch "
                f"({_round(low)} to {upper})",
                n=n, examples=float(middle), multiplier=float(middle / n), low=float(low / n),
                high=_finite(high / n),
            )  # fmt: skip
    n = int(sizes[0])
    beyond = (labels_to_match(sizes, scratch, transfer[:, 0]) > sizes[-1]).mean()
    if beyond > 0.5:
        statement = f"{n:,} labels with a pretrained start beat {int(sizes[-1]):,} from scratch, the most measured"
        return HeadStart(statement=statement, n=n, low=float(sizes[-1] / n))
    return HeadStart(statement=f"none: from scratch is as good from {n:,} labels on", n=n)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _round(value: float) -> str:
    """Two significant digits: the intervals are never better than that."""
    if not np.isfinite(value):
        return "beyond the measured range"
    digits = max(0, int(np.floor(np.log10(max(value, 1)))) - 1)
    return f"{round(value / 10**digits) * 10**digits:,.0f}"
