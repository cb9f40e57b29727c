"""Crossover and head start inside the measured range, from draws at each measured size.

Between two measured sizes curves are taken as straight in log n; nothing is said beyond the largest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.evidence.scores import LEVEL, Floats


class DrawnLabels:
    """A number of labels that is known by its draws, some of which may be infinite.

    Attributes:
        draws: (draws,) sizes; infinity where nothing up to the last size suffices.
    """

    draws: Floats

    def quantile(self, share: float) -> float:
        """A quantile; infinity is kept."""
        return float(np.quantile(self.draws, share, method="inverted_cdf"))

    @property
    def interval(self) -> tuple[float, float]:
        """The central 90 % interval; its upper end may be infinity."""
        return self.quantile((1 - LEVEL) / 2), self.quantile((1 + LEVEL) / 2)


@dataclass(frozen=True)
class CrossingDraws(DrawnLabels):
    """From how many labels on scratch is at least as good.

    Attributes:
        draws: (draws,) sizes; the smallest measured one if scratch leads throughout, infinity if it
            never leads up to the largest.
        sizes: Measured sizes (S,), ascending.
    """

    draws: Floats
    sizes: Floats

    @property
    def p_crossed(self) -> float:
        """Share of the draws in which scratch has caught up by the largest measured size."""
        return float(np.isfinite(self.draws).mean())


def crossing(sizes: Floats, scratch: Floats, transfer: Floats) -> CrossingDraws:
    """Find, draw by draw, the last sign change of scratch minus transfer.

    Args:
        sizes: (S,) ascending.
        scratch: (draws, S) metric of the best from-scratch arm.
        transfer: (draws, S) metric of the best transfer arm.
    """
    gap = scratch - transfer
    logs = np.log(sizes)
    result = np.full(len(gap), np.inf)
    leads_at_end = gap[:, -1] >= 0
    result[leads_at_end] = sizes[0]
    for right in range(len(sizes) - 1, 0, -1):
        left = right - 1
        # the crossing lies here if scratch is behind at the left end and no later interval was found
        here = leads_at_end & (gap[:, left] < 0) & (result == sizes[0])
        share = -gap[here, left] / np.maximum(gap[here, right] - gap[here, left], 1e-12)
        result[here] = np.exp(logs[left] + np.clip(share, 0, 1) * (logs[right] - logs[left]))
    return CrossingDraws(result, np.asarray(sizes))


def labels_to_match(sizes: Floats, scratch: Floats, target: Floats) -> Floats:
    """From-scratch labels needed to reach a metric, draw by draw.

    Args:
        sizes: (S,) ascending.
        scratch: (draws, S).
        target: (draws,) metric to reach.

    Returns:
        (draws,) sizes; infinity where the largest measured size does not suffice, the smallest size
        where it already does.
    """
    running = np.maximum.accumulate(scratch, axis=1)  # more labels are never counted as a loss
    logs = np.log(sizes)
    result = np.full(len(running), np.inf)
    for right in range(len(sizes) - 1, -1, -1):
        reached = running[:, right] >= target
        if right == 0:
            result[reached] = sizes[0]
            continue
        step = np.maximum(running[:, right] - running[:, right - 1], 1e-12)
        share = np.clip((target - running[:, right - 1]) / step, 0, 1)
        result[reached] = np.exp(logs[right - 1] + share * (logs[right] - logs[right - 1]))[reached]
    return result
