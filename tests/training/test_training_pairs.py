import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from headstart.training.pairs import pair_batches, pair_loss

LABELS = st.lists(st.integers(0, 4), min_size=2, max_size=40).filter(lambda labels: len(set(labels)) > 1)


@given(LABELS, st.integers(0, 9))
def test_half_of_the_pairs_join_one_class(labels, skip):
    targets = np.asarray(labels)
    rows = np.arange(len(targets))
    batches = list(itertools.islice(pair_batches(rows, targets, 8, 0), skip + 1))
    left, right = batches[-1]
    assert left.shape == right.shape == (8,)
    same = targets[left] == targets[right]
    assert same.tolist() == [True] * 4 + [False] * 4
    again = next(pair_batches(rows, targets, 8, 0, skip=skip))
    assert np.array_equal(again, batches[-1])
    large = [label for label in set(labels) if labels.count(label) > 1]
    if large:
        assert all(one != other for one, other in zip(left[:4], right[:4], strict=True))


def test_the_loss_is_that_of_sentence_transformers():
    losses = pytest.importorskip("sentence_transformers.sentence_transformer.losses")
    left, right = torch.randn(6, 5), torch.randn(6, 5)
    same = torch.tensor([1.0, 1, 1, 0, 0, 0])
    theirs = losses.CosineSimilarityLoss(model=None).compute_loss_from_embeddings([left, right], same)
    torch.testing.assert_close(pair_loss(left, right, same), theirs)
