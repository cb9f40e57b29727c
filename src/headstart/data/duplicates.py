"""Which examples are the same thing twice: numbers that copies share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Clusters:
    """Who is a copy of whom; equal numbers mean the same thing.

    Attributes:
        exact: Cluster of equal content (decoded pixels, or text), (N,) int64.
        near: Cluster of equal or nearly equal content, (N,) int64; coarser than ``exact``.
    """

    exact: np.ndarray
    near: np.ndarray

    def take(self, indices: np.ndarray) -> Clusters:
        """Return the clusters of some of the examples, in the order given."""
        return Clusters(self.exact[indices], self.near[indices])


def cluster_keys(exact: np.ndarray, near: np.ndarray) -> Clusters:
    """Build clusters from two hashes of each example.

    Args:
        exact: (N,) hashes of the content.
        near: (N,) hashes of a form that ignores small differences.

    Returns:
        The clusters.
    """
    return Clusters(number(exact), connect(len(exact), number(exact), number(near)))


def number(keys: np.ndarray) -> np.ndarray:
    """Replace keys by cluster numbers from 0, (N,) int64."""
    return np.unique(keys, return_inverse=True)[1].astype(np.int64).reshape(-1)


def connect(count: int, *labellings: np.ndarray, pairs: np.ndarray | None = None) -> np.ndarray:
    """Join examples that share a number in any labelling, or are a pair, directly or through others.

    Args:
        count: N.
        *labellings: Numbers of shape (N,), each from 0.
        pairs: Indices of shape (P, 2).

    Returns:
        Cluster numbers of shape (N,), int64.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = [np.empty((0, 2), dtype=np.int64)] if pairs is None else [pairs]
    for labels in labellings:
        _, first = np.unique(labels, return_index=True)
        edges.append(np.column_stack((np.arange(count), first[labels])))
    joined = np.concatenate(edges)
    graph = coo_array((np.ones(len(joined), dtype=np.int8), (joined[:, 0], joined[:, 1])), shape=(count, count))
    clusters: np.ndarray = connected_components(graph, directed=False)[1].astype(np.int64)
    return clusters
