"""A shortlist of candidates by scores on their frozen features, before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.api.keywords import check_keywords
from headstart.api.setup import set_up
from headstart.core import HeadstartError, SettingsError, derive_seed
from headstart.data import LabelledData, nested_subset
from headstart.evidence.linear_probe import linear_probe
from headstart.evidence.ranking import Ranking
from headstart.evidence.ranking import rank as rank_scores
from headstart.evidence.transferability import h_score, layer_mean, log_me, nearest_neighbours
from headstart.modalities import get_modality
from headstart.models import Candidate, Inputs, build
from headstart.models.inputs import encode, encode_items
from headstart.training.layers import pooled_layers

if TYPE_CHECKING:
    import pandas as pd

SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "nearest neighbours": nearest_neighbours,
    "linear probe": linear_probe,
    "LogME": log_me,
    "H-score": h_score,
}
SIZE = "parameters"  # the baseline that scores often do not beat


@dataclass(frozen=True)
class RankedCandidates:
    """Candidates in the order of their scores.

    Attributes:
        ranking: The order, the shortlist, and how far the scores agree.
        scores: By the name of the score, its value for each candidate; larger is better.
        n: Labelled examples that were looked at.
        left_out: (candidate, why) pairs.
    """

    ranking: Ranking
    scores: Mapping[str, Mapping[str, float]]
    n: int
    left_out: tuple[tuple[str, str], ...]

    @property
    def shortlist(self) -> tuple[str, ...]:
        """What is worth measuring in a study."""
        return self.ranking.shortlist

    def table(self) -> pd.DataFrame:
        """A row for each candidate, best first: its scores and mean rank."""
        import pandas as pd

        rows = {name: {score: values[name] for score, values in self.scores.items()} for name in self.ranking.models}
        table = pd.DataFrame.from_dict(rows, orient="index")
        table.insert(0, "mean rank", self.ranking.mean_rank)
        table.index.name = "candidate"
        return table

    def to_dict(self) -> dict[str, Any]:
        """What ``headstart rank --json`` prints."""
        agreement = self.ranking.agreement
        return {
            "shortlist": list(self.shortlist),
            "sentence": self.ranking.sentence,
            "n": self.n,
            "agreement": agreement if np.isfinite(agreement) else None,
            "candidates": [
                {
                    "candidate": name,
                    "mean_rank": self.ranking.mean_rank[place],
                    "scores": {score: values[name] for score, values in self.scores.items()},
                }
                for place, name in enumerate(self.ranking.models)
            ],
            "left_out": [{"candidate": name, "reason": reason} for name, reason in self.left_out],
        }


def rank(
    data: Any,
    candidates: Sequence[str] = (),
    *,
    task: str | None = None,
    keep: int = 3,
    examples: int = 1000,
    seed: int = 0,
    **columns: Any,
) -> RankedCandidates:
    """Order pretrained candidates by how well their frozen features fit labelled data. A shortlist, not a verdict.

    Texts are represented by the mean over layers. Whatever any score puts first stays on the shortlist, since no score
    is best everywhere: let a study measure it.

    Args:
        data: As for :func:`study`.
        candidates: Models to rank; the built-in ones if none are given.
        task: ``image-classification`` or ``text-classification``; found if not given.
        keep: How many to shortlist.
        examples: Labelled examples of the pool to look at, at most.
        seed: Determines which.
        **columns: As for :func:`study`.

    Raises:
        HeadstartError: The data or a candidate cannot be used, or no candidate has weights.
    """
    if keep < 1 or examples < 2:
        raise SettingsError(f"keep is {keep} and examples {examples}", hint="Keep one or more, of two or more examples")
    check_keywords(columns, rank)
    setup = set_up(data, task=task, candidates=candidates, seed=seed, health=False, **columns)
    labelled, found, skipped, split = setup.data, setup.candidates, setup.skipped, setup.splits[0]
    rows = np.sort(nested_subset(labelled, split, examples, 0, derive_seed(seed, "rank")))
    left_out = list(skipped)
    scores: dict[str, dict[str, float]] = {name: {} for name in (*SCORES, SIZE)}
    for name, candidate in found.items():
        if not candidate.has_weights:
            left_out.append((name, candidate.missing or "has no pretrained weights"))
            continue
        features, parameters = _features(candidate, labelled, rows)
        scores[SIZE][name] = float(parameters)
        for score, of in SCORES.items():
            scores[score][name] = of(features, labelled.labels[rows])
    if not scores[SIZE]:
        raise HeadstartError("no candidate has pretrained weights", hint="Name some, as in --candidate NAME")
    return RankedCandidates(rank_scores(scores, keep), scores, len(rows), tuple(left_out))


def _features(candidate: Candidate, data: LabelledData, rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Features (n, D) of the chosen examples, and how many parameters the network has."""
    network = build(candidate, data.class_names, weights="pretrained", seed=0)
    inputs: Inputs
    if get_modality(candidate.modality).tokens:  # which are cheap to encode, and not kept for a later study
        inputs, places = encode_items(candidate, data.content.load(rows)), np.arange(len(rows))
    else:
        inputs, places = encode(candidate, data), rows
    return layer_mean(pooled_layers(network, inputs, places)), sum(p.numel() for p in network.parameters())
