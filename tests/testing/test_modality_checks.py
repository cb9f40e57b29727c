"""The published checks of modalities and families: they pass on what is sound, and are seen to fail on faults."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from vectors import FixedFamily, ThresholdFamily, VectorModality
from vectors.content import VectorContent, stacked
from vectors.family import FIXED, THRESHOLD
from vectors.networks import VectorNetwork

from headstart.core import Recipe
from headstart.data import Preview, Survey
from headstart.modalities import ArrayInputs, Scratch, forget, register
from headstart.testing import check_family, check_modality


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def vectors(tmp_path):
    """40 vectors of two classes in one file."""
    rng = np.random.default_rng(0)
    lines = [f"{'up' if k % 2 else 'down'} {' '.join(map(str, rng.normal(k % 2, 1, 5)))}" for k in range(40)]
    (tmp_path / "set.vecs").write_text("\n".join(lines))
    return tmp_path / "set.vecs"


@pytest.fixture
def known():
    register(VectorModality())
    yield
    forget("vector")


def test_a_sound_modality_passes(vectors):
    done = check_modality(VectorModality(), vectors)
    assert done[:6] == ["words", "reading", "content", "encoding", "networks", "recipes"]
    assert done[6:] == ["a trial of builtin:mlp"]


def test_built_in_texts_pass(tmp_path):
    rows = [f"word{k % 7} and {'good' if k % 2 else 'bad'} number {k},{k % 2}" for k in range(40)]
    (tmp_path / "set.csv").write_text("\n".join(["text,label", *rows]))
    from headstart.modalities import get_modality

    assert "networks" in check_modality(get_modality("text"), tmp_path / "set.csv")


def test_built_in_images_pass(colours):
    from headstart.modalities import get_modality

    assert "networks" in check_modality(get_modality("image"), colours)


class Silent(VectorModality):
    noun = ""


class Named(VectorModality):
    suffixes = frozenset({".PNG"})


class Taken(VectorModality):
    suffixes = frozenset({".png"})


class Optional(VectorModality):
    scratch = {"builtin:mlp": Scratch("an idea", "1", VectorNetwork)}


class Careless(VectorModality):
    """Finds no fault with what is not there."""

    def survey(self, items, folder):
        if items[0] is None:
            return Survey(np.array([""] * len(items)), lambda rows: VectorContent(np.zeros((len(rows), 5))))
        return super().survey(items, folder)


class Shuffled(VectorModality):
    """Gives examples in an order of its own."""

    class Content(VectorContent):
        def load(self, rows):
            return [self.values[row] for row in sorted(rows)]

    def survey(self, items, folder):
        survey = super().survey(items, folder)
        return Survey(survey.problems, lambda rows: self.Content(survey.keep(rows).values))


class Unstable(VectorModality):
    """Content whose identity is another each time."""

    class Content(VectorContent):
        def identity(self):
            return [bytes(np.random.default_rng().bytes(8)) for _ in self.values]

    def survey(self, items, folder):
        survey = super().survey(items, folder)
        return Survey(survey.problems, lambda rows: self.Content(survey.keep(rows).values))


class Blind(VectorModality):
    class Content(VectorContent):
        def preview(self, row):
            return Preview()

    def survey(self, items, folder):
        survey = super().survey(items, folder)
        return Survey(survey.problems, lambda rows: self.Content(survey.keep(rows).values))


class Scaled(VectorModality):
    """Scales new examples by themselves, not as those of the data set."""

    def encode(self, candidate, content):
        values = content.values
        return ArrayInputs((values - values.mean(0)) / values.std(0))


class Mixing(VectorNetwork):
    def forward(self, values):
        return super().forward(values - values.mean(0))


class Together(VectorModality):
    """A network that looks at the whole batch."""

    scratch = {"builtin:mlp": Scratch("an idea", "1", Mixing, always=True)}


class Forgetful(VectorNetwork):
    def __init__(self, num_classes, input_size, width=32):
        super().__init__(num_classes, input_size, width)
        self.shift = torch.rand(1) + 1  # no buffer, so not saved

    def forward(self, values):
        return super().forward(values * self.shift)


class Unsaved(VectorModality):
    scratch = {"builtin:mlp": Scratch("an idea", "1", Forgetful, always=True)}


class Still(VectorModality):
    def from_scratch(self, regime):
        return Recipe(learning_rate=1e-3)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Silent, "does not say its noun"),
        (Named, "a suffix is written '.PNG'"),
        (Taken, ".png is another modality's"),
        (Optional, "no network stands in every study"),
        (Careless, "not there has no problem"),
        (Unstable, "another fingerprint"),
        (Shuffled, "in the order of the rows"),
        (Blind, "no preview"),
        (Scaled, "are encoded otherwise"),
        (Together, "examples of a batch are mixed"),
        (Unsaved, "otherwise once it was saved"),
        (Still, "cannot train on"),
    ],
)
def test_a_fault_of_a_modality_is_found(vectors, fault, message):
    with pytest.raises(AssertionError, match=message):
        check_modality(fault(), vectors)


def test_sound_families_pass(vectors, known):
    assert check_family(FixedFamily(), FIXED, vectors) == ["resolving", "encoding", "building", "renewing", "saving"]
    assert check_family(ThresholdFamily(), THRESHOLD, vectors) == ["resolving", "encoding", "fitting"]


class Greedy(FixedFamily):
    def resolve(self, name, modality, native_size):
        known = super().resolve(FIXED, modality, native_size)
        return known.model_copy(update={"name": name})


class Anonymous(FixedFamily):
    def resolve(self, name, modality, native_size):
        known = super().resolve(name, modality, native_size)
        return known and known.model_copy(update={"weights_hash": ""})


class Random(FixedFamily):
    """Has weights that are not those of the candidate."""

    def build(self, candidate, class_names, weights, with_head):
        return super().build(candidate, class_names, "random", with_head)


class Seedless(FixedFamily):
    def build(self, candidate, class_names, weights, with_head):
        torch.seed()
        return super().build(candidate, class_names, weights, with_head)


class Stuck(FixedFamily):
    def renew(self, network, stages, seed):
        pass


class Lossy(FixedFamily):
    def read_body(self, candidate, class_names, file, allow_code):
        torch.manual_seed(1)
        return self.build(candidate, class_names, "random", False)


class Restless(ThresholdFamily):
    def fit(self, items, targets, recipe, seed, check_time=lambda: None):
        noise = np.random.default_rng().normal(0, 1, stacked(items).shape)
        return super().fit(list(stacked(items) + noise), targets, recipe, seed, check_time)


class Endless(ThresholdFamily):
    def fit(self, items, targets, recipe, seed, check_time=lambda: None):
        return super().fit(items, targets, recipe, seed)


class Trusting(ThresholdFamily):
    def check_pipeline(self, pipeline, classes):
        pass


@pytest.mark.parametrize(
    ("fault", "name", "message"),
    [
        (Greedy, FIXED, "taken for its own"),
        (Anonymous, FIXED, "no weights_hash"),
        (Random, FIXED, "depend on the seed"),
        (Seedless, FIXED, "the same seed gives other weights"),
        (Stuck, FIXED, "keeps its weights"),
        (Lossy, FIXED, "answers otherwise"),
        (Restless, THRESHOLD, "the same fit gives other numbers"),
        (Endless, THRESHOLD, "does not end the fit"),
        (Trusting, THRESHOLD, "takes anything for its own"),
    ],
)
def test_a_fault_of_a_family_is_found(vectors, known, fault, name, message):
    with pytest.raises(AssertionError, match=message):
        check_family(fault(), name, vectors)
