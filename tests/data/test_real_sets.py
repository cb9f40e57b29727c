"""What is known about the real sets must be found in them."""

import time

import numpy as np
import pytest

from headstart.data import check, load, make_splits, nested_subset, tuning_holdout
from headstart.modalities.image.pixels import Resize

pytestmark = pytest.mark.real


def codes(data):
    return {finding.code: finding for finding in check(data)}


def parts(data) -> tuple[int, int]:
    return int((~data.is_test).sum()), int(data.is_test.sum())


def test_sst2(shared):
    data = load(shared / "sst2")
    assert data.class_names == ("negative", "positive")
    assert parts(data) == (6920 + 872, 1821)
    assert sum(name.startswith("dev.tsv:") for name in data.ids) == 872
    assert codes(data)["leak"].count == 2


def test_tweeteval(shared):
    data = load(shared / "tweeteval_emotion")
    assert data.class_names == ("anger", "joy", "optimism", "sadness")
    assert parts(data) == (3257 + 374, 1421)
    assert codes(data)["imbalance"].value == pytest.approx(1560 / 322)


def test_ag_news(shared):
    data = load(shared / "ag_news")
    assert data.class_names == ("Business", "Sci/Tech", "Sports", "World")
    assert parts(data) == (11_600 + 3_600, 4_000)
    assert "leak" not in codes(data)


def test_sms_spam(shared):
    data = load(shared / "sms_spam" / "sms_spam.csv")
    assert np.bincount(data.labels).tolist() == [4827, 747]
    found = codes(data)
    assert found["duplicate"].count == 403
    assert "contradiction" not in found
    (split,) = make_splits(data)
    assert not set(data.clusters.near[split.pool]) & set(data.clusters.near[split.test])


def test_chest_xray3(shared):
    data = load(shared / "chest_xray3", group_regex=r"^(\d+)_\d+$")
    assert np.bincount(data.labels).tolist() == [124, 500, 500]
    assert any("1,000 of 1,124 file names (89%)" in sentence for sentence in data.found)
    found = codes(data)
    assert found["skipped-files"].count == 1
    assert found["duplicate"].examples == ("no_findings/00002658_002.jpg",)
    assert "aspect" in found["shortcut"].message
    assert "'covid19'" in found["shortcut"].message
    folds = make_splits(data)
    assert len(folds) == 5
    for split in folds:
        assert not set(data.groups[split.pool]) & set(data.groups[split.test])
        subset = nested_subset(data, split, 200, 0, 0)
        train, held = tuning_holdout(data, subset, 0)
        assert not set(data.groups[train]) & set(data.groups[held])
    assert sorted(np.concatenate([split.test for split in folds])) == list(range(1124))


def test_leaf_disease(shared):
    data = load(shared / "leaf_disease")
    assert np.bincount(data.labels).tolist() == [250] * 8
    found = codes(data)
    assert "aspect" in found["shortcut"].message
    assert found["near-duplicate"].count > 30
    assert "contradiction" not in found
    assert data.content.native_size == 96


@pytest.mark.slow
def test_chars74k(shared, real_cache):
    start = time.perf_counter()
    data = load(shared / "chars74k_fnt", cache_dir=real_cache)
    assert time.perf_counter() - start < 30
    assert len(data.class_names) == 34
    assert parts(data) == (20_000, 4_000)
    found = codes(data)
    assert found["leak"].count == 746
    assert "always with the same label" in found["leak"].message
    assert found["near-leak"].value < 0.1
    start = time.perf_counter()
    assert load(shared / "chars74k_fnt", cache_dir=real_cache).fingerprint == data.fingerprint
    assert time.perf_counter() - start < 6


@pytest.mark.slow
def test_cifar10(shared, real_cache):
    data = load(shared / "cifar10", cache_dir=real_cache)
    assert data.class_names[:3] == ("airplane", "automobile", "bird")
    assert parts(data) == (20_000, 5_000)
    assert not codes(data)
    (split,) = make_splits(data)
    subset = nested_subset(data, split, 1000, 0, 0)
    assert np.bincount(data.labels[subset]).tolist() == [100] * 10
    pixels = data.content.pixels(Resize(size=32))
    image = np.asarray(data.content.open(123))
    np.testing.assert_array_equal(pixels[123].transpose(1, 2, 0), image)
