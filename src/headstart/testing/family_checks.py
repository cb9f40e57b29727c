"""What every family of models must do, checked on one of its candidates."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from headstart.data import LabelledData, load
from headstart.modalities import Candidate, ItemInputs, Regime, get_modality
from headstart.models import Card, FittedModel, Network, build, draw_anew, encode, encode_items, predict_network
from headstart.models import load as load_model
from headstart.models.families import Family, family_names, register_family
from headstart.models.families.base import Pipeline
from headstart.models.families.registry import forget_family

SHOWN = 12


def check_family(family: Family, name: str, source: Any, **options: Any) -> list[str]:
    """Check a family on one candidate and a small labelled data set.

    Names resolve to the same candidate each time, and others to none; examples are encoded alike in a data set and
    alone. Networks: the same seed gives the same weights, pretrained ones do not depend on it but for the head, the
    network is cut into stages before a linear head, stages can be reinitialised, a saved model answers the same.
    Pipelines: the same fit twice, time that is over goes through, anything else is refused when it is loaded.

    Args:
        family: Any, installed or not.
        name: Of one of its candidates.
        source: At least 20 examples of at least two classes, as :func:`headstart.data.load` takes them.
        **options: For ``load``, such as ``label_column``.

    Returns:
        What was checked.

    Raises:
        AssertionError: It breaks one of these promises; the message says which.
    """
    with _known(family), TemporaryDirectory() as place:
        check = _Check(family, name, load(source, cache_dir=Path(place) / "cache", **options), Path(place))
        parts = [check.resolving, check.encoding]
        if isinstance(family, Pipeline):
            parts += [check.fitting]
        else:
            parts += [check.building, check.renewing, check.saving]
        for part in parts:
            part()
        return [part.__name__ for part in parts]


@contextmanager
def _known(family: Family) -> Iterator[None]:
    if family.name in family_names():
        yield
        return
    register_family(family)
    try:
        yield
    finally:
        forget_family(family.name)


class _Check:
    """One family with one candidate on one source."""

    def __init__(self, family: Family, name: str, data: LabelledData, folder: Path) -> None:
        self.family, self.name, self.data, self.folder = family, name, data, folder
        self.modality = get_modality(data.kind.name)
        self.rows = np.arange(min(SHOWN, len(data)))
        self.candidate = self.resolved()

    def demand(self, holds: bool, what: str) -> None:
        """Raise with the names of family and candidate."""
        if not holds:
            raise AssertionError(f"{self.family.name}, {self.name}: {what}")

    def resolved(self) -> Candidate:
        """The candidate."""
        found = self.family.resolve(self.name, self.modality, self.data.content.native_size or 32)
        if found is None:
            raise AssertionError(f"{self.family.name}, {self.name}: the name is not found")
        return found

    def resolving(self) -> None:
        """Candidates are named, and recognised by their content."""
        one, other = self.candidate, self.resolved()
        self.demand(one == other, "the same name gives another candidate the second time")
        wanted = {"name": self.name, "family": self.family.name, "modality": self.modality.name}
        for word, value in wanted.items():
            said = getattr(one, word)
            self.demand(said == value, f"its candidate says the {word} {said!r}")
        self.demand(bool(one.weights_hash), "its candidate has no weights_hash")
        stranger = self.family.resolve("builtin:no-such-name-anywhere", self.modality, 32)
        self.demand(stranger is None, "a name that is nobody's is taken for its own")
        for listed in self.family.names(self.modality, every=True):
            known = self.family.resolve(listed, self.modality, 32)
            self.demand(known is not None, f"{listed} is listed and not found")

    def encoding(self) -> None:
        """New examples are encoded as those of the data set."""
        whole = encode(self.candidate, self.data)
        new = encode_items(self.candidate, self.modality.items(self.data.content.load(self.rows), ()))
        self.demand(len(whole) == len(self.data) and len(new) == len(self.rows), "not every example is encoded")
        if not isinstance(whole, ItemInputs):
            one, other = whole.batch(self.rows), new.batch(np.arange(len(self.rows)))
            same = list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)
            self.demand(same, "new examples are encoded otherwise than those of a data set")

    def made(self, seed: int = 0) -> Network:
        """The network as a trial starts with it."""
        weights = "pretrained" if self.candidate.has_weights else "random"
        return build(self.candidate, self.data.class_names, weights=weights, seed=seed)

    def building(self) -> None:
        """Weights follow from the seed, and pretrained ones from the candidate alone."""
        one, same, other = self.made(), self.made(), self.made(1)
        self.demand(_equal(one.module, same.module), "the same seed gives other weights")
        self.demand(len(one.stages) > 0, "it has no stages before the head")
        self.demand(one.head.out_features == len(self.data.class_names), "its head has not one output for each class")
        body = [[p for stage in network.stages for p in stage.parameters()] for network in (one, other)]
        alike = all(torch.equal(a, b) for a, b in zip(*body, strict=True))
        if self.candidate.has_weights:
            self.demand(alike, "pretrained weights depend on the seed")
            self.demand(not torch.equal(one.head.weight, other.head.weight), "the head is not fresh")
        else:
            self.demand(not alike, "every seed gives the same weights")
        probabilities = predict_network(one, encode(self.candidate, self.data), self.rows)
        self.demand(bool(np.isfinite(probabilities).all()), "it predicts no numbers")

    def renewing(self) -> None:
        """A stage that is reinitialised changes, and no other."""
        before = self.made()
        after = copy.deepcopy(before)
        chosen = len(before.stages) - 1
        draw_anew(after, [chosen], seed=5)
        for place, (old, new) in enumerate(zip(before.stages, after.stages, strict=True)):
            same = all(torch.equal(a, b) for a, b in zip(old.parameters(), new.parameters(), strict=True))
            if place == chosen and old.parameters():
                self.demand(not same, "a stage that is reinitialised keeps its weights")
            elif place != chosen:
                self.demand(same, "another stage changes with the one that is reinitialised")

    def model(self, trained: Any) -> FittedModel:
        """What a trial hands over."""
        card = Card(
            model_format=self.family.native,
            task=self.data.task,
            class_names=self.data.class_names,
            candidate=self.modality.fitted(self.candidate, self.data.content),
            arm=f"any@{self.name}",
        )
        return FittedModel(trained, card)

    def saving(self) -> None:
        """A saved model answers the same."""
        self.answers_alike(self.model(self.made().eval()))

    def answers_alike(self, model: FittedModel) -> None:
        """Save, load, compare."""
        items = self.data.content.load(self.rows)
        before = model.predict_proba(items)
        loaded = load_model(model.save(self.folder / "model"), allow_code=self.family.runs_code)
        self.demand(np.allclose(before, loaded.predict_proba(items), atol=1e-5), "a saved model answers otherwise")

    def fitting(self) -> None:
        """The same fit twice; time that is over; what is loaded."""
        family, labels = self.family, self.data.labels
        assert isinstance(family, Pipeline)
        inputs = encode(self.candidate, self.data)
        if not isinstance(inputs, ItemInputs):
            raise AssertionError(f"{family.name}, {self.name}: pipelines get ItemInputs, not {type(inputs).__name__}")
        items = inputs.take(range(len(inputs)))
        recipes = family.recipes(Regime(self.modality.name, family.name, len(items), len(self.data.class_names)))
        self.demand(bool(recipes), "it lists no recipes")
        one, other = (family.fit(items, labels, recipes[0], 0) for _ in range(2))
        first, second = one.predict_proba(items), other.predict_proba(items)
        self.demand(np.array_equal(first, second), "the same fit gives other numbers")
        self.demand(first.shape == (len(items), len(one.classes_)), "it predicts not one probability for each class")
        self.demand(family.weights(one) > 0, "it does not know how many weights it has")
        self.demand(_passes_on(family, items, labels, recipes[0]), "time that is over does not end the fit")
        self.answers_alike(self.model(one))
        try:
            family.check_pipeline(object(), len(self.data.class_names))
        except (ValueError, AttributeError, TypeError):
            return
        self.demand(False, "it takes anything for its own when a model is loaded")


class _Over(Exception):
    """Stands for time that is over."""


def _passes_on(family: Pipeline, items: list[Any], labels: np.ndarray, recipe: Any) -> bool:
    def over() -> None:
        raise _Over

    try:
        family.fit(items, labels, recipe, 0, over)
    except _Over:
        return True
    return False


def _equal(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
