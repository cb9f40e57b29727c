"""The comparison of the sides at one size: where it is fair, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.core import Arm, SettingsError, derive_seed
from headstart.evidence import JointDraws
from headstart.strategies import get_strategy, only_heads
from headstart.studies.evidence import Evidence
from headstart.studies.settings import margin_at

CONFIDENT = 0.95
FEWEST_GROUPS = 6  # of test examples: with fewer nothing is known of how groups differ
POSSIBLE = 0.1  # P(best of its side) of an unmeasured arm that counts against the other side, and rules out a tie
FAR_ENOUGH = 4  # no single arm keeps the comparison below the pool over this
SLACK = 1e-9


@dataclass(frozen=True)
class SideComparison:
    """What the evidence at one size says about the sides.

    Attributes:
        kind: A side, ``tie`` or ``undetermined``.
        n: The size.
        winner: The best arm there.
        rival: The best arm of the other side, or the next best one if there is no other; None for one arm alone.
        difference: Winner minus rival, with its 90 % interval; None without a rival.
        draws: Of every arm at this size, untuned recipes accounted for.
        margin: The margin that counted.
        needed: What ``p_side`` must reach: each further look at the same study has a smaller share of the error.
        p_side: P(the best of the winner's side beats the best of the other); None where only one was measured.
        p_within: P(winner and rival differ by no more than the margin).
        absent: Arms that were not measured here and may be the best of their side; they count in ``p_side``.
        untried: Options that move pretrained weights, of starts of which none was run although from scratch leads.
    """

    kind: str
    n: int
    winner: Arm
    rival: Arm | None
    difference: tuple[float, float, float] | None
    draws: JointDraws
    margin: float
    needed: float = CONFIDENT
    p_side: float | None = None
    p_within: float | None = None
    absent: tuple[Arm, ...] = ()
    untried: tuple[Arm, ...] = ()


def needed_confidence(looks: int) -> float:
    """P(side) that a verdict needs after so many earlier looks at the same study.

    The first look may err in 5 %, each further one in half as much: all of them together in 10 % at most, and since
    looks are alike, in much less (alpha spending: Lan and DeMets 1983, *Biometrika* 70, 659).
    """
    return 1 - (1 - CONFIDENT) * 0.5**looks


def compare(evidence: Evidence, looks: int = 0, said: str = "final") -> SideComparison | None:
    """Compare the sides at the largest fair size; None without measurements.

    The winner is named on the judge half; what is said about it reads another part, which chose nothing. A tie is
    declared when the whole 90 % interval of the difference lies inside the margin; a win when the best arm of one side
    is better than the best of the other in the draws that :func:`needed_confidence` asks for. A smaller fair size
    speaks where the largest one leaves it open, is less sure, and has the same side ahead.

    Args:
        evidence: What was measured.
        looks: Earlier budgets after which the same study was looked at.
        said: The part of the test examples that the statement reads.
    """
    found = [_compare_at(evidence, n, looks, said) for n in comparison_sizes(evidence)]
    if not found:
        return None
    last = found[-1]
    sure = [one for one in found if one.kind != "undetermined" and one.winner.paradigm == last.winner.paradigm]
    return sure[-1] if sure else max(found, key=lambda one: (one.p_side or 0.0, one.n))


def comparison_sizes(evidence: Evidence) -> list[int]:
    """Sizes that the sides can be compared at, ascending; one or two.

    The first is the largest that lacks no favourite of a side, else the largest with both sides. Arms that
    may be the best of their side, but are not expected to be, hold no size back: the verdict allows for them. Nor does
    any arm keep a comparison below a quarter of the labels, where one was made with more: of those, the size counts at
    which the fewest favourites are missing.

    The second is larger, and lacks only favourites of the side that is ahead there: with them it could but be further
    ahead.
    """
    sides = {arm.paradigm for arm in evidence.arms}
    both = [n for n in evidence.all_sizes if {arm.paradigm for arm in evidence.measured_at(n)} == sides]
    complete = [n for n in evidence.all_sizes if not missing_favourites(evidence, n)]
    fair = [n for n in complete if n in both] or both or complete or evidence.all_sizes
    if not fair:
        return []
    first = fair[-1]
    far = [n for n in both if FAR_ENOUGH * n >= evidence.pool_size]
    if far and FAR_ENOUGH * first < evidence.pool_size:
        first = max(far, key=lambda n: (-len(missing_favourites(evidence, n)), n))
    larger = [n for n in both if n > first and not _missing_rivals(evidence, n)]
    return [first, *larger[-1:]]


def missing_contenders(evidence: Evidence, n: int) -> list[Arm]:
    """Arms that were not measured at n and are the best of their side there with more than a small probability."""
    return [arm for arm in _absent(evidence, n) if _contends(evidence, arm, n)]


def missing_favourites(evidence: Evidence, n: int) -> list[Arm]:
    """Arms that were not measured at n and from which more is expected there than from any of their side that was.

    That is not the arm that is the best with more than even odds: among three arms there may be none.
    """
    return [arm for arm in _absent(evidence, n) if _favoured(evidence, arm, n)]


def complete_sizes(evidence: Evidence) -> list[int]:
    """Sizes, ascending, at which no contender is missing.

    A size that the leading arm has not reached yet, or failed at, says nothing about which side is best; one that a
    hopeless arm never reached does.
    """
    return [n for n in evidence.all_sizes if not missing_contenders(evidence, n)]


def tuning_counted(evidence: Evidence, n: int, part: str) -> JointDraws:
    """Draws at a size that hold what tuning would still move untuned arms by, and missing steps would gain."""
    draws = evidence.draws(n, part=part)
    assert draws is not None
    sd = {key: evidence.untuned(key) for key in draws.arms}
    gains = {key: evidence.steps_left_out(key, n) for key in draws.arms}
    if not any((*sd.values(), *gains.values())):
        return draws
    return draws.widened(sd, derive_seed(evidence.settings.seed, "untuned", n), gains)


def _compare_at(evidence: Evidence, n: int, looks: int, said: str) -> SideComparison:
    arms = evidence.measured_at(n)
    judged, final = (tuning_counted(evidence, n, part) for part in ("judge", said))
    by_key = {arm.key: arm for arm in arms}
    ranked = [by_key[judged.arms[i]] for i in np.argsort(-judged.estimates, kind="stable")]
    winner = ranked[0]
    others = [arm for arm in ranked[1:] if arm.paradigm != winner.paradigm] or ranked[1:]
    margin = margin_at(evidence.settings, 1 - float(judged.estimates.max()))
    needed = needed_confidence(looks)
    if not others:
        return SideComparison("undetermined", n, winner, None, None, final, margin, needed)
    rival = others[0]
    gap, low, high, _ = final.difference(winner.key, rival.key)
    p_within = final.p_within(winner.key, rival.key, margin)
    if rival.paradigm == winner.paradigm:  # only one side was measured: nothing to compare it with
        return SideComparison(
            "undetermined", n, winner, rival, (gap, low, high), final, margin, needed, p_within=p_within
        )
    absent = tuple(missing_contenders(evidence, n))
    p_side = _p_side(evidence, final, arms, winner, absent, n)
    kind, few, untried = "undetermined", 0 < final.groups < FEWEST_GROUPS, untried_starts(evidence, winner)
    if low >= -margin - SLACK and high <= margin + SLACK and not few and not absent:
        kind = "tie"
    elif p_side >= needed and not few and not untried:
        kind = winner.paradigm
    return SideComparison(
        kind, n, winner, rival, (gap, low, high), final, margin, needed, p_side, p_within, absent, untried
    )


def _p_side(
    evidence: Evidence, draws: JointDraws, arms: list[Arm], winner: Arm, absent: tuple[Arm, ...], n: int
) -> float:
    """P(the winner's side is better at n), by what was measured and by what both sides may have beyond that."""
    mine = [arm.key for arm in arms if arm.paradigm == winner.paradigm]
    theirs = [arm.key for arm in arms if arm.paradigm != winner.paradigm]
    measured = draws.p_side(mine, theirs)
    expected = absent_columns(evidence, absent, n, len(draws.draws))
    if expected is None or all(arm.paradigm == winner.paradigm for arm in absent):
        return measured
    own = np.asarray([arm.paradigm == winner.paradigm for arm in absent])
    best, other = (np.stack([draws.column(key) for key in side], 1) for side in (mine, theirs))
    best, other = np.hstack((best, expected[:, own])).max(1), np.hstack((other, expected[:, ~own])).max(1)
    return min(measured, float((best > other).mean() + (best == other).mean() / 2))


def untried_starts(evidence: Evidence, winner: Arm) -> tuple[Arm, ...]:
    """Options that move pretrained weights, of starts of which none was run at all although from scratch leads.

    Frozen features say little about what fine-tuning would reach: on 3,257 tweets they are behind TF-IDF, and
    fine-tuning is eleven points ahead of it. Nor does one start speak for another: fine-tuned static word vectors stay
    behind TF-IDF on sst2, and a fine-tuned MiniLM is seven points ahead of it.
    """
    if winner.paradigm != "scratch":
        return ()
    others = [arm for arm in evidence.arms if arm.paradigm == "transfer" and arm.key not in evidence.dropped]
    moving = [arm for arm in others if _moves_weights(arm)]
    tried = {arm.candidate for arm in moving if evidence.sizes(arm.key)}
    return tuple(arm for arm in moving if arm.candidate not in tried)


def _moves_weights(arm: Arm) -> bool:
    try:
        phases = get_strategy(arm.strategy).phases("transformers")
    except SettingsError:  # of a strategy that is not installed
        return False
    return not only_heads(phases)


def absent_columns(evidence: Evidence, absent: tuple[Arm, ...], n: int, worlds: int) -> np.ndarray | None:
    """What curves expect at n of arms that were not measured there (worlds, arms); None where there are none."""
    outlook = evidence.outlook(n) if absent else None
    if outlook is None:
        return None
    rows = np.random.default_rng(derive_seed(evidence.settings.seed, "absent", n)).permutation(worlds)
    columns = np.stack([outlook.column(arm.key) for arm in absent if arm.key in outlook.arms], 1)
    return columns[rows % len(columns)]


def _absent(evidence: Evidence, n: int) -> list[Arm]:
    """Arms that take part and were measured, but not at n."""
    dropped, there = evidence.dropped, evidence.measured_at(n)
    return [arm for arm in evidence.arms if evidence.sizes(arm.key) and arm.key not in dropped and arm not in there]


def _mates_there(evidence: Evidence, arm: Arm, n: int) -> tuple[JointDraws | None, list[str]]:
    """What is expected at n, and the arms of an arm's side that were measured there; none where nothing is known."""
    outlook = evidence.outlook(n)
    if outlook is None or arm.key not in outlook.arms:
        return None, []
    there = [one.key for one in evidence.measured_at(n) if one.paradigm == arm.paradigm]
    return outlook, [key for key in there if key in outlook.arms]


def _contends(evidence: Evidence, arm: Arm, n: int) -> bool:
    """Whether an arm that was not measured at n may be the best of its side there."""
    outlook, mates = _mates_there(evidence, arm, n)
    return outlook is None or not mates or outlook.p_side([arm.key], mates) > POSSIBLE


def _favoured(evidence: Evidence, arm: Arm, n: int) -> bool:
    """Whether more is expected from an arm that was not measured at n than from any of its side that was."""
    outlook, mates = _mates_there(evidence, arm, n)
    if outlook is None or not mates:
        return True
    expected = {key: float(np.median(outlook.column(key))) for key in (arm.key, *mates)}
    return expected[arm.key] > max(expected[key] for key in mates)


def _missing_rivals(evidence: Evidence, n: int) -> list[Arm]:
    """Missing favourites of the sides that are not ahead at n."""
    draws = evidence.draws(n, part="judge")
    assert draws is not None
    ahead = draws.arms[int(np.argmax(draws.estimates))]
    side = next(arm.paradigm for arm in evidence.arms if arm.key == ahead)
    return [arm for arm in missing_favourites(evidence, n) if arm.paradigm != side]
