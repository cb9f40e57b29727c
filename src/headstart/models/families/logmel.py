"""Averaged log-mel pictures with logistic regression: the classical from-scratch arm for sounds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from headstart.core import Recipe
from headstart.data import Content
from headstart.modalities import Candidate, Inputs, ItemInputs, Modality, Regime, get_modality
from headstart.models.families.base import Pipeline
from headstart.models.heads import shift_intercepts

NAME = "builtin:logmel"
SLICES = 6  # of equal length, each averaged over time
STRENGTHS = (0.01, 0.1, 0.001)  # C of the logistic regression


class LogMelFamily(Pipeline):
    """Mean log-mel spectra of slices of time, with a linear head."""

    name = "logmel"

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """For sounds alone."""
        return (NAME,) if modality.name == "sound" else ()

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """The one that there is."""
        if name not in self.names(modality):
            return None
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=False,
            weights_hash="logmel-1",
            licence="Apache-2.0",
            **modality.adapted(native_size),
        )

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """One vector for each sound."""
        return _averaged(get_modality(candidate.modality).encode(candidate, content))

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """One vector for each new sound."""
        return _averaged(get_modality(candidate.modality).encode_items(candidate, items))

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Other strengths of the head."""
        return tuple(Recipe(weight_decay=1 / strength, label=f"C = {strength:g}") for strength in STRENGTHS)

    def fit(
        self,
        items: list[Any],
        targets: np.ndarray,
        recipe: Recipe,
        seed: int,
        check_time: Callable[[], None] = lambda: None,
    ) -> Any:
        """Standardise and fit."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import Pipeline as Steps
        from sklearn.preprocessing import StandardScaler

        head = LogisticRegression(C=1 / max(recipe.weight_decay, 1e-6), max_iter=500, random_state=seed)
        pipeline = Steps([("scale", StandardScaler()), ("head", head)])
        check_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            pipeline.fit(np.stack(items), targets)
        shift_intercepts(head, targets, recipe.prior)
        check_time()
        return pipeline

    def check_pipeline(self, pipeline: Any, classes: int) -> None:
        """The two steps, fitted on no more classes than there are."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import Pipeline as Steps
        from sklearn.preprocessing import StandardScaler

        steps: dict[str, Any] = dict(pipeline.steps) if type(pipeline) is Steps else {}
        known = [type(step) for step in steps.values()] == [StandardScaler, LogisticRegression]
        if list(steps) != ["scale", "head"] or not known:
            raise ValueError("the file holds no log-mel averages with logistic regression")
        seen = np.asarray(getattr(steps["head"], "classes_", []))
        if seen.ndim != 1 or not len(seen) or seen.dtype.kind not in "iu" or seen.min() < 0 or seen.max() >= classes:
            raise ValueError(f"the file is not fitted, or on other classes than {classes}")
        width = int(getattr(steps["scale"], "n_features_in_", 0))
        if pipeline.predict_proba(np.zeros((1, width))).shape != (1, len(seen)):
            raise ValueError("the file is fitted on other classes than it names")


def _averaged(inputs: Inputs) -> Inputs:
    """Pictures (T, bands) as means over slices of time, (SLICES x bands,) each."""
    pictures = cast(Any, inputs).pictures
    averaged = ItemInputs([slices_of(pictures[row]) for row in range(len(pictures))])
    averaged.truncated = inputs.truncated
    return averaged


def slices_of(picture: np.ndarray) -> np.ndarray:
    """Means of a picture (T, bands), T at least :data:`SLICES`, over equal slices of time."""
    return np.concatenate([part.mean(0) for part in np.array_split(picture, SLICES)])
