"""The order in which examples are seen: a function of the seed and the pass, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BUCKET = 32  # batches that are sorted by length together, so that texts of like length share a batch


def batch_order(rows: np.ndarray, lengths: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Cut one pass over ``rows`` into shuffled batches of like length.

    A last, smaller batch is kept when it is all there is, and dropped otherwise: a batch of one breaks
    batch norm. Which examples that leaves out is drawn again for each pass, before any are sorted.

    Args:
        rows: Example indices (n,).
        lengths: Relative length of every example of the data set (N,).
        batch_size: Examples a batch.
        seed: The trial's seed.
        epoch: Which pass.
    """
    rng = np.random.default_rng([seed, epoch])
    full = len(rows) // batch_size
    order = rng.permutation(rows)[: full * batch_size or None]
    chunk = batch_size * BUCKET
    if lengths[rows].min() != lengths[rows].max():
        parts = [order[start : start + chunk] for start in range(0, len(order), chunk)]
        order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def endless_batches(
    rows: np.ndarray, lengths: np.ndarray, batch_size: int, seed: int, skip: int = 0
) -> Iterator[np.ndarray]:
    """Batches pass after pass, the first ``skip`` left out (to resume)."""
    epoch = 0
    while True:
        batches = batch_order(rows, lengths, batch_size, seed, epoch)
        yield from batches[skip:]
        skip = max(0, skip - len(batches))
        epoch += 1
