"""What published results let one expect: directions, honesty about thin evidence, crossings."""

from __future__ import annotations

import pytest

from headstart.knowledge import expect
from headstart.knowledge.prior import FEATURES, Prior, labels_for_even


def flat(slope=-0.5, level=1.0) -> Prior:
    size = len(FEATURES)
    mean = (level, slope, 0.0, 0.0, 0.0)
    covariance = tuple(tuple(1e-6 * (i == j) for j in range(size)) for i in range(size))
    spreads = dict(modality_sd=0.01, source_sd=0.01, dataset_sd=0.01, residual_sd=0.01)
    return Prior(modalities=(), mean=mean, covariance=covariance, counts={}, **spreads)


def test_more_labels_make_transfer_less_likely_ahead():
    chances = [expect("image", n).probability for n in (100, 1000, 10_000, 1_000_000)]
    assert chances == sorted(chances, reverse=True)


def test_a_far_start_and_a_frozen_one_gain_less():
    assert expect("image", 1000, "far").median < expect("image", 1000, "near").median
    assert expect("image", 1000, "near", "probe").median < expect("image", 1000, "near").median


def test_few_sources_say_so_and_widen():
    known, thin, none = expect("text", 1000), expect("protein", 1000), expect("seismic", 1000)
    assert (known.strength, thin.strength, none.strength) == ("measured", "thin", "none")
    assert none.sources == 0
    assert none.high - none.low > known.high - known.low


def test_probabilities_and_intervals_agree():
    for n in (10, 1000, 10**7):
        said = expect("medical image", n, "far")
        assert said.low <= said.median <= said.high
        assert 0 <= said.probability + said.scratch_probability <= 1


def test_the_crossing_is_found_where_it_is():
    low, middle, high = labels_for_even("none", "near", prior=flat())
    assert middle == pytest.approx(10**6, rel=0.05)  # 1 - 0.5 (log10 n - 4) = 0 at n = 1e6
    assert low < middle < high


def test_no_crossing_without_a_slope():
    assert labels_for_even("none", "near", prior=flat(slope=0.0)) is None
