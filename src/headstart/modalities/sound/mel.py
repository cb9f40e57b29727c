"""Log-mel pictures of waveforms."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LINEAR_UP_TO, LINEAR_STEP = 1000.0, 200.0 / 3  # Slaney's scale: linear, then logarithmic (Auditory Toolbox, 1998)
LOG_STEP = np.log(6.4) / 27.0
QUIET = 1e-10  # power below is taken for this


def to_mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale."""
    known = np.maximum(hertz, LINEAR_UP_TO)
    return np.where(
        hertz < LINEAR_UP_TO, hertz / LINEAR_STEP, LINEAR_UP_TO / LINEAR_STEP + np.log(known / LINEAR_UP_TO) / LOG_STEP
    )


def to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of :func:`to_mel`."""
    corner = LINEAR_UP_TO / LINEAR_STEP
    return np.where(
        mel < corner, mel * LINEAR_STEP, LINEAR_UP_TO * np.exp(LOG_STEP * (np.maximum(mel, corner) - corner))
    )


@cache
def mel_filters(rate: int, points: int, bands: int, low: float, high: float) -> Tensor:
    """Triangular filters (points // 2 + 1, bands), each of area 1 in hertz.

    Args:
        rate: Samples a second.
        points: Of the Fourier transform.
        bands: How many filters.
        low: Lower edge of the first, in hertz.
        high: Upper edge of the last, in hertz.
    """
    first, last = to_mel(np.asarray([low, high])).tolist()
    edges = to_hertz(np.linspace(first, last, bands + 2))
    frequencies = np.linspace(0, rate / 2, points // 2 + 1)[:, None]
    rising = (frequencies - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - frequencies) / np.diff(edges)[1:]
    filters = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    return torch.from_numpy(filters.astype(np.float32))


@cache
def hann(width: int, points: int) -> Tensor:
    """A periodic Hann window of a width in the middle of ``points``."""
    before = (points - width) // 2
    return torch.nn.functional.pad(torch.hann_window(width), (before, points - width - before))


def log_mel(waves: Tensor, filters: Tensor, window: Tensor, step: int) -> Tensor:
    """Decibels (N, frames, bands) of waveforms (N, samples) at least as long as the window.

    Args:
        waves: Samples.
        filters: Of :func:`mel_filters`.
        window: Of :func:`hann`, as long as the Fourier transform.
        step: Samples from frame to frame.
    """
    spectrum = torch.stft(waves, len(window), step, len(window), window, center=False, return_complex=True)
    power = spectrum.abs().square().transpose(1, 2) @ filters
    return torch.as_tensor(10 * torch.log10(power.clamp(min=QUIET)))
