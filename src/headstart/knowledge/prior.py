"""What published results say about a case before anything is measured.

The lead of transfer over from scratch, d points, is modelled as ``asinh(d / SCALE)``: linear for small leads,
logarithmic for large ones. Its mean is straight in a few features, plus effects of modality, source and data
set that are shrunk towards zero (partial pooling; Gelman and Hill 2007, chapter 12).
"""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Literal

import numpy as np

from headstart.core import Record
from headstart.knowledge.published import ArmKind, Start

SCALE = 2.0  # points up to which leads count about linearly
MIDDLE = 4.0  # log10 of the labels at which the intercept holds; also stands in where a source gives no size
FEATURES = ("intercept", "log10 labels", "far start", "own start", "probe")
FEW = 3  # sources below which a modality's answer says that it rests on others
MARGIN = 1.0  # points
WIDENED = 1.25  # deviation of a case whose modality has few sources, against the model's


class Prior(Record):
    """The fitted model.

    Attributes:
        modalities: Names of the modality effects, in order.
        mean: Posterior mean of the coefficients of ``FEATURES`` and of the modality effects.
        covariance: Posterior covariance of the same.
        modality_sd: Spread of modalities.
        source_sd: Spread of sources of a modality.
        dataset_sd: Spread of data sets of a source.
        residual_sd: Spread of comparisons on one data set.
        counts: Sources, data sets and comparisons by modality.
    """

    modalities: tuple[str, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    modality_sd: float
    source_sd: float
    dataset_sd: float
    residual_sd: float
    counts: dict[str, tuple[int, int, int]]


class Expectation(Record):
    """What to expect of a case, in points of the metric.

    Attributes:
        probability: That transfer is better than from scratch by more than the margin.
        scratch_probability: That from scratch is better by more than the margin.
        median: Expected lead of transfer.
        low: Lower end of the 80 % interval of the lead.
        high: Its upper end.
        margin: In points.
        sources: Published sources of this modality.
        datasets: Their data sets.
        comparisons: Their comparisons.
        strength: ``measured`` with three sources or more of this modality, else ``thin`` or ``none``.
    """

    probability: float
    scratch_probability: float
    median: float
    low: float
    high: float
    margin: float
    sources: int
    datasets: int
    comparisons: int
    strength: Literal["measured", "thin", "none"]


@cache
def fitted_prior() -> Prior:
    """The prior that comes with Headstart."""
    return Prior.model_validate_json(files("headstart.knowledge").joinpath("prior.json").read_text(encoding="utf-8"))


def features(n: float | None, start: Start, arm: ArmKind) -> list[float]:
    """The row of a case: see ``FEATURES``."""
    size = 0.0 if n is None else math.log10(max(n, 1.0)) - MIDDLE
    return [1.0, size, float(start == "far"), float(start == "own"), float(arm == "probe")]


def location(prior: Prior, modality: str, n: float | None, start: Start, arm: ArmKind) -> tuple[float, float]:
    """Mean and standard deviation of ``asinh(d / SCALE)`` for one comparison on a new data set of a new source."""
    row = np.zeros(len(prior.mean))
    row[: len(FEATURES)] = features(n, start, arm)
    variance = prior.source_sd**2 + prior.dataset_sd**2 + prior.residual_sd**2
    if modality in prior.modalities:
        row[len(FEATURES) + prior.modalities.index(modality)] = 1
    else:
        variance += prior.modality_sd**2
    variance += float(row @ np.array(prior.covariance) @ row)
    deviation = math.sqrt(variance)
    return float(row @ np.array(prior.mean)), deviation


def expect(
    modality: str,
    n: float | None,
    start: Start = "near",
    arm: ArmKind = "finetune",
    margin: float = MARGIN,
    prior: Prior | None = None,
) -> Expectation:
    """What published results let one expect of a case.

    Args:
        modality: As in the table; an unknown one gets the spread of all.
        n: Labelled examples; None if not known.
        start: How far the pretraining data lie from the task.
        arm: How the pretrained model is trained; ``peft`` counts as fine-tuning.
        margin: In points.
        prior: The shipped one if not given.
    """
    prior = prior or fitted_prior()
    mean, deviation = location(prior, modality, n, start, arm)
    known = prior.counts.get(modality, (0, 0, 0))
    if known[0] < FEW:
        deviation *= WIDENED
    spread = NormalDist(mean, deviation)
    edge = math.asinh(margin / SCALE)
    low, middle, high = (SCALE * math.sinh(spread.inv_cdf(share)) for share in (0.1, 0.5, 0.9))
    low, middle, high = (max(-100.0, min(100.0, value)) for value in (low, middle, high))
    return Expectation(
        probability=1 - spread.cdf(edge),
        scratch_probability=spread.cdf(-edge),
        median=middle,
        low=low,
        high=high,
        margin=margin,
        sources=known[0],
        datasets=known[1],
        comparisons=known[2],
        strength="measured" if known[0] >= FEW else "thin" if known[0] else "none",
    )


def labels_for_even(
    modality: str, start: Start, arm: ArmKind = "finetune", prior: Prior | None = None
) -> tuple[float, float, float] | None:
    """Labels at which neither side is expected ahead: 10, 50 and 90 % quantile; None where that is not known.

    Only a slope that is clearly negative gives a crossing; it is None too where the middle of the range lies beyond
    a hundred million labels or under one. The interval comes from draws of the coefficients and of a new data set.
    """
    prior = prior or fitted_prior()
    slope, error = prior.mean[1], math.sqrt(prior.covariance[1][1])
    if slope + 1.28 * error >= 0:
        return None
    draws = np.random.default_rng(0)
    theta = draws.multivariate_normal(np.array(prior.mean), np.array(prior.covariance), 4000)
    row = np.zeros(len(prior.mean))
    row[: len(FEATURES)] = features(None, start, arm)
    extra = math.hypot(prior.source_sd, prior.dataset_sd)
    if modality in prior.modalities:
        row[len(FEATURES) + prior.modalities.index(modality)] = 1
    else:
        extra = math.hypot(extra, prior.modality_sd)
    level = theta @ row + extra * draws.standard_normal(4000)
    crossing = MIDDLE - level / np.minimum(theta[:, 1], -1e-3)
    low, middle, high = np.quantile(crossing, [0.1, 0.5, 0.9])
    if not 0 < middle < 8:
        return None
    return float(10 ** max(low, 0.0)), float(10**middle), float(10 ** min(high, 12.0))
