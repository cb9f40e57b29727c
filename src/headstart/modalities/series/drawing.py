"""Series drawn as pictures, so that networks that learnt from pictures can look at them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headstart.modalities.series.items import Numbers

MOST_BANDS = 4  # channels that are drawn, one below the other
WINDOWS = 8  # of the length: windows of a spectrogram
POINTS = 4  # values a pixel from which a line is drawn without gaps


def drawings(series: Sequence[Numbers], side: int) -> NDArray[np.uint8]:
    """Pictures (N, 3, S, S) of series (C, T).

    Red is the line over its own range, green how far any two moments lie apart (a recurrence plot; Eckmann 1987),
    blue a spectrogram. Several channels are bands below each other, each with all three.

    Args:
        series: N of them.
        side: S, in pixels.
    """
    found = np.zeros((len(series), 3, side, side), dtype=np.uint8)
    for place, one in enumerate(series):
        bands = one[:: max(1, -(-len(one) // MOST_BANDS))][:MOST_BANDS]
        edges = np.linspace(0, side, len(bands) + 1).round().astype(int)
        for channel, top, bottom in zip(bands, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            found[place, :, top:bottom] = _drawn(channel.astype(np.float64), bottom - top, side)
    return found


def _drawn(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.uint8]:
    low, high = float(values.min()), float(values.max())
    shares = (values - low) / (high - low) if high > low else np.full_like(values, 0.5)
    across = np.interp(np.linspace(0, len(values) - 1, width), np.arange(len(values)), shares)
    down = np.interp(np.linspace(0, len(values) - 1, height), np.arange(len(values)), shares)
    apart = np.abs(across[None, :] - down[:, None])
    layers = (_line(shares, height, width), apart, _spectrogram(shares - shares.mean(), height, width))
    return np.stack([(255 * layer).round().astype(np.uint8) for layer in layers])


def _line(shares: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """White where the line passes, grey below it."""
    fine = np.interp(np.linspace(0, len(shares) - 1, POINTS * width), np.arange(len(shares)), shares)
    columns = fine.reshape(width, POINTS)
    top = (1 - columns.max(1)) * (height - 1)
    bottom = (1 - columns.min(1)) * (height - 1)
    rows = np.arange(height)[:, None]
    on = (rows >= np.floor(top)) & (rows <= np.ceil(bottom))
    return np.where(on, 1.0, np.where(rows > bottom, 0.35, 0.0))


def _spectrogram(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Logarithm of the power of overlapping windows over the largest, low frequencies at the bottom."""
    window = int(np.clip(len(values) // WINDOWS * 2, 8, 512))
    padded = np.pad(values, (window // 2, window - window // 2))
    starts = np.linspace(0, len(padded) - window, width).astype(int)
    pieces = padded[starts[:, None] + np.arange(window)[None, :]] * np.hanning(window)
    power = np.log10(np.abs(np.fft.rfft(pieces, axis=1)) ** 2 + 1e-9)
    rows = np.linspace(0, power.shape[1] - 1, height).round().astype(int)
    shown = power[:, rows[::-1]].T
    high = float(shown.max())
    return np.clip((shown - (high - 6)) / 6, 0, 1)
