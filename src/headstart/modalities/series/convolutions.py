"""Convolutions of MiniRocket's kernels with many series at once, and how many of their values lie above biases.

Arrays lie as (time, series): comparing and counting then run over long contiguous rows, outside Python's lock.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LENGTH = 9  # of a kernel
MOST_COUNTED = 255  # that a byte holds
Numbers = NDArray[np.float32]


class Convolver:
    """Outputs of kernels with weights -1 and, in three places, 2, at one dilation.

    The order of the sums is that of the authors' code, so that values that are equal to a bias stay equal.

    Args:
        values: Series (C, T, N); zeros lie around them.
        dilation: Steps between a kernel's weights.
        outside: Values (T, N) that never lie above a bias, such as padding.
    """

    def __init__(self, values: Numbers, dilation: int, outside: NDArray[np.bool_] | None = None) -> None:
        self.minus = -values
        threefold = 3 * values
        self.gained = [threefold if place == LENGTH // 2 else np.zeros_like(values) for place in range(LENGTH)]
        for place in range(LENGTH):
            shift = (place - LENGTH // 2) * dilation
            if shift == 0 or abs(shift) >= values.shape[1]:
                continue
            into = slice(-shift, None) if shift < 0 else slice(None, -shift)
            source = slice(None, shift) if shift < 0 else slice(shift, None)
            self.minus[:, into] -= values[:, source]
            self.gained[place][:, into] = threefold[:, source]
        if outside is not None:
            self.minus[:, outside] = -np.inf
        self._begun: dict[tuple[int, ...], Numbers] = {}

    def of(self, places: tuple[int, ...], channels: NDArray[np.bool_]) -> Numbers:
        """The output (T, N) of the kernel whose weight is 2 at three ``places``, on the sum of some channels.

        Sums that the next kernel shares are kept, so kernels are best asked for in the order of their places.
        """
        if len(channels) > 1:
            found: Numbers = self.minus[channels].sum(0)
            for place in places:
                found += self.gained[place][channels].sum(0)
            return found
        return self._sum(places)

    def _sum(self, places: tuple[int, ...]) -> Numbers:
        if not places:
            alone: Numbers = self.minus[0]
            return alone
        begun = self._begun.get(places[:-1])
        if begun is None:
            begun = self._sum(places[:-1])
            for key in [key for key in self._begun if len(key) >= len(places) - 1]:
                del self._begun[key]
            self._begun[places[:-1]] = begun
        summed: Numbers = begun + self.gained[places[-1]][0]
        return summed


def count_above(values: Numbers, biases: Numbers, room: NDArray[np.bool_], into: Numbers) -> None:
    """Count the values above each bias in each series.

    Args:
        values: Of a convolution (T, N).
        biases: What to compare with (F,).
        room: For one comparison, at least (T, N).
        into: Where the counts go (F, N).
    """
    above = room[: len(values)]
    bits = above.view(np.uint8)
    slices = [bits[start : start + MOST_COUNTED] for start in range(0, len(bits), MOST_COUNTED)]
    counts = np.empty((len(slices), *into.shape), dtype=np.uint8)
    reduce = np.add.reduce
    for number, bias in enumerate(biases):
        np.greater(values, bias, out=above)
        for one, found in zip(slices, counts, strict=True):
            reduce(one, axis=0, dtype=np.uint8, out=found[number])
    np.sum(counts, axis=0, dtype=np.float32, out=into)
