"""Which arms need not be followed up any more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.core import Arm
from headstart.evidence.significance import always_valid_interval, group_differences
from headstart.studies.evidence import Evidence
from headstart.studies.settings import margin_at

CLEARLY = 0.02
FEWEST = 30  # groups of test examples: the interval is an asymptotic one
CLEARLY_SMALL_TEST = 0.002  # for macro-F1, which is no mean over examples: the same strictness by joint draws


def clearly_worse(evidence: Evidence, sizes: Sequence[int], alive: Sequence[Arm]) -> list[tuple[Arm, str]]:
    """Find arms that are clearly behind another of their side and are not catching up.

    Judged at the two largest of the sizes that all arms of the side have reached. An arm whose gap
    shrinks with n stays: frozen features lead at few labels by construction. The best of each side
    is never dropped. A small test part has no half that only judges, so the same examples are looked at again and
    again: there the paired difference must lie below zero by an interval that stays valid however often one looks.

    Args:
        evidence: The evidence.
        sizes: Sizes below the comparison size, ascending.
        alive: Arms that still take part.

    Returns:
        Arms to drop, with the reason in words.
    """
    news = []
    for paradigm in ("transfer", "scratch", "hybrid"):
        arms = [arm for arm in alive if arm.paradigm == paradigm]
        common = [n for n in sizes if all(n in evidence.sizes(arm.key) for arm in arms)]
        if len(arms) >= 2 and len(common) >= 2:
            news += _behind(evidence, arms, common[-2], common[-1])
    return news


def _behind(evidence: Evidence, arms: list[Arm], earlier: int, later: int) -> list[tuple[Arm, str]]:
    before, after = (evidence.draws(n, arms, "judge") for n in (earlier, later))
    assert before is not None
    assert after is not None
    best = after.arms[int(np.argmax(after.estimates))]
    news = []
    for arm in arms:
        if arm.key == best:
            continue
        gap, _, high, p_better = after.difference(arm.key, best)
        gap_before, *_ = before.difference(arm.key, best)
        behind = high < -margin_at(evidence.settings, 1 - float(after.estimates.max())) and gap <= gap_before
        if behind and _surely(evidence, arm.key, best, later, p_better):
            news.append((arm, f"{-100 * gap:.1f} points behind {best} at {later:,} labels and not catching up"))
    return news


def _surely(evidence: Evidence, arm: str, best: str, n: int, p_better: float) -> bool:
    """Whether looking again and again cannot have made up the lead of ``best``."""
    if evidence.judged[1]:
        return p_better < CLEARLY
    if evidence.settings.metric == "macro-f1":
        return p_better < CLEARLY_SMALL_TEST
    classes = len(evidence.data.class_names) if evidence.settings.metric == "balanced-accuracy" else None
    ours, theirs = evidence.runs(arm, n, "judge"), evidence.runs(best, n, "judge")
    if not {run.key for run in ours} & {run.key for run in theirs}:
        return False
    values = group_differences(ours, theirs, classes)
    planned = len(np.unique(evidence.data.groups)) if evidence.rotating else len(values)
    return len(values) >= FEWEST and always_valid_interval(values, planned=planned)[1] < 0
