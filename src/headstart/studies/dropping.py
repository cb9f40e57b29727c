"""Which arms need not be followed up any more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.core import Arm
from headstart.studies.view import StudyView

CLEARLY = 0.02
CLEARLY_SMALL_TEST = 0.002  # a small test part is looked at again and again: demand far more


def clearly_worse(view: StudyView, sizes: Sequence[int], alive: Sequence[Arm]) -> list[tuple[Arm, str]]:
    """Find arms that are clearly behind another of their paradigm and are not catching up.

    Judged at the two largest of the sizes that all arms of the paradigm have reached. An arm whose gap
    shrinks with n stays: frozen features lead at few labels by construction. The best of each paradigm
    is never dropped.

    Args:
        view: The evidence.
        sizes: Sizes below the comparison size, ascending.
        alive: Arms that still take part.

    Returns:
        Arms to drop, with the reason in words.
    """
    news = []
    for paradigm in ("transfer", "scratch", "hybrid"):
        arms = [arm for arm in alive if arm.paradigm == paradigm]
        common = [n for n in sizes if all(n in view.sizes(arm.key) for arm in arms)]
        if len(arms) >= 2 and len(common) >= 2:
            news += _behind(view, arms, common[-2], common[-1])
    return news


def _behind(view: StudyView, arms: list[Arm], earlier: int, later: int) -> list[tuple[Arm, str]]:
    before, after = (view.draws(n, arms, "judge") for n in (earlier, later))
    assert before is not None
    assert after is not None
    best = after.arms[int(np.argmax(after.estimates))]
    limit = CLEARLY if view.judged[1] else CLEARLY_SMALL_TEST
    news = []
    for arm in arms:
        if arm.key == best:
            continue
        gap, _, high, p_better = after.difference(arm.key, best)
        gap_before, *_ = before.difference(arm.key, best)
        if p_better < limit and high < -view.settings.margin and gap <= gap_before:
            news.append((arm, f"{-100 * gap:.1f} points behind {best} at {later:,} labels and not catching up"))
    return news
