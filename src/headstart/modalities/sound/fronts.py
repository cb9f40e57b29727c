"""Front ends: how a sound becomes a log-mel picture, or the samples that a network of transformers reads."""

from __future__ import annotations

from headstart.core import Record
from headstart.modalities.sound.decoding import RATE

FRAME = 10  # milliseconds from frame to frame
LONGEST_READ = 10_000  # milliseconds; longer sounds are cut, and the report says how many


class Front(Record):
    """A log-mel picture of a sound at 16 kHz: power in triangular bands on Slaney's mel scale, in decibels.

    Attributes:
        bands: Of the picture.
        low, high: Edges of the lowest and highest band in hertz.
        window: Of the short-time Fourier transform, in samples (Hann).
        points: Of the transform.
        step: Samples from frame to frame.
        margin: Frames of silence on both sides, for networks whose windows would else miss the beginning and the end.
        fewest: Frames of a picture at least; shorter sounds get more silence on both sides.
        scale: What samples of full scale 1 are multiplied by.
        range: Decibels below the loudest point of a sound that are still told apart.
        relative: Whether decibels count from the loudest point of a sound, so that loudness says nothing.
        divisor, offset: Last of all: values / divisor + offset.
    """

    bands: int
    low: float
    high: float
    window: int = 400
    points: int = 512
    step: int = RATE * FRAME // 1000
    margin: int = 0
    fewest: int = 32
    scale: float = 1.0
    range: float = 80.0
    relative: bool = True
    divisor: float = 20.0
    offset: float = 2.0


FRONTS = {
    # for networks without pretraining
    "log-mel": Front(bands=64, low=50.0, high=7800.0),
    # that of Google's speech embedding, as its package computes it
    "speech": Front(bands=32, low=60.0, high=3800.0, margin=48, fewest=76, scale=32767.0, relative=False, divisor=10.0),
}
