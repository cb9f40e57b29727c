import errno
import os

import numpy as np
import pytest
import torch
from torch import nn

from headstart.core import HeadstartError
from headstart.training import FeatureCache, features


class Inputs:
    """Ten numbers as examples; remembers which were read."""

    def __init__(self, size=10):
        self.size, self.seen = size, []
        self.lengths = np.arange(size)[::-1].copy()

    def __len__(self):
        return self.size

    def batch(self, rows, augmentation="none"):
        self.seen.extend(rows.tolist())
        return {"values": torch.from_numpy(rows.astype(np.float32))}


class Doubler(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))
        self.fail_at = None

    def features(self, values):
        if self.fail_at is not None and (values >= self.fail_at).any():
            raise KeyboardInterrupt
        return torch.stack([values, self.factor * values, torch.ones_like(values)], 1)


def expected(rows):
    return np.stack([rows, 2 * rows, np.ones(len(rows))], 1).astype(np.float32)


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch):
    """Blocks of one row, so that what is computed is what is asked for."""
    monkeypatch.setattr(features, "FEWEST", 1)
    monkeypatch.setattr(features, "MOST", 1)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 3)


class Mixing(Doubler):
    """A network whose features depend on what else is in the batch, as those of real ones do in the last digits."""

    def features(self, values):
        return super().features(values) + values.mean()


@pytest.mark.parametrize("history", [[], [[0]], [[9, 3], [5]], [[1], [2], [8, 0, 4]]])
def test_features_do_not_depend_on_what_was_asked_for_before(tmp_path, monkeypatch, history):
    monkeypatch.setattr(features, "FEWEST", 4)
    monkeypatch.setattr(features, "MOST", 4)
    alone = FeatureCache(tmp_path / "alone", "data", "weights").rows(Mixing(), Inputs(), np.arange(10))
    cache = FeatureCache(tmp_path / "history", "data", "weights")
    for rows in history:
        cache.rows(Mixing(), Inputs(), np.asarray(rows))
    np.testing.assert_array_equal(cache.rows(Mixing(), Inputs(), np.arange(10)), alone)


@pytest.mark.parametrize("rows", [[0], [9, 3], [0, 1, 2, 3], list(range(10))])
def test_what_a_price_counts_is_what_runs_through_the_network(tmp_path, monkeypatch, rows):
    """Neighbours in a block run as well: a few scattered examples cost many, a part of the data set costs itself."""
    monkeypatch.setattr(features, "FEWEST", 4)
    monkeypatch.setattr(features, "MOST", 4)
    inputs = Inputs()
    counted = features.Blocks.of(inputs, "cpu").examples(np.asarray(rows))
    inputs.seen.clear()
    FeatureCache(tmp_path, "data", "weights").rows(Mixing(), inputs, np.asarray(rows))
    assert counted == len(inputs.seen)
    assert len(rows) <= counted <= 10


def test_each_row_is_computed_once(tmp_path, small_chunks):
    cache, inputs, network = FeatureCache(tmp_path, "data", "weights"), Inputs(), Doubler()
    rows = np.asarray([7, 1, 7, 4])
    assert cache.missing(rows, 10).tolist() == rows.tolist()
    np.testing.assert_array_equal(cache.rows(network, inputs, rows), expected(rows))
    np.testing.assert_array_equal(cache.rows(network, inputs, np.arange(10)), expected(np.arange(10)))
    assert sorted(inputs.seen) == list(range(10))
    again, untouched = FeatureCache(tmp_path, "data", "weights"), Inputs()
    assert not len(again.missing(np.arange(10), 10))
    np.testing.assert_array_equal(again.rows(network, untouched, rows), expected(rows))
    assert untouched.seen == []
    assert not network.training


def test_other_data_or_weights_have_a_table_of_their_own(tmp_path):
    FeatureCache(tmp_path, "data", "weights").rows(Doubler(), Inputs(), np.arange(10))
    for key in (("data", "other"), ("other", "weights")):
        assert len(FeatureCache(tmp_path, *key).missing(np.arange(10), 10)) == 10


def test_progress_is_told(tmp_path, small_chunks):
    told = []
    cache = FeatureCache(tmp_path, "data", "weights")
    cache.rows(Doubler(), Inputs(), np.arange(10), on_progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 10), (6, 10), (9, 10), (10, 10)]


def test_a_kill_half_way_keeps_what_was_done(tmp_path, small_chunks):
    network = Doubler()
    network.fail_at = 7
    inputs = Inputs()
    inputs.lengths = np.arange(10)
    with pytest.raises(KeyboardInterrupt):
        FeatureCache(tmp_path, "data", "weights").rows(network, inputs, np.arange(10))
    network.fail_at, again = None, Inputs()
    resumed = FeatureCache(tmp_path, "data", "weights")
    np.testing.assert_array_equal(resumed.rows(network, again, np.arange(10)), expected(np.arange(10)))
    assert sorted(again.seen) == [6, 7, 8, 9]


def test_a_row_without_its_mark_is_computed_again(tmp_path):
    FeatureCache(tmp_path, "data", "weights").rows(Doubler(), Inputs(), np.arange(10))
    (file,) = tmp_path.iterdir()
    table = np.load(file, mmap_mode="r+")
    table[3] = [-1, -1, -1, 0]  # as if killed between the values and the mark
    table.flush()
    inputs = Inputs()
    found = FeatureCache(tmp_path, "data", "weights").rows(Doubler(), inputs, np.arange(10))
    np.testing.assert_array_equal(found, expected(np.arange(10)))
    assert inputs.seen == [3]


def test_two_processes_may_fill_one_table(tmp_path):
    FeatureCache(tmp_path, "data", "weights").rows(Doubler(), Inputs(), np.asarray([0]))
    one, two = (FeatureCache(tmp_path, "data", "weights") for _ in range(2))
    one.rows(Doubler(), Inputs(), np.asarray([1]))
    two.rows(Doubler(), Inputs(), np.asarray([2]))
    third = FeatureCache(tmp_path, "data", "weights")
    assert third.missing(np.arange(10), 10).tolist() == [3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("damage", ["truncate", "garbage", "empty", "other length"])
def test_a_damaged_table_is_computed_anew(tmp_path, damage):
    FeatureCache(tmp_path, "data", "weights").rows(Doubler(), Inputs(), np.arange(10))
    (file,) = tmp_path.iterdir()
    if damage == "truncate":
        os.truncate(file, file.stat().st_size - 8)
    elif damage == "other length":
        np.save(file, np.ones((9, 4), np.float32))
    else:
        file.write_bytes(b"" if damage == "empty" else b"garbage" * 10)
    inputs = Inputs()
    found = FeatureCache(tmp_path, "data", "weights").rows(Doubler(), inputs, np.arange(10))
    np.testing.assert_array_equal(found, expected(np.arange(10)))
    assert 9 in inputs.seen  # numpy fills a short file up with zeros, which mark nothing as done
    assert damage == "truncate" or len(inputs.seen) == 10
    assert not len(FeatureCache(tmp_path, "data", "weights").missing(np.arange(10), 10))


def test_a_full_disk_means_memory(tmp_path, monkeypatch):
    def full(_file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(features, "_claim_space", full)
    cache, inputs = FeatureCache(tmp_path, "data", "weights"), Inputs()
    for _ in range(2):
        np.testing.assert_array_equal(cache.rows(Doubler(), inputs, np.arange(10)), expected(np.arange(10)))
    assert len(inputs.seen) == 10
    assert cache.notes == ["features are kept in memory only: No space left on device"]
    assert list(tmp_path.iterdir()) == []


def test_space_is_claimed_before_it_is_mapped(tmp_path):
    FeatureCache(tmp_path, "data", "weights").rows(Doubler(), Inputs(5000), np.asarray([0]))
    (file,) = tmp_path.iterdir()
    state = file.stat()
    assert state.st_blocks * 512 >= state.st_size


def test_features_that_are_no_numbers_are_an_error(tmp_path):
    network = Doubler()
    network.factor.data.fill_(float("inf"))
    with pytest.raises(HeadstartError, match="not finite"):
        FeatureCache(tmp_path, "data", "weights").rows(network, Inputs(), np.arange(1, 10))
