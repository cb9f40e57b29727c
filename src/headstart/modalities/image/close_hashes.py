"""Pairs of 256-bit hashes that differ in a few bits, in time that grows with their number.

Cut into bands, two hashes within the distance agree in some of them, so that only those that share a band have to be
compared. Where very many share one (skies, black margins), each is compared with its next neighbours only.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

BITS = 256
BANDS = 16  # of 16 bits
MOST_ERRORS = 10  # two hashes within this distance agree in at least 6 of the 16 bands
FEW_ERRORS = 3  # up to here whole stretches agree
GROUPS = ((0, 1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12), (13, 14, 15))  # of any 6 bands, two are in one of these
NEIGHBOURS = 128  # hashes that share a key, which one of them is compared with at most
BLOCK = 1 << 20  # pairs that are compared at once


def close_pairs(bits: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Find pairs within a Hamming distance.

    Args:
        bits: Hashes, (N, 4) uint64.
        limit: Bits that may differ; at most ``MOST_ERRORS``.

    Returns:
        Indices of the two sides, each pair once.
    """
    found = np.empty(0, dtype=np.int64)
    for key in _keys(bits, limit):
        pairs = _pairs_of_equal(key, bits, limit)
        found = np.union1d(found, pairs)
    return found // len(bits), found % len(bits)


def _keys(bits: np.ndarray, limit: int) -> list[np.ndarray]:
    """For each stretch that close hashes may share, its content, (N, k) uint16."""
    bands = np.ascontiguousarray(bits).view(np.uint16).reshape(len(bits), BANDS)
    if limit <= FEW_ERRORS:
        return [np.ascontiguousarray(part) for part in np.array_split(bands, limit + 1, axis=1)]
    return [np.ascontiguousarray(bands[:, pair]) for group in GROUPS for pair in combinations(group, 2)]


def _pairs_of_equal(key: np.ndarray, bits: np.ndarray, limit: int) -> np.ndarray:
    """Close pairs among the hashes with equal keys, as one number each: left * N + right."""
    count = len(bits)
    columns = [key[:, i] for i in range(key.shape[1])]
    weight = np.bitwise_count(bits).sum(axis=1)
    order = np.lexsort((weight, *columns))  # within a key, close hashes have nearly as many bits set
    differs = np.any(key[order][1:] != key[order][:-1], axis=1)
    bucket = np.concatenate(([0], np.cumsum(differs)))
    ends = np.searchsorted(bucket, bucket, side="right")
    reach = np.minimum(ends - np.arange(count) - 1, NEIGHBOURS)
    found = []
    step = max(1, BLOCK // NEIGHBOURS)
    for start in range(0, count, step):
        some = reach[start : start + step]
        total = int(some.sum())
        if not total:
            continue
        left = np.repeat(np.arange(start, start + len(some)), some)
        first = np.repeat(np.cumsum(some) - some, some)
        right = left + 1 + np.arange(total) - first
        left, right = order[left], order[right]
        near = np.bitwise_count(bits[left] ^ bits[right]).sum(axis=1) <= limit
        low, high = np.minimum(left[near], right[near]), np.maximum(left[near], right[near])
        found.append(low.astype(np.int64) * count + high)
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
