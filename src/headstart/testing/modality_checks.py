"""What every modality must do, checked on labelled examples that its author gives."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from headstart.core import Arm
from headstart.core.hardware import default_threads
from headstart.data import LabelledData, load, make_splits
from headstart.data.kinds import forget, kind_names, register
from headstart.modalities import Batch, Candidate, Inputs, Modality, Regime, modalities
from headstart.modalities.inputs import is_padded
from headstart.models import Card, FittedModel, Network, build, encode, encode_items, resolve
from headstart.models import load as load_model
from headstart.strategies import get_strategy
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker, train_trial

SIZES = (10, 100, 1_000, 100_000)
STEPS, SHOWN = 4, 6
TOLERANCE = 1e-4


def check_modality(modality: Modality, source: Any, **options: Any) -> list[str]:
    """Check a modality on a small labelled data set of its kind.

    Its words are there; the source is read whole and the same twice; content survives pickling, gives its examples
    back in order and changes its identity with them; new examples are encoded as those of a data set are; networks
    take what is encoded, give one logit a class, and answer to an example whatever stands beside it; they are saved
    and loaded; recipes exist for any number of labels; the same trial gives the same numbers.

    Args:
        modality: Any, installed or not.
        source: At least 20 examples of at least two classes, as :func:`headstart.data.load` takes them.
        **options: For ``load``, such as ``label_column``.

    Returns:
        What was checked.

    Raises:
        AssertionError: It breaks one of these promises; the message says which.
    """
    with _known(modality), TemporaryDirectory() as name:
        check = _Check(modality, source, options, Path(name))
        done = []
        for part in (check.words, check.reading, check.content, check.encoding, check.networks, check.recipes):
            part()
            done.append(part.__name__)
        for candidate in check.candidates:
            check.trial(candidate)
        return [*done, *(f"a trial of {candidate.name}" for candidate in check.candidates)]


@contextmanager
def _known(modality: Modality) -> Iterator[None]:
    if modality.name in kind_names():
        yield
        return
    register(modality)
    try:
        yield
    finally:
        forget(modality.name)


class _Check:
    """One modality on one source."""

    def __init__(self, modality: Modality, source: Any, options: dict[str, Any], folder: Path) -> None:
        self.modality, self.source, self.options, self.folder = modality, source, options, folder
        self.data = self.read()
        self.rows = np.arange(min(SHOWN, len(self.data)))
        size = self.data.content.native_size or 32
        self.candidates = [resolve(name, modality.task, native_size=size) for name in modality.scratch]

    def demand(self, holds: bool, what: str) -> None:
        """Raise with the modality's name."""
        if not holds:
            raise AssertionError(f"{self.modality.name}: {what}")

    def read(self) -> LabelledData:
        """Load the source."""
        return load(self.source, cache_dir=self.folder / "cache", **self.options)

    def words(self) -> None:
        """Names and nouns."""
        for word in ("name", "task", "noun", "nouns", "one", "example", "given"):
            said = getattr(self.modality, word, "")
            self.demand(isinstance(said, str) and bool(said), f"it does not say its {word}")
        self.demand(self.modality.task.endswith("-classification"), f"its task is called {self.modality.task!r}")
        others = [kind for kind in modalities() if kind.name != self.modality.name]
        self.demand(self.modality.task not in [kind.task for kind in others], "another modality has its task")
        for suffix in self.modality.suffixes:
            self.demand(suffix.startswith(".") and suffix == suffix.lower(), f"a suffix is written {suffix!r}")
            self.demand(not any(suffix in kind.suffixes for kind in others), f"{suffix} is another modality's")
        named = [start.name for start in self.modality.starts] + list(self.modality.scratch)
        self.demand(all(name.startswith("builtin:") for name in named), "a name does not begin with builtin:")
        self.demand(any(made.always for made in self.modality.scratch.values()), "no network stands in every study")

    def reading(self) -> None:
        """The source is of this task, and the same when it is read again."""
        data, again = self.data, self.read()
        self.demand(data.task == self.modality.task, f"the source was read as {data.task}")
        self.demand(len(data) >= 20 and len(data.class_names) >= 2, "the source holds too few examples to check it")
        self.demand(len(data.content) == len(data), "content and labels are not equally many")
        self.demand(again.fingerprint == data.fingerprint, "the same source has another fingerprint the second time")
        raw = self.modality.survey([None, None], self.folder / "cache")
        self.demand(bool((raw.problems != "").all()), "an example that is not there has no problem")

    def content(self) -> None:
        """What the data hold: identity, order, copies, previews."""
        content = self.data.content
        self.demand(not isinstance(content.identity(), str), "the identity is no list of bytes")
        copy = pickle.loads(pickle.dumps(content))
        self.demand(list(copy.identity()) == list(content.identity()), "content changes when it is pickled")
        self.demand(len(content.load([])) == 0, "no rows give some examples")
        one, other = content.load(self.rows), content.load(self.rows[::-1])
        self.demand(all(map(_same, one, other[::-1])), "examples do not come in the order of the rows")
        clusters = content.clusters(self.folder / "cache")
        self.demand(clusters.exact.shape == clusters.near.shape == (len(content),), "clusters are not (N,)")
        for kind, properties in content.properties().items():
            for name, values in properties.items():
                self.demand(np.shape(values) == (len(content),), f"the property {kind}, {name}, is not (N,)")
        shown = content.preview(0)
        self.demand(shown.text is not None or shown.picture is not None, "an example has no preview")

    def encoding(self) -> None:
        """New examples are encoded as those of the data set; a batch does not depend on the one before."""
        for candidate in self.candidates:
            whole = encode(candidate, self.data)
            self.demand(len(whole) == len(self.data), "not every example is encoded")
            self.demand(whole.lengths.shape == (len(self.data),), "lengths are not (N,)")
            items = self.modality.items(self.data.content.load(self.rows), ())
            new = encode_items(candidate, items)
            first, second = whole.batch(self.rows), new.batch(np.arange(len(self.rows)))
            self.demand(_equal(first, second), f"new examples of {candidate.name} are encoded otherwise")
            self.demand(_equal(first, whole.batch(self.rows)), "the same rows give another batch the second time")
            if self.modality.mirrored(first) is not None:
                self.varied(whole)

    def varied(self, inputs: Inputs) -> None:
        """Variation keeps shapes."""
        plain, varied = inputs.batch(self.rows), inputs.batch(self.rows, "flip")
        self.demand(_shapes(plain) == _shapes(varied), "augmentation changes the shape of a batch")

    def networks(self) -> None:
        """Logits for each class, alone as beside others; saved and loaded."""
        names = self.data.class_names
        for candidate in self.candidates:
            network = build(candidate, names, weights="random", seed=0).eval()
            made_up = self.modality.made_up(candidate, 3)
            whole = encode(candidate, self.data).batch(self.rows)
            self.demand(list(made_up) == list(whole), "noise and examples go in by other names")
            with torch.inference_mode():
                shape = tuple(network(**made_up).shape)
                self.demand(shape == (3, len(names)), f"{candidate.name} gives {shape} for three examples")
                together = network(**whole)
                self.demand(bool(torch.isfinite(together).all()), f"{candidate.name} gives no numbers")
                inputs = encode(candidate, self.data)
                alone = torch.cat([network(**inputs.batch(np.array([row]))) for row in self.rows])
            close = torch.allclose(alone, together, atol=TOLERANCE)
            beside = "the padding is read" if is_padded(whole) else "examples of a batch are mixed"
            self.demand(close, f"{candidate.name} answers otherwise to an example alone: {beside}")
            self.saved(network, candidate)

    def saved(self, network: Network, candidate: Candidate) -> None:
        """A model folder answers the same, from the items that a user gives."""
        card = Card(
            model_format="headstart",
            task=self.modality.task,
            class_names=self.data.class_names,
            candidate=self.modality.fitted(candidate, self.data.content),
            arm=f"from_scratch@{candidate.name}",
        )
        model = FittedModel(network, card)
        items = self.data.content.load(self.rows)
        before = model.predict_proba(items)
        loaded = load_model(model.save(self.folder / f"model-{candidate.name.partition(':')[2]}"))
        same = np.allclose(before, loaded.predict_proba(items), atol=1e-6)
        self.demand(same, f"{candidate.name} answers otherwise once it was saved")

    def recipes(self) -> None:
        """Schedules for any number of labels and any family."""
        for n in SIZES:
            for family in ("transformers", "compact", "another"):
                regime = Regime(self.modality.name, family, n, len(self.data.class_names))
                for recipe in (self.modality.finetuning(regime), self.modality.from_scratch(regime)):
                    usable = recipe.steps > 0 and recipe.learning_rate > 0 and recipe.batch_size <= max(16, n)
                    self.demand(usable, f"a recipe cannot train on {n:,} labels")

    def trial(self, candidate: Candidate) -> None:
        """A few steps, twice."""
        one, other = self.trained(candidate, "one"), self.trained(candidate, "two")
        self.demand(np.array_equal(one, other), f"the same trial of {candidate.name} gave other numbers")

    def trained(self, candidate: Candidate, place: str) -> np.ndarray:
        """Probabilities after a few steps from scratch, in a folder of their own."""
        known = get_strategy("from_scratch")
        splits = make_splits(self.data)
        bench = Bench.of(
            self.data,
            splits,
            {candidate.name: candidate},
            metric="accuracy",
            seed=0,
            dtype="float32",
            threads=default_threads(),
            folder=self.folder / place / candidate.name.partition(":")[2],
        )
        n = min(40, len(splits[0].pool))
        recipe = known.recipes(Regime(self.modality.name, candidate.family, n, len(self.data.class_names)))[0]
        arm = Arm(candidate=candidate.name, strategy=known.name, paradigm=known.paradigm)
        spec = SpecMaker.of(bench).spec(arm, recipe.model_copy(update={"steps": STEPS, "batch_size": 8}), n)
        outcome = train_trial(spec, Worker(bench)).outcome
        error = outcome.measurement.error
        self.demand(error is None, f"a trial of {candidate.name} fails: {error}")
        return outcome.probabilities


def _same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(np.asarray(one, dtype=object), np.asarray(other, dtype=object)))


def _equal(one: Batch, other: Batch) -> bool:
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


def _shapes(batch: Batch) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in batch.items()}
