"""A shortlist of pretrained models from several scores, with how far the scores agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau, rankdata

AGREED, DISPUTED = 0.7, 0.3  # mean Kendall's tau from which scores speak with one voice, or with none


@dataclass(frozen=True)
class Ranking:
    """Models in the order that several scores give them together.

    Attributes:
        models: Best first.
        mean_rank: Of each over the scores, 1 is best.
        spread: Largest minus smallest rank of each over the scores.
        shortlist: The first few, and whatever else some score puts first.
        agreement: Mean of Kendall's tau over pairs of scores; 1 is full agreement, 0 none. Not a number for one score.
        sentence: The agreement in words.
    """

    models: tuple[str, ...]
    mean_rank: tuple[float, ...]
    spread: tuple[float, ...]
    shortlist: tuple[str, ...]
    agreement: float
    sentence: str


def rank(scores: Mapping[str, Mapping[str, float]], keep: int = 3) -> Ranking:
    """Order models by their mean rank, and say how far the scores agree.

    The number of parameters may be one of the scores: it is the baseline that the others have to beat.

    Args:
        scores: By the name of the score, its value for each model, larger is better; all for the same models.
        keep: Models on the shortlist. What any score puts first is kept beside them: no score is best everywhere
            (Agostinelli et al. 2022, arXiv 2204.01403), so only measuring may rule such a model out.

    Raises:
        ValueError: No scores, missing values, or different models.
    """
    models = sorted(next(iter(scores.values()))) if scores else []
    if not models or any(sorted(of_model) != models for of_model in scores.values()):
        raise ValueError("every score needs a value for the same models")
    table = np.asarray([[of_model[model] for model in models] for of_model in scores.values()], dtype=float)
    if not np.isfinite(table).all():
        raise ValueError("scores hold missing values")
    ranks = np.stack([rankdata(-row) for row in table])
    mean = ranks.mean(0)
    order = np.argsort(mean, kind="stable")
    named = tuple(models[i] for i in order)
    firsts = {models[i] for i in np.flatnonzero((ranks == ranks.min(1, keepdims=True)).any(0))}
    agreement = _agreement(table)
    return Ranking(
        named,
        tuple(float(mean[i]) for i in order),
        tuple(float(np.ptp(ranks[:, i])) for i in order),
        tuple(name for place, name in enumerate(named) if place < keep or name in firsts),
        agreement,
        _in_words(agreement, len(table), len(models)),
    )


def _agreement(table: np.ndarray) -> float:
    if table.shape[1] < 2:
        return float("nan")
    pairs = [(one, other) for place, one in enumerate(table) for other in table[:place]]
    # a score that is the same for all models orders nothing, and agrees with no other
    known = [kendalltau(one, other).statistic for one, other in pairs if np.ptp(one) > 0 and np.ptp(other) > 0]
    return float(np.mean(known)) if known else float("nan")


def _in_words(agreement: float, scores: int, models: int) -> str:
    if models == 1:
        return "there is one model: nothing to rank"
    if not np.isfinite(agreement):
        return "one score alone: no other confirms its order" if scores == 1 else "the scores distinguish no models"
    said = f"over {scores} scores, Kendall's tau is {agreement:.2f} on average"
    if agreement >= AGREED:
        return f"the scores agree: {said}"
    if agreement > DISPUTED:
        return f"the scores agree in part: {said}; measure what they shortlist"
    return f"the scores contradict each other: {said}; only measuring decides"
