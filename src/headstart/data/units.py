"""Groups as the units of every draw, in an order whose every beginning looks like the whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.data.labelled import LabelledData


@dataclass(frozen=True, eq=False)
class Units:
    """The groups among some examples.

    Attributes:
        members: Example indices of each unit.
        counts: Examples of each class in each unit, (U, C) int64.
    """

    members: list[np.ndarray]
    counts: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Examples in each unit, (U,) int64."""
        sizes: np.ndarray = self.counts.sum(axis=1)
        return sizes

    @property
    def strata(self) -> np.ndarray:
        """The class each unit stands for: its most frequent one, (U,) int64."""
        strata: np.ndarray = self.counts.argmax(axis=1)
        return strata


def units_of(data: LabelledData, indices: np.ndarray, groups: np.ndarray | None = None) -> Units:
    """Gather examples into their groups.

    Args:
        data: The data.
        indices: Which examples.
        groups: (N,) group numbers of all examples; those of the data if not given.

    Returns:
        The units, in the order of their smallest example index: independent of the order of ``indices``.
    """
    ordered = np.sort(indices)
    groups = data.groups if groups is None else groups
    _, first, unit = np.unique(groups[ordered], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    unit = rank[unit]
    by_unit = np.argsort(unit, kind="stable")
    cuts = np.cumsum(np.bincount(unit, minlength=len(first)))[:-1]
    counts = np.zeros((len(first), len(data.class_names)), dtype=np.int64)
    np.add.at(counts, (unit, data.labels[ordered]), 1)
    return Units(np.split(ordered[by_unit], cuts), counts)


def stratified_order(units: Units, seed: int) -> np.ndarray:
    """Shuffle units so that every beginning has about the class proportions of the whole.

    Each class is shuffled by itself and its examples are spread evenly over the unit interval; reading all
    classes from left to right gives the order.

    Args:
        units: U units.
        seed: Equal seeds give equal orders.

    Returns:
        A permutation of the units, (U,) int64.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(units.members))
    sizes, strata = units.sizes[shuffled], units.strata[shuffled]
    position = np.zeros(len(shuffled))
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        ends = np.cumsum(sizes[rows])
        position[rows] = (ends - sizes[rows] / 2) / ends[-1]
    return shuffled[np.lexsort((np.arange(len(shuffled)), position))]


def hold_out(units: Units, order: np.ndarray, target: int, keep: int) -> np.ndarray:
    """Choose units for a held-out part.

    Args:
        units: U units.
        order: Which to try first, (U,).
        target: Examples to hold out; never exceeded.
        keep: Examples of each class that must stay, as far as the class has them.

    Returns:
        (U,) bool: held out.
    """
    floor = np.minimum(units.counts.sum(axis=0), keep)
    left = units.counts.sum(axis=0)
    held = np.zeros(len(units.members), dtype=bool)
    taken = 0
    for unit in order:
        size = int(units.counts[unit].sum())
        if taken + size > target or np.any(left - units.counts[unit] < floor):
            continue
        held[unit] = True
        left = left - units.counts[unit]
        taken += size
        if taken == target:
            break
    return held
