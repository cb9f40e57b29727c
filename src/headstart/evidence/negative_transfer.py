"""Negative transfer: does a pretrained start do harm, overall or to some classes?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from headstart.evidence.paired import PRIOR_FREEDOM, JointDraws
from headstart.evidence.scores import LEVEL, Floats, Run
from headstart.evidence.significance import holm

CONFIDENT = 0.95
FEWEST = 5  # groups of test examples; below, a class says nothing by itself


@dataclass(frozen=True)
class Harm:
    """One transfer arm against the best from-scratch arm.

    Attributes:
        arm: The transfer arm.
        p_worse: Share of the draws in which it is worse by more than the margin.
        p_adjusted: 1 - ``p_worse``, adjusted for the number of arms (Holm).
        harmful: Whether ``p_adjusted`` is at most 0.05.
    """

    arm: str
    p_worse: float
    p_adjusted: float
    harmful: bool


@dataclass(frozen=True)
class SliceComparison:
    """The same inside one class or slice.

    Attributes:
        name: Of the class or slice.
        examples: Test examples in it.
        difference: Share right, transfer minus scratch; not a number where nothing can be said.
        low: Lower end of the 90 % interval.
        high: Upper end of the 90 % interval.
        p_adjusted: One-sided p-value that transfer is not worse, adjusted for the number of slices (Holm).
        harmed: Whether ``p_adjusted`` is at most 0.05.
    """

    name: str
    examples: int
    difference: float
    low: float
    high: float
    p_adjusted: float
    harmed: bool


def overall_harm(
    draws: JointDraws, transfer: Sequence[str], scratch: Sequence[str], margin: float = 0.0
) -> tuple[Harm, ...]:
    """Whether each transfer arm is worse than the best from-scratch arm by more than a margin.

    Args:
        draws: Joint draws of the metric; larger is better.
        transfer: Transfer arms.
        scratch: From-scratch arms; they should have converged, or the answer is about the schedule.
        margin: What loss does not matter.

    Raises:
        ValueError: A side is empty.
    """
    if not transfer or not scratch:
        raise ValueError("both sides need an arm")
    best = np.max([draws.column(arm) for arm in scratch], 0)
    worse = [float((draws.column(arm) < best - margin).mean()) for arm in transfer]
    adjusted = holm([1 - share for share in worse])
    return tuple(
        Harm(arm, share, float(p), bool(p <= 1 - CONFIDENT + 1e-12))
        for arm, share, p in zip(transfer, worse, adjusted, strict=True)
    )


def harm_by_slice(
    transfer: Sequence[Run], scratch: Sequence[Run], slices: Mapping[str, np.ndarray], margin: float = 0.0
) -> tuple[SliceComparison, ...]:
    """Where a transfer arm is less often right than a from-scratch arm, slice by slice.

    The unit is the group of test examples; the scatter between repeats is added.

    Args:
        transfer: Runs of the transfer arm.
        scratch: Runs of the from-scratch arm; those with equal repeat and fold are paired.
        slices: Masks over example identities (all examples of the data,), by name; a class is one.
        margin: What loss does not matter.

    Raises:
        ValueError: No two runs are paired.
    """
    by_key = {run.key: run for run in scratch}
    pairs = [(run, by_key[run.key]) for run in transfer if run.key in by_key]
    if not pairs:
        raise ValueError("no repeat was measured with both arms")
    gathered = {name: _gather(mask, pairs) for name, mask in slices.items()}
    spread = [one.between for one in gathered.values() if one.repeats > 1 and len(one.sizes) >= FEWEST]
    found = [_judge(one, float(np.mean(spread)) if spread else 0.0, margin) for one in gathered.values()]
    adjusted = holm([p for *_, p in found])
    return tuple(
        SliceComparison(name, one.examples, gap, low, high, float(p), bool(p <= 1 - CONFIDENT))
        for (name, one), (gap, low, high, _), p in zip(gathered.items(), found, adjusted, strict=True)
    )


def by_class(labels: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
    """A slice for each class.

    Args:
        labels: Class of every example of the data (N,).
        names: Of the classes.
    """
    return {name: np.asarray(labels) == place for place, name in enumerate(names)}


def way_out(harms: Sequence[Harm], slices: Sequence[SliceComparison] = ()) -> str | None:
    """What to try: ``scratch``, ``other-candidate``, ``fewer-layers``, or None where nothing is harmed.

    If every transfer arm is harmful, from scratch is; if some are not, they are the other candidates; if only classes
    are harmed, the upper layers, which are the most specific to the source, are the first to leave out.
    """
    harmful = [harm.harmful for harm in harms]
    if harmful and all(harmful):
        return "scratch"
    if any(harmful):
        return "other-candidate"
    return "fewer-layers" if any(one.harmed for one in slices) else None


@dataclass(frozen=True)
class _Slice:
    """Differences inside one slice: sums and counts by group (G,), and the variance between repeats' means."""

    examples: int
    totals: Floats
    sizes: Floats
    repeats: int
    between: float


def _gather(mask: np.ndarray, pairs: Sequence[tuple[Run, Run]]) -> _Slice:
    sums: dict[int, list[float]] = {}
    means, seen = [], set()
    for ours, theirs in pairs:
        if not np.array_equal(ours.examples, theirs.examples):
            raise ValueError("paired runs need the same test examples")
        keep = np.asarray(mask)[ours.examples]
        gap = (ours.predictions == ours.labels).astype(float) - (theirs.predictions == theirs.labels)
        if keep.any():
            means.append(float(gap[keep].mean()))
        seen.update(ours.examples[keep].tolist())
        for group, value in zip(ours.groups[keep].tolist(), gap[keep].tolist(), strict=True):
            sums.setdefault(group, []).append(value)
    totals = np.asarray([sum(values) for values in sums.values()])
    sizes = np.asarray([len(values) for values in sums.values()], dtype=float)
    return _Slice(len(seen), totals, sizes, len(means), float(np.var(means, ddof=1)) if len(means) > 1 else 0.0)


def _judge(one: _Slice, pooled: float, margin: float) -> tuple[float, float, float, float]:
    """Difference, low, high and one-sided p-value of a slice.

    The standard error is that of a ratio over groups, and the scatter between repeats is added: its own, shrunk
    towards that of all slices, because three repeats say little about it.
    """
    count = len(one.sizes)
    if count < FEWEST:
        return np.nan, np.nan, np.nan, 1.0
    mean = float(one.totals.sum() / one.sizes.sum())
    variance = count / (count - 1) * float(((one.totals - mean * one.sizes) ** 2).sum()) / one.sizes.sum() ** 2
    freedom = count - 1.0
    if one.repeats > 1:
        own = one.repeats - 1 + PRIOR_FREEDOM
        between = (PRIOR_FREEDOM * pooled + (one.repeats - 1) * one.between) / own / one.repeats
        total = variance + between
        if total > 0:  # Welch and Satterthwaite
            freedom = total**2 / (variance**2 / (count - 1) + between**2 / own)
        variance = total
    error = float(np.sqrt(variance))
    half = float(student.ppf((1 + LEVEL) / 2, freedom) * error)
    p = float(student.cdf((mean + margin) / error, freedom)) if error > 0 else float(mean >= -margin)
    return mean, mean - half, mean + half, p
