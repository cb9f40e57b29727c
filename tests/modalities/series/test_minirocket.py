"""The transform gives the features of its authors' code, for series of any length and number of channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_up_series import waves

from headstart.modalities import Regime
from headstart.modalities.series.convolutions import LENGTH
from headstart.modalities.series.minirocket import KERNELS, MiniRocket, spread
from headstart.models.families.minirocket import MiniRocketFamily
from headstart.models.heads import fit_large_ridge_head, fit_ridge_head

# Written by aeon 1.6 from its own random walks: parameters and features of one channel and of several.
RECORDED = np.load(Path(__file__).with_name("aeon_minirocket.npz"))


def recorded(of):
    dilations = RECORDED[f"{of}dilations"].astype(np.int64)
    one = np.ones((len(dilations), KERNELS, 1), dtype=bool)
    channels = RECORDED[f"{of}channels"] if of else one
    counts, biases = RECORDED[f"{of}counts"].astype(np.int64), RECORDED[f"{of}biases"].astype(np.float32)
    return MiniRocket(channels, dilations, counts, biases), RECORDED[f"{of}x"], RECORDED[f"{of}features"]


@pytest.mark.parametrize("of", ["", "several_"])
@pytest.mark.parametrize("threads", [1, 2])
def test_features_are_those_of_aeon(of, threads):
    rocket, series, features = recorded(of)
    assert np.abs(rocket.transform(list(series), threads) - features).max() < 1e-5


@pytest.mark.parametrize("of", ["", "several_"])
def test_dilations_are_those_of_aeon(of):
    features = 1000 if not of else 500
    dilations, counts = spread(RECORDED[f"{of}x"].shape[2], features)
    assert dilations.tolist() == RECORDED[f"{of}dilations"].tolist()
    assert counts.tolist() == RECORDED[f"{of}counts"].tolist()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_series_has_the_same_features_beside_longer_ones(channels):
    rng = np.random.default_rng(0)
    values, _ = waves(20, length=90, channels=channels)
    series = [one[:, : rng.integers(9, 91)] for one in values]
    rocket = MiniRocket.fit(series, 0, features=1000)
    together = rocket.transform(series)
    alone = np.concatenate([rocket.transform([one]) for one in series])
    assert np.abs(together - alone).max() < 1e-6


def test_long_series_are_counted_beyond_a_byte():
    rng = np.random.default_rng(0)
    long = rng.normal(size=(1, 1000)).astype(np.float32)
    rocket = MiniRocket.fit([long], 0, features=100)
    assert rocket.transform([long]).max() <= 1
    assert rocket.transform([long]).min() >= 0
    rocket.biases[:] = -1e9
    assert np.all(rocket.transform([long]) == 1)


@pytest.mark.parametrize("length", [1, 2, LENGTH - 1, LENGTH])
def test_series_shorter_than_a_kernel_have_features(length):
    values, _ = waves(8, length=length)
    rocket = MiniRocket.fit(list(values), 0, features=168)
    assert np.isfinite(rocket.transform(list(values))).all()


def test_the_same_seed_gives_the_same_transform_and_another_one_another():
    values, _ = waves(20)
    first, same, other = (MiniRocket.fit(list(values), seed, 200) for seed in (0, 0, 1))
    assert np.array_equal(first.biases, same.biases)
    assert not np.array_equal(first.biases, other.biases)


def test_time_that_is_over_ends_the_transform():
    values, _ = waves(20)
    rocket = MiniRocket.fit(list(values), 0, 200)

    def over():
        raise TimeoutError

    for threads in (1, 2):
        with pytest.raises(TimeoutError):
            rocket.transform(list(values) * 40, threads, over)


def test_a_head_on_many_examples_agrees_with_one_by_eigenvalues(monkeypatch):
    monkeypatch.setattr("headstart.models.heads.SAMPLE", 150)
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 400)).astype(np.float32)
    targets = (features[:, :3].argmax(1)).astype(np.int64)
    whole = fit_ridge_head(features, targets, 3)
    large = fit_large_ridge_head(features.copy(), targets, 3, seed=0)
    new = rng.normal(size=(300, 400)).astype(np.float32)
    agree = (whole.probabilities(new).argmax(1) == large.probabilities(new).argmax(1)).mean()
    assert agree > 0.85


def test_a_prior_of_less_than_one_calls_rare_classes_more_often():
    rng = np.random.default_rng(0)
    labels = (rng.random(240) < 0.1).astype(np.int64)
    series = [rng.standard_normal((1, 40)).astype(np.float32) + 0.4 * label * np.sin(np.arange(40)) for label in labels]
    family = MiniRocketFamily()
    plain = family.recipes(Regime("series", "minirocket", 160, 2))[0]
    rare = plain.model_copy(update={"prior": 0.5})
    usual, often = (family.fit(series[:160], labels[:160], recipe, 0) for recipe in (plain, rare))
    assert often.predict_proba(series[160:])[:, 1].mean() > usual.predict_proba(series[160:])[:, 1].mean()
    np.testing.assert_allclose(often.predict_proba(series[160:]).sum(1), 1, atol=1e-5)
