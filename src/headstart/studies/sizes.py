"""The sizes at which arms are measured: nested halves of the pool."""

from __future__ import annotations

from headstart.data import LabelledData, Split, nested_subset

SMALLEST_OF_CLASS, SMALLEST = 5, 20  # labels of each class, and in all, below which no size goes
NEAR_ENOUGH = 0.2  # of n: how far a subset of whole groups may be off


def smallest_size(classes: int) -> int:
    """The smallest size that is worth measuring."""
    return max(SMALLEST_OF_CLASS * classes, SMALLEST)


def size_grid(data: LabelledData, splits: tuple[Split, ...], seed: int) -> tuple[int, ...]:
    """Pool size, its half, its quarter ... down to a few examples of each class.

    Sizes that whole groups cannot come close to are left out: their labels are those of another size.
    """
    sizes = [min(len(split.pool) for split in splits)]
    n = sizes[0] // 2
    while n >= smallest_size(len(data.class_names)):
        realised = len(nested_subset(data, splits[0], n, 0, seed))
        if abs(realised - n) <= NEAR_ENOUGH * n:
            sizes.append(n)
        n //= 2
    return tuple(sizes)
