"""Scores beside those of TransformerRanker (Garbas et al. 2024), which wrote them independently."""

import warnings

import numpy as np
import pytest

from headstart.evidence.transferability import h_score, log_me, nearest_neighbours

CASES = [(200, 16, 3), (120, 40, 5), (60, 90, 4)]  # more examples than dimensions, and fewer


@pytest.fixture(scope="module")
def peer():
    """Its estimators; torch is needed for nothing else here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("transformer_ranker.estimators", exc_type=ImportError)


def example(n, dimensions, classes):
    import torch

    rng = np.random.default_rng(n)
    labels = np.arange(n) % classes
    f = rng.standard_normal((n, dimensions)) + 1.5 * np.eye(classes, dimensions)[labels]
    return f, labels, {"embeddings": torch.from_numpy(f), "labels": torch.from_numpy(labels)}


# With more dimensions than examples it leaves (D - n) log alpha out of log |A|, so only the others can be compared;
# test_evidence_transferability.py holds ours against the evidence itself in either case.
@pytest.mark.parametrize("case", CASES[:2])
def test_log_me(peer, case):
    f, labels, tensors = example(*case)
    theirs = peer.LogME().fit(**tensors, max_iter=2000, tol=1e-13)  # by default it stops after 11 rounds
    assert log_me(f, labels) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_h_score(peer, case):
    f, labels, tensors = example(*case)
    assert h_score(f, labels) == pytest.approx(peer.HScore().fit(**tensors), rel=1e-6)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("k", [1, 3, 5])
def test_nearest_neighbours(peer, case, k):
    f, labels, tensors = example(*case)
    theirs = peer.NearestNeighbors(k=k).fit(**tensors, distance_metric="cosine")
    assert nearest_neighbours(f, labels, k) == pytest.approx(theirs, rel=1e-6)
