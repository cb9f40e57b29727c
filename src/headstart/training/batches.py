"""The order in which examples are seen: a function of the seed and the pass, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BUCKET = 32  # batches that are sorted by length together, so that texts of like length share a batch


def batch_order(rows: np.ndarray, lengths: np.ndarray, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Cut one pass over ``rows`` into shuffled batches of like length.

    The last, smaller batch is kept when it is all there is, and dropped otherwise: a batch of one
    breaks batch norm, and the next pass shows those examples anyway.

    Args:
        rows: Example indices (n,).
        lengths: Relative length of every example of the data set (N,).
        batch_size: Examples a batch.
        seed: The trial's seed.
        epoch: Which pass.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(rows)
    chunk = batch_size * BUCKET
    if lengths[rows].min() != lengths[rows].max():
        parts = [order[start : start + chunk] for start in range(0, len(order), chunk)]
        order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
    full = len(order) // batch_size
    batches = [order[i * batch_size : (i + 1) * batch_size] for i in range(full)] or [order]
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
