"""Sounds as tensors: pictures, variation, networks, the speech embedding, and the published checks."""

import importlib.metadata

import numpy as np
import pytest
import torch
from tones import encoded, tone

from headstart.core import DataError, SourceError
from headstart.data import load
from headstart.modalities import Regime, get_modality
from headstart.modalities.sound.fronts import FRONTS
from headstart.modalities.sound.items import as_sounds
from headstart.modalities.sound.mel import mel_filters, to_hertz, to_mel
from headstart.modalities.sound.modality import SoundModality
from headstart.modalities.sound.pictures import picture
from headstart.modalities.sound.variation import varied
from headstart.models import build, encode, encode_items, resolve
from headstart.models.families.compact import CompactFamily
from headstart.models.families.logmel import LogMelFamily, slices_of
from headstart.models.families.spectrograms import SpectrogramFamily
from headstart.strategies import get_strategy, strategy_names
from headstart.testing import check_family, check_modality

TASK = "audio-classification"


def test_it_keeps_every_promise_of_a_modality(tones):
    assert "a trial of builtin:compact-sound" in check_modality(SoundModality(), tones)


FAMILIES = [
    (CompactFamily(), "builtin:compact-sound"),
    (LogMelFamily(), "builtin:logmel"),
    (SpectrogramFamily(), "picture:builtin:image"),
    (SpectrogramFamily(), "picture:builtin:compact-image"),
]


@pytest.mark.parametrize(("family", "name"), FAMILIES, ids=[name for _, name in FAMILIES])
def test_its_families_keep_every_promise_of_one(tones, family, name):
    assert check_family(family, name, tones)


def test_pictures_of_sounds_are_for_networks_that_there_are():
    with pytest.raises(SourceError, match="no candidate 'builtin:no' for images"):
        resolve("picture:builtin:no", TASK)
    with pytest.raises(SourceError):
        resolve("picture:builtin:image", "text-classification")


def test_the_mel_scale_is_inverted():
    hertz = np.array([0.0, 500.0, 1000.0, 4000.0])
    assert np.allclose(to_hertz(to_mel(hertz)), hertz)


def test_filters_have_area_one_and_lie_in_order():
    filters = mel_filters(16_000, 512, 64, 50.0, 7800.0)
    peaks = filters.argmax(0)
    assert filters.shape == (257, 64)
    assert bool((peaks.diff() >= 0).all())
    assert filters[:, 60].sum() * 16_000 / 512 == pytest.approx(1, abs=0.05)


def test_a_higher_tone_lies_in_a_higher_band():
    front = FRONTS["log-mel"]
    bands = [int(picture(torch.from_numpy(tone(hertz)), front).mean(0).argmax()) for hertz in (300, 900, 2700)]
    assert bands == sorted(set(bands))


def test_loudness_does_not_show_in_relative_pictures():
    front = FRONTS["log-mel"]
    samples = torch.from_numpy(tone(440))
    assert torch.allclose(picture(samples, front), picture(samples / 8, front), atol=1e-3)


@pytest.mark.parametrize("front", FRONTS.values(), ids=list(FRONTS))
def test_sounds_of_any_length_have_enough_frames(front):
    for samples in (1, 100, 16_000):
        assert len(picture(torch.full((samples,), 0.1), front)) >= front.fewest


@pytest.mark.parametrize("settings", [{}, {"front": "no"}, {"front": "extractor"}, {"front": "extractor", "rate": 1}])
def test_a_damaged_card_is_known(settings):
    candidate = resolve("builtin:compact-sound", TASK)
    assert SoundModality().trouble(candidate) is None
    assert SoundModality().trouble(candidate.model_copy(update={"settings": settings}))


def test_long_sounds_are_cut_and_counted():
    candidate = resolve("builtin:compact-sound", TASK, native_size=500)
    inputs = encode_items(candidate, as_sounds([tone(440, 0.4), tone(440, 2.0)], ()))
    assert (inputs.truncated, inputs.lengths.max()) == (1, 47)


def test_a_damaged_cache_is_written_again(tones, tmp_path):
    data = load(tones, cache_dir=tmp_path / "cache")
    candidate = resolve("builtin:compact-sound", TASK, native_size=data.content.native_size)
    first = encode(candidate, data).batch(np.arange(4))["mels"]
    (file,) = (tmp_path / "cache" / "sounds").glob("*[0-9a-f].npy")
    file.write_bytes(b"damaged")
    assert torch.equal(encode(candidate, data).batch(np.arange(4))["mels"], first)


@pytest.mark.parametrize("augmentation", ["shift", "strong"])
def test_variation_keeps_bands_and_stays_within_what_was_there(augmentation):
    torch.manual_seed(0)
    frames = picture(torch.from_numpy(tone(440)), FRONTS["log-mel"])
    for _ in range(20):
        new = varied(frames, augmentation, 32)
        assert new.shape[1] == frames.shape[1]
        assert 32 <= len(new) <= 1.2 * len(frames)
        assert new.min() >= frames.min() - 1e-5
        assert new.max() <= frames.max() + 1e-5
    assert augmentation == "strong" or len(new) == len(frames)


def test_averages_are_over_equal_slices_of_time():
    assert slices_of(np.repeat(np.arange(12.0), 2).reshape(12, 2))[::2].tolist() == [0.5, 2.5, 4.5, 6.5, 8.5, 10.5]


@pytest.mark.parametrize(
    "given",
    [
        tone(440),
        tone(440).tolist(),
        {"array": tone(440, rate=8000), "sampling_rate": 8000},
        {"bytes": encoded(tone(440)), "path": None},
        [encoded(tone(440))],
        (tone(440) * 32767).astype(np.int16),
        [np.stack([tone(440), tone(440)])],
    ],
    ids=["array", "numbers", "rate", "cell", "bytes", "integers", "stereo"],
)
def test_sounds_are_taken_in_every_usual_form(given):
    given = [given] if isinstance(given, list) and isinstance(given[0], float) else given
    (item,) = as_sounds(given, ())
    candidate = resolve("builtin:compact-sound", TASK, native_size=500)
    assert encode_items(candidate, [item]).batch(np.array([0]))["mels"].shape[2] == 64


@pytest.mark.parametrize("given", [3.5, "no.wav", [np.zeros((2, 2, 2))], [np.array([np.nan])], []])
def test_what_is_no_sound_is_refused(given):
    with pytest.raises(DataError):
        as_sounds(given, ())


def test_a_broken_file_to_predict_is_named(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"no sound")
    with pytest.raises(DataError, match=r"cannot be read: it is no sound.*x\.wav"):
        encode_items(resolve("builtin:compact-sound", TASK), as_sounds(tmp_path / "x.wav", ()))


# the speech embedding


@pytest.fixture
def speech():
    """Its candidate; skipped where the package is not installed."""
    entry = get_modality("sound").packaged["builtin:speech"]
    if entry.found() is None:
        pytest.skip("openwakeword is not installed")
    return resolve("builtin:speech", TASK)


def test_the_speech_embedding_computes_what_its_package_does(speech):
    onnxruntime = pytest.importorskip("onnxruntime")
    file = next(file for file in importlib.metadata.files("openwakeword") if file.name == "embedding_model.onnx")
    session = onnxruntime.InferenceSession(str(file.locate()), providers=["CPUExecutionProvider"])
    mels = torch.rand(1, 100, 32, generator=torch.Generator().manual_seed(0)) * 4
    network = build(speech, ("a", "b"), weights="pretrained", seed=0).eval().module
    with torch.inference_mode():
        ours = network.windows(mels)[0].numpy()
    windows = mels[0].unfold(0, 76, 8).transpose(1, 2)[..., None].numpy()
    theirs = session.run(None, {session.get_inputs()[0].name: windows})[0].reshape(len(windows), 96)
    assert np.abs(ours - theirs).max() < 1e-4


def test_the_speech_embedding_keeps_every_promise_of_a_family(speech, tones):
    from headstart.models.families.packaged import PackagedFamily

    assert check_family(PackagedFamily(), "builtin:speech", tones)


def test_its_card_states_both_licences_and_what_it_was_trained_for(speech):
    card = get_modality("sound").packaged["builtin:speech"].card
    for words in ("Apache-2.0", "NonCommercial-ShareAlike", "wake-word heads", "spoken digits"):
        assert words in card


def test_every_strategy_applies_to_it_or_says_why_not(speech):
    for name in strategy_names():
        strategy = get_strategy(name)
        reason = strategy.refuses(speech)
        if reason is None:
            assert strategy.recipes(Regime("sound", "packaged", 100, 3))
        else:
            assert any(words in reason for words in ("token", "texts", "for sounds use", "for others use")), name
