"""Whether rows of numbers look like series: whether neighbours in them are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headstart.modalities.series.items import Numbers

MOST_CLASSES = 200  # that a column without a telling name may hold
SMOOTH = 0.5  # of the steps between numbers of a row in any order: steps between neighbours that are smaller
SAMPLE = 200


def roughness(rows: Sequence[Numbers]) -> float:
    """Size of the steps between neighbours, as a share of those between numbers of a row in any order; 1 for noise.

    Args:
        rows: Of numbers (T,), NaN where one is missing; the median row counts.
    """
    rng = np.random.default_rng(0)
    found = []
    for row in rows[:: max(1, len(rows) // SAMPLE)]:
        values = row[np.isfinite(row)].astype(np.float64)
        if len(values) < 4 or np.ptp(values) == 0:
            continue
        shuffled = np.abs(np.diff(rng.permutation(values))).mean()
        found.append(np.abs(np.diff(values)).mean() / shuffled if shuffled else 1.0)
    return float(np.median(found)) if found else 1.0


def follows_time(rows: Sequence[Numbers]) -> bool:
    """Whether numbers stand in an order that means something, as those of a series do and those of a table do not."""
    return roughness(rows) < SMOOTH
