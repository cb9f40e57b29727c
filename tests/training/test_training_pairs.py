import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from headstart.core import Recipe
from headstart.models import build, encode, resolve
from headstart.testing.architectures import make_texts, save_architecture
from headstart.training.learners import PairLearner
from headstart.training.pairs import PART, distinct_parts, pair_batches, pair_loss

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


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.integers(0, 9))
def test_each_example_of_a_batch_is_encoded_once(left, seed):
    rng = np.random.default_rng(seed)
    lengths, pairs = rng.integers(1, 6, 31), np.asarray([left, rng.integers(0, 31, len(left))])
    parts, where = distinct_parts(pairs, lengths)
    together = np.concatenate(parts)
    assert len(together) == len(set(together)) == len(np.unique(pairs))
    assert np.array_equal(together[where], pairs)
    assert max(map(len, parts)) <= PART
    assert (np.diff(lengths[together]) >= 0).all()


@pytest.mark.parametrize("microbatch", [None, 3, 1])
def test_slices_of_pairs_give_the_gradients_of_both_sides_encoded_whole(tmp_path, microbatch):
    from accelerate import Accelerator

    data = make_texts(tmp_path)
    candidate = resolve(save_architecture("bert", tmp_path), data.task)
    network, inputs = build(candidate, data.class_names, weights="pretrained", seed=0).eval(), encode(candidate, data)
    pairs = next(pair_batches(np.arange(9), data.labels, 8, 0))
    same = torch.from_numpy(data.labels[pairs[0]] == data.labels[pairs[1]]).float()
    whole = pair_loss(network.features(**inputs.batch(pairs[0])), network.features(**inputs.batch(pairs[1])), same)
    whole.backward()
    wanted = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad()
    common = (Accelerator(cpu=True), network, inputs, data.labels, Recipe(batch_size=8), microbatch, False)
    learner = PairLearner(np.arange(9), data.labels, 0, 0, *common)  # its first batch is the one above
    loss = learner.backward(0)
    assert loss == pytest.approx(whole.item(), rel=1e-5)
    for name, parameter in network.named_parameters():
        if name in wanted:
            torch.testing.assert_close(parameter.grad, wanted[name], rtol=1e-4, atol=1e-7, msg=name)
