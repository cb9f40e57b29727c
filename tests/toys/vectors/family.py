"""Two families for vectors: a network with weights of its own, and a pipeline in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from headstart.core import Recipe
from headstart.data import Content
from headstart.modalities import Candidate, Inputs, ItemInputs, Modality, Regime
from headstart.models.families import Family
from headstart.models.families.base import Pipeline
from headstart.models.network import Network
from vectors.content import stacked
from vectors.networks import VectorNetwork

FIXED, THRESHOLD = "builtin:fixed", "builtin:threshold"


class FixedFamily(Family):
    """The network of the modality with fixed weights, which stand for pretraining."""

    name = "fixed"
    pretrained = True

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """For vectors alone."""
        return (FIXED,) if modality.name == "vector" else ()

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """The one that there is."""
        if name not in self.names(modality):
            return None
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=True,
            weights_hash="fixed-1",
            **modality.adapted(native_size),
        )

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """Drawn from torch's generator; what is pretrained always has the same weights."""
        network = Network(VectorNetwork(len(class_names), candidate.input_size, width=64), candidate)
        if weights == "pretrained":
            generator = torch.Generator().manual_seed(0)
            with torch.no_grad():
                for stage in network.stages:
                    for parameter in stage.parameters():
                        parameter.copy_(torch.randn(parameter.shape, generator=generator) / candidate.input_size**0.5)
        return network


class ThresholdFamily(Pipeline):
    """Whether each number is above nought, with a linear head."""

    name = "threshold"

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """For vectors alone."""
        return (THRESHOLD,) if modality.name == "vector" else ()

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """The one that there is."""
        if name not in self.names(modality):
            return None
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=False,
            weights_hash="threshold-1",
            **modality.adapted(native_size),
        )

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Vectors as they are."""
        return ItemInputs(content.load(range(len(content))))

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Vectors as they are."""
        return ItemInputs(items)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """One strength of the head."""
        return (Recipe(weight_decay=1.0, label="C = 1"),)

    def fit(
        self,
        items: list[Any],
        targets: np.ndarray,
        recipe: Recipe,
        seed: int,
        check_time: Callable[[], None] = lambda: None,
    ) -> Any:
        """Two steps of scikit-learn."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import Pipeline as Steps
        from sklearn.preprocessing import Binarizer

        head = LogisticRegression(C=1 / recipe.weight_decay, max_iter=500, random_state=seed)
        pipeline = Steps([("above", Binarizer()), ("head", head)])
        pipeline.fit(stacked(items), targets)
        check_time()
        return pipeline

    def check_pipeline(self, pipeline: Any, classes: int) -> None:
        """The two steps, fitted on no more classes than there are."""
        steps = list(getattr(pipeline, "named_steps", ()))
        if steps != ["above", "head"] or max(pipeline.classes_) >= classes:
            raise ValueError("the file holds no thresholds with a linear head")
