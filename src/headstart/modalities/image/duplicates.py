"""Which pictures are the same thing twice: exactly, or as good as.

Pictures are compared by a 256-bit difference hash (is each of 16 x 16 dots brighter than its right neighbour?).
That says little about pictures with few details, where most dots equal their neighbours: the allowed distance
shrinks with the number of dots that do differ, and candidates must also correlate in grey.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from headstart.data.cache import load_arrays, save_arrays
from headstart.data.duplicates import Clusters, connect, number
from headstart.modalities.image.close_hashes import close_pairs
from headstart.modalities.image.scan import ImageScan

NEAR_BITS = 10  # of 256: what a re-encoded or slightly cropped copy changes
NEAR_BITS_SMALL = 2  # below SMALL_SIDE pixels different things look alike
SMALL_SIDE = 48
NEAR_CORRELATION = 0.97
NEAR_CORRELATION_SMALL = 0.995
FULL_DETAIL = 128  # dots that differ from their neighbour; with fewer, less distance is allowed
MIN_DETAIL = 48  # with fewer, a hash says nothing
DETAIL_STEP = 2  # grey levels that count as a difference
CHAIN_SHARE = 0.05  # a cluster of more than this share of the data is no copy but a chain of lookalikes
CHUNK = 50_000  # pairs that are correlated at once
_VERSION = 3  # raise it when a rule above changes: clusters are cached


def cluster_images(scan: ImageScan, folder: Path) -> Clusters:
    """Find equal and nearly equal pictures; the result is cached.

    Args:
        scan: One look at N pictures.
        folder: The cache.

    Returns:
        The clusters.
    """
    exact = number(scan.keys)
    name = hashlib.blake2b(scan.fingerprint.encode(), digest_size=12, key=str(_VERSION).encode())
    path = folder / "clusters" / f"{name.hexdigest()}.npz"
    stored = load_arrays(path, ("near",))
    if stored is None or len(stored["near"]) != len(exact):
        _, first = np.unique(exact, return_index=True)  # copies add nothing to the search
        pairs = first[near_pairs(scan.dots[first], scan.sizes[first].min(axis=1))]
        stored = {"near": _without_chains(exact, connect(len(exact), exact, pairs=pairs))}
        save_arrays(path, stored)
    return Clusters(exact, stored["near"])


def difference_bits(dots: np.ndarray) -> np.ndarray:
    """Hash pictures.

    Args:
        dots: Grey pictures, (N, 16, 17) uint8.

    Returns:
        (N, 4) uint64: is each dot brighter than its right neighbour?
    """
    bits = dots[:, :, :-1] > dots[:, :, 1:]
    return np.packbits(bits.reshape(len(dots), -1), axis=1).view(np.uint64).reshape(len(dots), -1)


def near_pairs(dots: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """Find pairs of pictures that are nearly equal.

    Args:
        dots: Grey pictures, (N, 16, 17) uint8.
        shorter: Shorter side of each original in pixels, (N,).

    Returns:
        Indices of shape (P, 2).
    """
    steps = np.abs(dots[:, :, :-1].astype(np.int16) - dots[:, :, 1:]) > DETAIL_STEP
    detail = steps.reshape(len(dots), -1).sum(axis=1)
    base = np.where(shorter < SMALL_SIDE, NEAR_BITS_SMALL, NEAR_BITS)
    allowed = (base * np.minimum(detail, FULL_DETAIL)) // FULL_DETAIL
    eligible = np.flatnonzero(detail >= MIN_DETAIL)
    if len(eligible) < 2:
        return np.empty((0, 2), dtype=np.int64)
    bits = difference_bits(dots[eligible])
    left, right = close_pairs(bits, int(allowed[eligible].max()))
    left, right = eligible[left], eligible[right]
    every = difference_bits(dots)
    distance = np.bitwise_count(every[left] ^ every[right]).sum(axis=1)
    keep = distance <= np.minimum(allowed[left], allowed[right])
    left, right = left[keep], right[keep]
    needed = np.where(np.minimum(shorter[left], shorter[right]) < SMALL_SIDE, NEAR_CORRELATION_SMALL, NEAR_CORRELATION)
    alike = np.concatenate(
        [np.empty(0, dtype=bool)]
        + [
            _correlation(dots[left[start : start + CHUNK]], dots[right[start : start + CHUNK]])
            >= needed[start : start + CHUNK]
            for start in range(0, len(left), CHUNK)
        ]
    )
    return np.column_stack((left[alike], right[alike]))


def _correlation(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    first = left.reshape(-1, left.shape[1] * left.shape[2]).astype(np.float32)
    second = right.reshape(-1, right.shape[1] * right.shape[2]).astype(np.float32)
    first -= first.mean(axis=1, keepdims=True)
    second -= second.mean(axis=1, keepdims=True)
    scale = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    correlation: np.ndarray = (first * second).sum(axis=1) / np.maximum(scale, 1e-9)
    return correlation


def _without_chains(exact: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Fall back to exact copies in clusters that have grown by chaining."""
    sizes = np.bincount(near)
    chained = sizes[near] > max(20, CHAIN_SHARE * len(near))
    if not chained.any():
        return near
    return number(np.where(chained, exact + len(near), near))
