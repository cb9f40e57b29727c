import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headstart.training.batches import batch_order, endless_batches


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 5), st.integers(0, 3), st.booleans())
def test_a_pass_shows_each_example_at_most_once(n, size, seed, epoch, texts):
    rows = np.arange(1000, 1000 + n)
    lengths = np.random.default_rng(0).integers(1, 9, 2000) if texts else np.ones(2000)
    batches = batch_order(rows, lengths, size, seed, epoch)
    shown = np.concatenate(batches)
    assert len(np.unique(shown)) == len(shown) == max(n // size * size, min(n, size))
    assert set(shown) <= set(rows)
    assert all(len(batch) == min(n, size) for batch in batches)
    again = batch_order(rows, lengths, size, seed, epoch)
    assert all(np.array_equal(one, two) for one, two in zip(batches, again, strict=True))


def test_passes_and_seeds_differ():
    rows, lengths = np.arange(64), np.ones(64)
    first = np.concatenate(batch_order(rows, lengths, 8, 0, 0))
    for seed, epoch in ((0, 1), (1, 0)):
        assert not np.array_equal(first, np.concatenate(batch_order(rows, lengths, 8, seed, epoch)))


def test_no_example_is_left_out_for_ever_however_long():
    lengths = np.arange(1, 30)
    batches = endless_batches(np.arange(29), lengths, 8, seed=0)
    shown = np.bincount(np.concatenate(list(itertools.islice(batches, 3 * 40))), minlength=29)
    assert shown.min() > 0.6 * shown.max()


def test_texts_of_like_length_share_a_batch():
    lengths = np.random.default_rng(0).integers(1, 100, 512)
    spread = [np.ptp(lengths[batch]) for batch in batch_order(np.arange(512), lengths, 16, 0, 0)]
    assert np.mean(spread) < 10


@given(st.integers(0, 25))
def test_resuming_skips_what_was_seen(skip):
    rows, lengths = np.arange(50), np.ones(50)
    whole = list(itertools.islice(endless_batches(rows, lengths, 8, 3), 30))
    rest = list(itertools.islice(endless_batches(rows, lengths, 8, 3, skip=skip), 30 - skip))
    assert all(np.array_equal(one, two) for one, two in zip(whole[skip:], rest, strict=True))
