"""Which examples may be learnt from and which only measure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from headstart.core import DataError, derive_seed
from headstart.data.labelled import LabelledData
from headstart.data.units import Units, hold_out, stratified_order, units_of

ROTATE_BELOW = 2_000  # examples; with fewer, one test part is too noisy
ROTATE_GROUPS_BELOW = 30  # groups; a fifth of fewer is less than six, of which nothing can be said
FOLDS = 5
MAX_TEST = 5_000  # beyond it the standard error of an accuracy is below 0.7 points anyway
JUDGE_FROM = 2_000  # test examples, from which half may guide the planner


@dataclass(frozen=True, eq=False)
class Split:
    """One way to part the examples.

    Attributes:
        fold: 0, or which of the rotating test parts this is.
        pool: Indices of examples that may be learnt from, sorted.
        test: Indices of examples that only measure, sorted.
        rotating: Whether there are other folds, whose test parts are elsewhere.
    """

    fold: int
    pool: np.ndarray
    test: np.ndarray
    rotating: bool = False


def make_splits(data: LabelledData, seed: int = 0, test_share: float = 0.2) -> tuple[Split, ...]:
    """Part the examples into pool and test.

    An official test part is kept. Without one, fewer than 2,000 examples, or fewer than 30 groups, rotate (five folds;
    every example is in test once), more get one test part. Both are stratified, and groups stay whole.

    Args:
        data: The data.
        seed: The study's seed.
        test_share: Share of a single test part; at most 5,000 examples are taken.

    Returns:
        One split, or one for each fold.

    Raises:
        DataError: All examples are of one group.
    """
    if data.has_test:
        return (Split(0, np.flatnonzero(~data.is_test), np.flatnonzero(data.is_test)),)
    units = units_of(data, np.arange(len(data)))
    if len(units.members) < 2:
        if data.has_groups:
            raise DataError(
                "All examples are in one group, so none can be tested on",
                place=data.source,
                hint="Choose another column or pattern for the groups, or leave it out",
            )
        raise DataError(
            f"All {len(data):,} {data.kind.nouns} are copies of each other, so none can be tested on",
            place=data.source,
            hint="Look at some of them: were they saved empty, or written from one file?",
        )
    if len(data) < ROTATE_BELOW or (data.has_groups and len(units.members) < ROTATE_GROUPS_BELOW):
        return _rotate(units, derive_seed(seed, "folds"))
    order = stratified_order(units, derive_seed(seed, "test part"))
    target = min(MAX_TEST, round(test_share * len(data)))
    held = hold_out(units, order, target=target, keep=2)
    if units.sizes[held].sum() < target / 2:  # a few large groups, or hardly two examples of a class
        return _rotate(units, derive_seed(seed, "folds"))
    return (Split(0, _examples(units, ~held), _examples(units, held)),)


def tuning_holdout(data: LabelledData, subset: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hold out a stratified fifth of a subset for choosing recipes; groups and copies stay together.

    Args:
        data: The data.
        subset: Indices of the n examples that a trial may look at.
        seed: Derived from study, n and repeat.

    Returns:
        Indices to train on and indices held out, each in the order of ``subset``. Every class of the subset keeps
        at least one example to train on, so the held-out part can be smaller than a fifth, or empty.
    """
    units = units_of(data, subset, data.inseparable)
    order = stratified_order(units, derive_seed(seed, "tuning holdout"))
    held = hold_out(units, order, target=round(len(subset) / 5), keep=1)
    is_held = np.isin(subset, _examples(units, held))
    return subset[~is_held], subset[is_held]


def judge_mask(data: LabelledData, split: Split) -> np.ndarray:
    """Tell which test examples the planner may look at while a study runs.

    Args:
        data: The data.
        split: The split.

    Returns:
        (T,) bool over ``split.test``. From 2,000 test examples on, a hash of the id chooses half, so that order and
        other examples do not matter; with fewer, all are True.
    """
    if len(split.test) < JUDGE_FROM:
        return np.ones(len(split.test), dtype=bool)
    digests = (hashlib.blake2b(data.ids[i].encode("utf-8", "surrogateescape"), digest_size=1) for i in split.test)
    return np.array([digest.digest()[0] % 2 == 0 for digest in digests], dtype=bool)


def _rotate(units: Units, seed: int) -> tuple[Split, ...]:
    """Deal units to folds: large ones first, each to the fold that has least of its class."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(units.members))
    sizes, strata = units.sizes, units.strata
    order = shuffled[np.lexsort((strata[shuffled], -sizes[shuffled]))]
    folds = min(FOLDS, len(units.members))
    filled = np.zeros((folds, units.counts.shape[1]))
    fold_of = np.empty(len(units.members), dtype=np.int64)
    for unit in order:
        fold = np.lexsort((filled.sum(axis=1), filled[:, strata[unit]]))[0]
        fold_of[unit] = fold
        filled[fold] += units.counts[unit]
    return tuple(
        Split(fold, _examples(units, fold_of != fold), _examples(units, fold_of == fold), rotating=True)
        for fold in range(folds)
    )


def _examples(units: Units, chosen: np.ndarray) -> np.ndarray:
    members = [units.members[unit] for unit in np.flatnonzero(chosen)]
    return np.sort(np.concatenate(members)) if members else np.empty(0, dtype=np.int64)
