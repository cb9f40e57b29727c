"""Made-up sounds: tones of three pitches with noise, in files."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

soundfile = pytest.importorskip("soundfile", reason="the extra sound is not installed")

PITCHES = {"low": 300, "middle": 900, "high": 2700}


def tone(hertz: float, seconds: float = 0.5, rate: int = 16_000, seed: int = 0, level: float = 0.2) -> np.ndarray:
    """A tone that swells and fades, with noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    shape = np.sin(np.pi * time / max(seconds, 1e-9))
    samples = level * shape * np.sin(2 * np.pi * hertz * time + rng.uniform(0, 6))
    return (samples + 0.01 * rng.normal(size=len(time))).astype(np.float32)


def encoded(samples: np.ndarray, rate: int = 16_000, kind: str = "WAV", subtype: str | None = None) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def wav_header(bits: int, channels: int, rate: int, said: int) -> bytes:
    """The beginning of a WAV file that says whatever it is told to."""
    block = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, (rate * block) % 2**32, block, bits)
    return b"RIFF" + struct.pack("<I", 36 + said) + b"WAVE" + form + b"data" + struct.pack("<I", said)


def write_tones(folder, each: int = 14, rate: int = 16_000) -> None:
    """Class folders of tones of 0.3 to 0.7 s."""
    for number, (name, hertz) in enumerate(PITCHES.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k in range(each):
            rng = np.random.default_rng([number, k])
            samples = tone(hertz * rng.uniform(0.85, 1.15), rng.uniform(0.3, 0.7), rate, 100 * number + k)
            soundfile.write(folder / name / f"{k:02d}.wav", samples, rate)
