"""Which part of a confusion matrix a user can read: all of a small one, the worst part of a large one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.report import wording

if TYPE_CHECKING:
    from headstart.report.summary import Summary

MAX_CLASSES = 15
MAX_PAIRS = 20


@dataclass(frozen=True)
class ConfusionFocus:
    """The classes worth drawing.

    Attributes:
        names: Class names, cut to a readable length and made different where the cut makes them equal.
        counts: Rows are true classes, columns predicted ones; only among ``names``.
        total_classes: How many classes the whole matrix has.
    """

    names: list[str]
    counts: list[list[int]]
    total_classes: int


def confusion_focus(summary: Summary) -> ConfusionFocus | None:
    """Pick the classes with the most mistakes; all of them up to 15.

    Returns:
        None where the study recorded no predictions.
    """
    errors = summary.errors
    if errors is None or not errors.confusion:
        return None
    matrix, names = errors.confusion, errors.class_names
    size = min(len(matrix), len(names))
    kept = list(range(size))
    if size > MAX_CLASSES:
        mistakes = [sum(matrix[row]) + sum(line[row] for line in matrix) - 2 * matrix[row][row] for row in range(size)]
        kept = sorted(sorted(kept, key=lambda row: -mistakes[row])[:MAX_CLASSES])
    shown = [wording.clean(names[row], 24) or "(empty)" for row in kept]
    if len(set(shown)) < len(shown):
        shown = [f"{row + 1}: {wording.clean(names[row], 18)}" for row in kept]
    return ConfusionFocus(shown, [[matrix[row][column] for column in kept] for row in kept], size)


def confused_pairs(summary: Summary) -> list[tuple[str, str, int, float]]:
    """The commonest mistakes as (true class, predicted class, count, share of the true class)."""
    errors = summary.errors
    if errors is None or not errors.confusion:
        return []
    names = errors.class_names
    pairs = [
        (wording.clean(names[row], 80), wording.clean(names[column], 80), number, number / sum(line))
        for row, line in enumerate(errors.confusion)
        for column, number in enumerate(line)
        if number and row != column and row < len(names) and column < len(names)
    ]
    return sorted(pairs, key=lambda pair: -pair[2])[:MAX_PAIRS]
