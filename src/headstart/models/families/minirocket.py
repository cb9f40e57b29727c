"""MiniRocket with a ridge head: features of series in closed form, fitted on the labels alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from headstart.core import DataError, Recipe
from headstart.data import Content
from headstart.modalities import Candidate, Inputs, ItemInputs, Modality, Regime
from headstart.modalities.series.minirocket import KERNELS, MiniRocket
from headstart.models.families.base import Pipeline
from headstart.models.heads import fit_large_ridge_head, softmax, with_prior

NAME = "builtin:minirocket"
MOST_FEATURES = 2**20
FLAT = 1e-8  # deviation of a channel in which nothing happens
ARRAYS = {"channels": "b", "dilations": "iu", "counts": "iu", "biases": "f"}


class RocketClassifier:
    """MiniRocket's features with a linear head on them.

    Attributes:
        rocket: The transform.
        weight: (K, F) fp32.
        bias: (K,) fp32.
        classes_: Numbers of the K classes that it learnt (K,).
        standardised: Whether each channel of a series is brought to mean 0 and deviation 1 first.
    """

    def __init__(
        self, rocket: MiniRocket, weight: np.ndarray, bias: np.ndarray, classes: np.ndarray, standardised: bool
    ) -> None:
        self.rocket, self.weight, self.bias, self.classes_ = rocket, weight, bias, classes
        self.standardised = standardised

    def predict_proba(self, items: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities (N, K) of series (C, T).

        Raises:
            DataError: One has another number of channels.
        """
        channels = self.rocket.channels.shape[2]
        for place, item in enumerate(items):
            if len(item) != channels:
                fact = f"the series has {len(item)} channels where the model reads {channels}"
                raise DataError(fact, place=f"input {place + 1}", hint="Give series like those of the study")
        given = [standardise(item) for item in items] if self.standardised else items
        features = self.rocket.transform(given, torch.get_num_threads())
        return softmax(features @ self.weight.T + self.bias)


def standardise(values: np.ndarray) -> np.ndarray:
    """Channels (C, T) with mean 0 and deviation 1; constant ones become 0."""
    centred = values - values.mean(1, keepdims=True, dtype=np.float64)
    deviation = centred.std(1, keepdims=True)
    scaled: np.ndarray = centred / np.where(deviation > FLAT, deviation, np.inf)
    return scaled.astype(np.float32)


class MiniRocketFamily(Pipeline):
    """Shares of convolutions above biases, with a linear head."""

    name = "minirocket"
    trusted = (
        "headstart.models.families.minirocket.RocketClassifier",
        "headstart.modalities.series.minirocket.MiniRocket",
    )

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """For series alone."""
        return (NAME,) if modality.name == "series" else ()

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """The one that there is."""
        if name not in self.names(modality):
            return None
        return Candidate(
            name=name,
            modality=modality.name,
            family=self.name,
            has_weights=False,
            weights_hash="minirocket-1",
            input_size=0,
            settings=modality.adapted(native_size)["settings"],
            licence="Apache-2.0",
        )

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Series as they are."""
        return ItemInputs(content.load(range(len(content))))

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Series as they are."""
        return ItemInputs(items)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Each series on its own scale, as the UCR archive has them: sensors and patients differ in gain and level.

        Or as they are, where the level tells classes apart.
        """
        return (Recipe(standardised=True, label="each series standardised"), Recipe(label="series as they are"))

    def fit(
        self,
        items: list[Any],
        targets: np.ndarray,
        recipe: Recipe,
        seed: int,
        check_time: Callable[[], None] = lambda: None,
    ) -> RocketClassifier:
        """Biases by quantiles, then ridge on one-hot classes with strength and temperature by leave-one-out."""
        items = [standardise(item) for item in items] if recipe.standardised else items
        rocket = MiniRocket.fit(items, seed)
        check_time()
        features = rocket.transform(items, torch.get_num_threads(), check_time)
        check_time()
        classes, places = np.unique(targets, return_inverse=True)
        head = fit_large_ridge_head(features, places, len(classes), seed)
        check_time()
        head = with_prior(head, places, recipe.prior)
        return RocketClassifier(rocket, head.weight, head.bias, classes, recipe.standardised)

    def weights(self, pipeline: Any) -> int:
        """Of the head."""
        return int(pipeline.weight.size + pipeline.bias.size)

    def check_pipeline(self, pipeline: Any, classes: int) -> None:
        """Arrays of the right kinds that fit each other.

        Raises:
            ValueError: They do not.
        """
        rocket = getattr(pipeline, "rocket", None)
        if type(pipeline) is not RocketClassifier or type(rocket) is not MiniRocket:
            raise ValueError("the file holds no MiniRocket with a linear head")
        arrays = {name: getattr(rocket, name, None) for name in ARRAYS}
        for name, kinds in ARRAYS.items():
            array = arrays[name]
            if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
                raise ValueError(f"the transform's {name} are no array of their kind")
        seen, weight, bias = pipeline.classes_, pipeline.weight, pipeline.bias
        dilations, features = rocket.dilations, len(rocket.biases)
        if not all(isinstance(array, np.ndarray) for array in (seen, weight, bias)) or seen.dtype.kind not in "iu":
            raise ValueError("the head consists of no arrays")
        fits = (
            rocket.counts.shape == dilations.shape == (len(dilations),)
            and rocket.channels.ndim == 3
            and rocket.channels.shape[:2] == (len(dilations), KERNELS)
            and int(rocket.counts.sum()) * KERNELS == features <= MOST_FEATURES
            and bool((rocket.counts >= 0).all())
            and bool((dilations >= 1).all())
            and weight.shape == (len(seen), features)
            and bias.shape == (len(seen),)
        )
        if not fits:
            raise ValueError("the parts of the file do not fit each other")
        if not len(seen) or seen.min() < 0 or seen.max() >= classes:
            raise ValueError(f"the file is fitted on other classes than {classes}")
