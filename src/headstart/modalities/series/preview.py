"""A small picture of a series for the report."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 160, 64  # pixels
INKS = ((31, 90, 160), (200, 90, 30), (60, 140, 70), (140, 70, 150))


def drawn(values: NDArray[np.float32]) -> bytes:
    """A line plot of up to four channels (C, T) as a PNG file, each over the range of all."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(picture)
    shown = values[: len(INKS)]
    low, high = float(shown.min()), float(shown.max())
    across = np.linspace(2, WIDTH - 3, shown.shape[1])
    for channel, ink in zip(shown, INKS, strict=False):
        up = (channel.astype(np.float64) - low) / ((high - low) or 1.0)
        pen.line(list(zip(across.tolist(), (HEIGHT - 3 - up * (HEIGHT - 6)).tolist(), strict=True)), fill=ink)
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()
