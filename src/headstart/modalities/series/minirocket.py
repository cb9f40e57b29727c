"""MiniRocket: features of series by fixed convolutions (Dempster, Schmidt and Webb 2021, arXiv 2012.08791).

All 84 kernels of length 9 with six weights -1 and three weights 2, at dilations spread evenly in the logarithm, each
with biases that are quantiles of its own output on some training series. A feature is the share of a convolution's
values above a bias. Only the biases, and which channels a kernel adds up, depend on chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from headstart.modalities.series.convolutions import LENGTH, Convolver, Numbers, count_above

CHOSEN = tuple(combinations(range(LENGTH), 3))  # where a kernel's weight is 2
KERNELS = len(CHOSEN)
FEATURES = 10_000  # at most; 84 times a whole number of them
MOST_DILATIONS = 32
GOLDEN = (np.sqrt(5) + 1) / 2  # its multiples modulo 1 spread quantiles evenly
SHORTEST = LENGTH  # values that series are padded to
BLOCK_VALUES = 96_000  # series x time: a convolution of so many values stays in a core's cache
FEWEST, MOST = 64, 512  # series of a block


class MiniRocket:
    """A fitted transform from series (C, T) of any length to F features.

    Attributes:
        channels: Whether a kernel adds up a channel at a dilation (D, 84, C).
        dilations: Of the kernels (D,).
        counts: Features of a kernel at each dilation (D,).
        biases: Of all features (F,), dilation by dilation and kernel by kernel.
    """

    def __init__(
        self,
        channels: NDArray[np.bool_],
        dilations: NDArray[np.int64],
        counts: NDArray[np.int64],
        biases: NDArray[np.float32],
    ) -> None:
        self.channels, self.dilations, self.counts, self.biases = channels, dilations, counts, biases

    @classmethod
    def fit(cls, series: Sequence[Numbers], seed: int, features: int = FEATURES) -> MiniRocket:
        """Choose dilations, channels and biases.

        Args:
            series: N of the training part, (C, T) each, without missing values.
            seed: Of what depends on chance.
            features: How many at most.
        """
        rng = np.random.default_rng(seed)
        longest = max(SHORTEST, max(one.shape[1] for one in series))
        dilations, counts = spread(longest, features)
        channels = np.stack([_channels(len(series[0]), rng) for _ in dilations])
        quantiles = np.mod(np.arange(1, counts.sum() * KERNELS + 1) * GOLDEN, 1.0)
        biases, start = [], 0
        for place, dilation in enumerate(dilations.tolist()):
            for kernel, example in enumerate(rng.integers(len(series), size=KERNELS).tolist()):
                end = start + int(counts[place])
                values = _stacked([series[example]])
                found = Convolver(values, dilation).of(CHOSEN[kernel], channels[place, kernel])[:, 0]
                part = found[_valid(_is_cut(place, kernel), dilation, len(found))]
                biases.append(np.quantile(part, quantiles[start:end]))
                start = end
        return cls(channels, dilations, counts, np.concatenate(biases).astype(np.float32))

    def transform(
        self, series: Sequence[Numbers], threads: int = 1, check_time: Callable[[], None] = lambda: None
    ) -> Numbers:
        """Features (N, F) of series (C, T); those of like length are computed together.

        Args:
            series: N of them.
            threads: CPU threads; numpy computes outside Python's lock.
            check_time: Called between blocks; raises when the time is over.
        """
        lengths = np.array([max(SHORTEST, one.shape[1]) for one in series], dtype=np.int64)
        found = np.empty((len(series), len(self.biases)), dtype=np.float32)

        def fill(rows: NDArray[np.int64]) -> None:
            found[rows] = self._block([series[row] for row in rows.tolist()], lengths[rows])

        blocks = _blocks(lengths, threads)
        if threads <= 1 or len(blocks) == 1:
            for rows in blocks:
                check_time()
                fill(rows)
            return found
        with ThreadPoolExecutor(threads) as pool:
            waiting = [pool.submit(fill, rows) for rows in blocks]
            try:
                for done in waiting:
                    check_time()
                    done.result()
            finally:
                for one in waiting:
                    one.cancel()
        return found

    def _block(self, series: list[Numbers], lengths: NDArray[np.int64]) -> Numbers:
        """Features (N, F) of series of about one length."""
        values = _stacked(series)
        longest, ragged = values.shape[1], bool(lengths.min() < lengths.max())
        at = np.arange(longest)[:, None]
        above = np.empty(values.shape[1:], dtype=bool)
        features = np.empty((len(self.biases), len(series)), dtype=np.float32)
        start = 0
        for place, dilation in enumerate(self.dilations.tolist()):
            reach, each = dilation * (LENGTH // 2), int(self.counts[place])
            margins = [np.zeros_like(lengths), np.where(lengths > 2 * reach, reach, 0)]
            if ragged:
                outside = [(at < margin) | (at >= lengths - margin) for margin in margins]
                convolvers = [Convolver(values, dilation, hidden) for hidden in outside]
            else:
                convolvers = [Convolver(values, dilation)] * 2
            for kernel in range(KERNELS):
                cut = _is_cut(place, kernel)
                part = convolvers[cut].of(CHOSEN[kernel], self.channels[place, kernel])
                part = part if ragged else part[_valid(cut, dilation, longest)]
                end = start + each
                count_above(part, self.biases[start:end], above, features[start:end])
                features[start:end] /= lengths - 2 * margins[cut]
                start = end
        return features.T


def spread(longest: int, features: int = FEATURES) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Dilations (D,) for series of a length, and the features that each kernel has at them (D,)."""
    each = max(features // KERNELS, 1)
    most = min(each, MOST_DILATIONS)
    exponents = np.linspace(0, np.log2((longest - 1) / (LENGTH - 1)), most)
    dilations, counts = np.unique((2**exponents).astype(np.int64), return_counts=True)
    counts = (counts * (each / most)).astype(np.int64)
    place = 0
    while counts.sum() < each:
        counts[place % len(counts)] += 1
        place += 1
    return dilations, counts


def _channels(count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which channels each kernel adds up (84, C): few of them more often than many."""
    found = np.zeros((KERNELS, count), dtype=bool)
    for kernel in range(KERNELS):
        several = int(2 ** rng.uniform(0, np.log2(min(count, LENGTH) + 1)))
        found[kernel, rng.choice(count, size=several, replace=False)] = True
    return found


def _is_cut(place: int, kernel: int) -> bool:
    """Whether a kernel's output is cut to what the zeros around a series have no part in: every second one is."""
    return (place + kernel) % 2 == 1


def _valid(cut: bool, dilation: int, length: int) -> slice:
    reach = dilation * (LENGTH // 2)
    return slice(reach, length - reach) if cut and length > 2 * reach else slice(0, length)


def _blocks(lengths: NDArray[np.int64], threads: int) -> list[NDArray[np.int64]]:
    """Rows of series that are computed together: of like length, in one core's cache, a share for each thread."""
    order = np.argsort(lengths, kind="stable")
    share = max(FEWEST, -(-len(order) // max(1, threads)))
    blocks, start = [], 0
    while start < len(order):
        size = int(np.clip(BLOCK_VALUES // lengths[order[start]], FEWEST, MOST))
        blocks.append(order[start : start + min(size, share)])
        start += len(blocks[-1])
    return blocks


def _stacked(series: list[Numbers]) -> Numbers:
    """Series (C, T) side by side (C, T, N), with zeros behind the shorter ones."""
    longest = max(SHORTEST, max(one.shape[1] for one in series))
    found = np.zeros((len(series[0]), longest, len(series)), dtype=np.float32)
    for place, one in enumerate(series):
        found[:, : one.shape[1], place] = one
    return found
