import numpy as np
import pytest
from tones import encoded, tone, wav_header

from headstart.core import SourceError
from headstart.modalities.sound import decoding
from headstart.modalities.sound.decoding import RATE, UnreadableSoundError, begins_like_sound, decode, resampled


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("FLAC", None), ("OGG", None)])
def test_forms_are_decoded_to_the_same_samples(kind, subtype):
    samples = tone(440)
    sound = decode(encoded(samples, kind=kind, subtype=subtype))
    assert (sound.rate, sound.channels, sound.kind) == (RATE, 1, kind)
    assert sound.seconds == pytest.approx(0.5, abs=0.01)
    assert np.abs(sound.samples[2000:6000] - samples[2000:6000]).max() < (0.1 if kind == "OGG" else 1e-3)


def test_mp3_is_decoded():
    assert decode(encoded(tone(440, 1.0), kind="MP3")).seconds == pytest.approx(1.0, abs=0.1)


def test_channels_are_mixed_by_their_mean():
    samples = np.stack([tone(440, seed=k) for k in range(8)], axis=1)
    sound = decode(encoded(samples))
    assert sound.channels == 8
    assert np.abs(sound.samples - samples.mean(1)).max() < 1e-3


def test_a_tone_keeps_its_pitch_when_it_is_resampled():
    changed = resampled(tone(1000, 1.0, rate=44_100), 44_100)
    assert len(changed) == RATE
    assert np.abs(np.fft.rfft(changed)).argmax() == pytest.approx(1000, abs=2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"this is a text and no sound at all", "no sound that can be decoded"),
        (b"RIFF\x00\x00\x00\x00WAVEjunk" + bytes(64), "it is damaged"),
        (wav_header(48, 1, 16_000, 600) + bytes(600), "48 bits a sample"),
        (wav_header(16, 1, 16_000, 0), "it holds no samples"),
        (wav_header(16, 1, 3, 600) + bytes(600), "its header says 3 samples a second"),
        (encoded(np.array([0.1, np.nan, 0.2], dtype=np.float32), subtype="FLOAT"), "NaN"),
        (encoded(tone(440), kind="FLAC")[:60], "it"),
    ],
    ids=["empty", "text", "header", "48-bit", "no-samples", "rate", "nan", "flac-header-alone"],
)
def test_what_cannot_be_decoded_is_refused_in_a_line(content, said):
    with pytest.raises(UnreadableSoundError) as caught:
        decode(content)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 120


def test_a_file_that_is_not_there_is_named_so(tmp_path):
    with pytest.raises(UnreadableSoundError, match="no such file"):
        decode(tmp_path / "no.wav")


def test_a_file_that_ends_too_early_is_read_as_far_as_it_goes():
    whole = encoded(tone(440, 1.0))
    sound = decode(whole[: len(whole) // 2])
    assert sound.cut_off
    assert sound.seconds == pytest.approx(0.5, abs=0.01)
    assert not decode(whole).cut_off


def test_only_the_beginning_of_a_very_long_sound_is_decoded(monkeypatch):
    monkeypatch.setattr(decoding, "LONGEST", 0.25)
    sound = decode(encoded(tone(440, 1.0)))
    assert (len(sound.samples), sound.seconds) == (4000, 1.0)


def test_sounds_are_known_by_how_they_begin():
    for kind in ("WAV", "FLAC", "OGG", "MP3", "AIFF"):
        assert begins_like_sound(encoded(tone(440), kind=kind)[:16]), kind
    assert not begins_like_sound(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01")
    assert not begins_like_sound(b"RIFF\x00\x00\x00\x00WEBPVP8 ")
    assert not begins_like_sound(b"")


def test_without_the_decoders_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(SourceError, match=r"headstart\[sound\]"):
        decode(b"RIFF")
