"""What one look at all series shows: shapes, rates, gaps, flat lines, axes that look exchanged, far outliers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Protocol

import numpy as np

from headstart.data.findings import Finding, Severity, finding, plural
from headstart.modalities.series.items import Numbers

LOOKED_AT = 500  # series, spread evenly, by which axes are judged
SMOOTHER = 0.5  # of the roughness along time: steps from channel to channel that are smaller than that
ENOUGH_CHANNELS = 8
NUMBERED = re.compile(r"^(.*\d.*)[_-]\d+$")  # a recording with its number, and the number of a window
FEWEST_RECORDINGS = 2
RUN = 0.1  # share of a series in one gap that a straight line cannot stand for


class AllSeries(Protocol):
    """N series of C channels; see :class:`~headstart.modalities.series.content.SeriesContent`."""

    channels: int
    lengths: np.ndarray
    rates: np.ndarray
    missing: np.ndarray

    def __len__(self) -> int: ...

    def one(self, row: int) -> Numbers:
        """The series ``row``, (C, T)."""


def series_findings(content: AllSeries, ids: Sequence[str]) -> list[Finding]:
    """Report what a user should know about the series.

    Args:
        content: All of them.
        ids: One for each.
    """
    found = [_shape(content)]
    gaps = np.flatnonzero(content.missing > 0)
    if len(gaps):
        share = float((content.missing * content.lengths).sum() / content.lengths.sum())
        message = f"{plural(len(gaps), 'series has', 'series have')} missing values ({share:.1%} of all); "
        message += "they were filled in on straight lines"
        severity: Severity = "warning" if share > 0.01 or content.missing.max() > RUN else "info"
        found.append(finding("missing-values", severity, message, [ids[row] for row in gaps.tolist()], value=share))
    flat = [row for row in range(len(content)) if np.ptp(content.one(row), axis=1).max(initial=0) == 0]
    if flat:
        message = f"{plural(len(flat), 'series is', 'series are')} constant: nothing but the level can be learnt of it"
        found.append(finding("flat-line", "warning", message, [ids[row] for row in flat]))
    if content.channels > 1:
        dead = _dead_channels(content)
        if dead:
            message = f"{plural(len(dead), 'channel is', 'channels are')} constant in every series: "
            message += ", ".join(map(str, dead[:8]))
            found.append(finding("flat-channel", "warning", message, count=len(dead)))
        found += _exchanged(content)
    return [*found, *_windows(ids)]


def _windows(ids: Sequence[str]) -> list[Finding]:
    """Warn where names of files repeat a stem, as windows of one recording do: which are one is the user's to say."""
    stems = [PurePath(name).stem for name in ids if PurePath(name).suffix.lower() == ".npy"]
    if len(stems) < len(ids) or not stems:
        return []
    recordings = {match.group(1) for stem in stems if (match := NUMBERED.match(stem))}
    if not FEWEST_RECORDINGS <= len(recordings) <= len(stems) / 2:
        return []
    message = (
        f"The names of {len(stems):,} files begin with {len(recordings):,} stems, such as {min(recordings)!r}: if "
        r"these are recordings, keep each on one side of every split with --group-regex '^(.*)[_-]\d+$'"
    )
    return [finding("possible-groups", "warning", message, count=len(recordings))]


def _shape(content: AllSeries) -> Finding:
    lengths, rates = content.lengths, content.rates
    words = "1 channel" if content.channels == 1 else f"{content.channels:,} channels"
    if lengths.min() == lengths.max():
        words += f" of {int(lengths[0]):,} values each"
    else:
        low, quarter, middle, three, high = np.quantile(lengths, [0, 0.25, 0.5, 0.75, 1]).astype(int).tolist()
        words += f" of {low:,} to {high:,} values (quartiles {quarter:,}, {middle:,}, {three:,})"
    known = np.unique(rates[rates > 0])
    if len(known) == 1 and (rates > 0).all():
        words += f", {known[0]:g} a second"
    elif len(known):
        words += f", {known[0]:g} to {known[-1]:g} a second: rates differ, and series were not resampled"
    else:
        words += "; no sampling rate is known"
    mixed = len(known) > 1 or 0 < (rates > 0).sum() < len(rates)
    return finding("series-shape", "warning" if mixed else "info", f"Series have {words}", count=len(lengths))


def _dead_channels(content: AllSeries) -> list[int]:
    """Numbers of the channels, from 0, that never vary within a series."""
    alive = np.zeros(content.channels, dtype=bool)
    for row in range(len(content)):
        alive |= np.ptp(content.one(row), axis=1) > 0
        if alive.all():
            break
    return np.flatnonzero(~alive).tolist()


def _exchanged(content: AllSeries) -> list[Finding]:
    """Warn where neighbouring channels are much more alike than neighbouring moments: time may be the other axis.

    Both steps are measured in the spread of the values, after the mean of each line along the other axis is taken
    off, so that channels on different levels do not look rough.
    """
    if content.channels < ENOUGH_CHANNELS:
        return []
    rows = np.linspace(0, len(content) - 1, min(LOOKED_AT, len(content))).astype(int)
    ratios = []
    for row in rows:
        values = content.one(int(row)).astype(np.float64)
        centred = values - values.mean(1, keepdims=True)
        along_time = float(np.abs(np.diff(centred, axis=1)).mean()) if values.shape[1] > 1 else 0.0
        centred = values - values.mean(0, keepdims=True)
        along_channels = float(np.abs(np.diff(centred, axis=0)).mean())
        if along_time > 0:
            ratios.append(along_channels / along_time)
    if not ratios or float(np.median(ratios)) >= SMOOTHER:
        return []
    length = int(np.median(content.lengths))
    message = (
        f"Values change less from channel to channel than in time ({content.channels:,} channels, {length:,} values): "
        "the axes look exchanged. Arrays are read as (series, channels, time); if yours are (series, time, channels), "
        "exchange them: numpy.swapaxes(x, 1, 2)"
    )
    return [finding("exchanged-axes", "warning", message, count=content.channels, value=float(np.median(ratios)))]
