"""Nested subsets of the pool: what a trial at size n may look at."""

from __future__ import annotations

import weakref

import numpy as np

from headstart.core import SettingsError, derive_seed
from headstart.data.labelled import LabelledData
from headstart.data.splits import Split
from headstart.data.units import Units, stratified_order, units_of

MIN_PER_CLASS = 2  # one to train on and one to choose by

# A study asks for many sizes of the same few orders; the order of a large pool takes longer than cutting it.
_orders: weakref.WeakKeyDictionary[Split, dict[tuple[int, int], tuple[np.ndarray, np.ndarray, int]]]
_orders = weakref.WeakKeyDictionary()


def nested_subset(data: LabelledData, split: Split, n: int, repeat: int, seed: int) -> np.ndarray:
    """Choose n examples of the pool in natural class proportions.

    All subsets of one repeat and fold are beginnings of the same order, so the smaller is always inside the larger.
    Two examples of each class come first (as far as the class has two). Groups are taken whole, so the realised
    size (the length of the result) may differ from n: it is the possible one closest to n.

    Args:
        data: The data.
        split: Whose pool is drawn from.
        n: Labels wanted; at or above the size of the pool, all of it.
        repeat: Number of the repeat.
        seed: The study's seed.

    Returns:
        Indices into ``data`` in the nested order.

    Raises:
        SettingsError: n is not positive.
    """
    if n < 1:
        raise SettingsError(f"A subset of {n} labels was asked for", place="sizes", hint="Sizes are positive numbers")
    kept = _orders.setdefault(split, {})
    if (repeat, seed) not in kept:
        kept[repeat, seed] = _nested_order(units_of(data, split.pool), derive_seed(seed, "subset", split.fold, repeat))
    examples, ends, front = kept[repeat, seed]
    if n >= len(examples):
        return examples.copy()
    choices = ends[front - 1 :]
    return examples[: choices[np.abs(choices - n).argmin()]].copy()


def _nested_order(units: Units, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Order units, those that give each class its minimum in front.

    Returns:
        Example indices in nested order, where each unit ends among them, and how many units are in front.
    """
    order = stratified_order(units, seed)
    needed = np.minimum(units.counts.sum(axis=0), MIN_PER_CLASS)
    in_front = np.zeros(len(order), dtype=bool)
    for place, unit in enumerate(order):
        if not needed.any():
            break
        if np.any((units.counts[unit] > 0) & (needed > 0)):
            in_front[place] = True
            needed = np.maximum(0, needed - units.counts[unit])
    order = np.concatenate((order[in_front], order[~in_front]))
    examples = np.concatenate([units.members[unit] for unit in order])
    return examples, np.cumsum(units.sizes[order]), int(in_front.sum())
