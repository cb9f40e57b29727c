import numpy as np
import pytest

from headstart.core import DataError
from headstart.data import judge_mask, make_splits, splits, tuning_holdout


def test_official_test_part_is_kept(make_texts):
    data = make_texts([0, 1] * 10, parts=["train"] * 14 + ["test"] * 6)
    (split,) = make_splits(data)
    assert split.test.tolist() == list(range(14, 20))
    assert split.pool.tolist() == list(range(14))
    assert not split.rotating


def test_small_data_rotates(make_texts):
    labels = [0] * 50 + [1] * 30 + [2] * 21
    data = make_texts(labels)
    folds = make_splits(data, seed=3)
    assert [split.fold for split in folds] == [0, 1, 2, 3, 4]
    assert all(split.rotating for split in folds)
    assert sorted(np.concatenate([split.test for split in folds])) == list(range(101))
    for split in folds:
        assert sorted([*split.pool, *split.test]) == list(range(101))
        counts = np.bincount(data.labels[split.test], minlength=3)
        assert abs(counts - np.array([10, 6, 4.2])).max() <= 1
    again = make_splits(data, seed=3)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(folds, again, strict=True))
    assert not np.array_equal(folds[0].test, make_splits(data, seed=4)[0].test)


def test_groups_do_not_straddle(make_texts):
    rng = np.random.default_rng(0)
    data = make_texts(rng.integers(0, 3, 300), groups=rng.integers(0, 40, 300))
    for split in make_splits(data):
        assert not set(data.groups[split.pool]) & set(data.groups[split.test])
        assert 45 <= len(split.test) <= 75


def test_copies_do_not_straddle(make_texts):
    texts = [f"text number {i // 3}" for i in range(90)]
    data = make_texts([i // 3 % 2 for i in range(90)], texts=texts)
    for split in make_splits(data):
        assert not {texts[i] for i in split.pool} & {texts[i] for i in split.test}


def test_large_data_get_one_part(make_texts, monkeypatch):
    labels = [0] * 2_000 + [1] * 500
    data = make_texts(labels)
    (split,) = make_splits(data)
    assert np.bincount(data.labels[split.test]).tolist() == [400, 100]
    assert not split.rotating
    assert len(make_splits(data, test_share=0.1)[0].test) == 250
    monkeypatch.setattr(splits, "MAX_TEST", 100)
    assert len(make_splits(data)[0].test) == 100


@pytest.mark.parametrize(("groups", "parts"), [(6, 5), (29, 5), (30, 1)])
def test_few_groups_rotate_however_many_examples_there_are(make_texts, monkeypatch, groups, parts):
    """A fifth of six speakers is one, of whom nothing follows for others."""
    monkeypatch.setattr(splits, "ROTATE_BELOW", 100)
    rng = np.random.default_rng(0)
    data = make_texts(rng.integers(0, 2, 600), groups=np.arange(600) % groups)
    found = make_splits(data)
    assert len(found) == parts
    if parts > 1:
        assert sorted(np.concatenate([split.test for split in found])) == list(range(600))


def test_one_group_cannot_be_split(make_texts):
    with pytest.raises(DataError, match="All examples are in one group"):
        make_splits(make_texts([0, 1] * 5, groups=[0] * 10))


def test_tuning_holdout(make_texts):
    rng = np.random.default_rng(0)
    data = make_texts(rng.integers(0, 4, 400), groups=rng.integers(0, 200, 400))
    subset = rng.permutation(400)[:150]
    train, held = tuning_holdout(data, subset, seed=1)
    assert sorted([*train, *held]) == sorted(subset)
    assert not set(data.groups[train]) & set(data.groups[held])
    assert 27 <= len(held) <= 30
    again = tuning_holdout(data, subset, seed=1)
    assert np.array_equal(train, again[0])
    assert not np.array_equal(held, tuning_holdout(data, subset, seed=2)[1])


def test_tuning_holdout_keeps_copies_together_beside_an_official_test_part(make_texts):
    texts = [f"text number {i // 3}" for i in range(90)]
    data = make_texts([i // 3 % 2 for i in range(90)], texts=texts, parts=["train"] * 60 + ["test"] * 30)
    train, held = tuning_holdout(data, np.arange(60), seed=0)
    assert len(held) == 12
    assert not {texts[i] for i in train} & {texts[i] for i in held}


def test_tuning_holdout_keeps_every_class(make_texts):
    data = make_texts([0] * 20 + [1, 1, 2, 2])
    for seed in range(10):
        train, held = tuning_holdout(data, np.arange(24), seed=seed)
        assert set(data.labels[train]) == {0, 1, 2}
        assert len(held) == 5


def test_judge_half_follows_the_id(make_texts):
    data = make_texts([0, 1] * 1_500, parts=["train"] * 900 + ["test"] * 2_100)
    (split,) = make_splits(data)
    mask = judge_mask(data, split)
    assert mask.shape == (2_100,)
    assert 0.45 < mask.mean() < 0.55
    small = make_splits(make_texts([0, 1] * 20))[0]
    assert judge_mask(data, small).all()


def test_a_few_large_groups_rotate_instead_of_leaving_nothing_to_test_on(make_texts):
    data = make_texts([0, 1] * 1_200, groups=[i // 600 for i in range(2_400)])
    folds = make_splits(data)
    assert [len(split.test) for split in folds] == [600] * 4
    assert sorted(np.concatenate([split.test for split in folds])) == list(range(2_400))
