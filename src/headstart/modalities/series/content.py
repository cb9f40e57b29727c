"""Series of a data set, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from headstart.data.content import Content, Preview, Survey
from headstart.data.findings import Finding
from headstart.modalities.series.items import Numbers, Series, filled, trouble_of
from headstart.modalities.series.preview import drawn

CHANNEL_UNIT = 2**20  # a native size is length + (channels - 1) times this
LONGEST = 4096  # values that networks read; longer series are averaged
SHOWN = 6  # values in a line about a series


def native_size_of(channels: int, length: int) -> int:
    """Channels and length in one number; that of series of one channel is their length."""
    return min(length, CHANNEL_UNIT - 1) + (channels - 1) * CHANNEL_UNIT


def shape_of(native_size: int) -> tuple[int, int]:
    """Channels and length behind a native size."""
    return native_size // CHANNEL_UNIT + 1, native_size % CHANNEL_UNIT


class SeriesContent(Content):
    """N series of C channels each, one after the other in one array; their lengths may differ.

    Attributes:
        channels: C.
        lengths: (N,).
        rates: Values a second, (N,); 0 where nothing says it.
        missing: Shares of values that were filled in, (N,).

    Args:
        series: N of the same number of channels, without trouble.
    """

    def __init__(self, series: Sequence[Series]) -> None:
        self.channels = len(series[0].values) if series else 1
        self.lengths = np.array([len(one) for one in series], dtype=np.int64)
        self.rates = np.array([one.rate for one in series])
        self.missing = np.array([float((~np.isfinite(one.values)).mean()) for one in series])
        self._ends = np.cumsum(self.lengths) * self.channels
        whole = np.empty(int(self._ends[-1]) if series else 0, dtype=np.float32)
        for one, end in zip(series, self._ends.tolist(), strict=True):
            whole[end - one.values.size : end] = filled(one.values).ravel()
        self._values = whole

    def __len__(self) -> int:
        return len(self.lengths)

    def one(self, row: int) -> Numbers:
        """The series ``row``, (C, T)."""
        end = int(self._ends[row])
        start = end - int(self.lengths[row]) * self.channels
        return self._values[start:end].reshape(self.channels, -1)

    @property
    def native_size(self) -> int:  # type: ignore[override]
        """Channels and the longest length; see :func:`native_size_of`."""
        return native_size_of(self.channels, int(self.lengths.max(initial=2)))

    def identity(self) -> Iterable[bytes]:
        """Each series as bytes."""
        return [self.one(row).tobytes() for row in range(len(self))]

    def load(self, rows: Iterable[int]) -> list[Numbers]:
        """The series ``rows``, (C, T) each."""
        return [self.one(int(row)) for row in rows]

    def findings(self, ids: Sequence[str]) -> list[Finding]:
        """Shape, gaps, flat lines, axes that look exchanged."""
        from headstart.modalities.series.findings import series_findings

        return series_findings(self, ids)

    def properties(self) -> dict[str, dict[str, np.ndarray]]:
        """Length, rate and level, on which no class should hang."""
        level = np.array([float(self.one(row).mean(dtype=np.float64)) for row in range(len(self))])
        return {
            "length": {"length": self.lengths.astype(float)},
            "rate": {"sampling rate": self.rates},
            "level": {"mean level": level},
            "gaps": {"share of missing values": self.missing},
        }

    def preview(self, row: int) -> Preview:
        """A line plot, and the first values."""
        values = self.one(row)
        shown = " ".join(f"{value:.3g}" for value in values[0, :SHOWN])
        channels = f"{self.channels} channels of " if self.channels > 1 else ""
        return Preview(text=f"{channels}{values.shape[1]:,} values: {shown} ...", picture=drawn(values))


def survey_of(items: Sequence[Series | None]) -> Survey:
    """Find the series that can be used: of the usual number of channels, with numbers in them."""
    counts = [len(one.values) for one in items if one is not None and not trouble_of(one)]
    usual = max(set(counts), key=counts.count, default=0)
    problems = []
    for one in items:
        trouble = "it holds no numbers" if one is None else trouble_of(one)
        if one is not None and not trouble and len(one.values) != usual:
            trouble = f"it has {len(one.values):,} channels where most have {usual:,}"
        problems.append(trouble)

    def keep(rows: np.ndarray) -> SeriesContent:
        return SeriesContent([one for one in (items[int(row)] for row in rows) if one is not None])

    return Survey(np.array(problems, dtype=str), keep)
