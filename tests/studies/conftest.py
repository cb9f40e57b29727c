"""Small benches, recorded tables, and outcomes that cost no training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headstart.core import Arm, Measurement, Recipe
from headstart.data import LabelledData, load, make_splits
from headstart.models import resolve
from headstart.studies import SpecMaker
from headstart.testing.planner_checks import example_table
from headstart.training import Bench, Outcome

TFIDF = "builtin:tfidf"


@pytest.fixture(scope="session")
def words(tmp_path_factory) -> LabelledData:
    """Two classes of 60 short texts, told apart by one word."""
    rng = np.random.default_rng(0)
    fill = "the a film plot actor scene was is very quite one two three four five".split()
    rows = []
    for index in range(120):
        label = ("bad", "good")[index % 2]
        text = [*rng.choice(fill, rng.integers(3, 9)), {"bad": "awful", "good": "great"}[label], str(index)]
        rows.append({"text": " ".join(text), "label": label})
    return load(pd.DataFrame(rows), cache_dir=tmp_path_factory.mktemp("text-cache"))


@pytest.fixture
def text_bench(words, tmp_path) -> Bench:
    """The texts with the two from-scratch candidates."""
    candidates = {name: resolve(name, words.task) for name in (TFIDF, "builtin:compact-text")}
    return Bench.of(
        words,
        make_splits(words),
        candidates,
        metric="accuracy",
        seed=0,
        dtype="float32",
        threads=1,
        folder=tmp_path / "bench",
    )


@pytest.fixture
def spec_of():
    """Specifications that need no bench."""
    maker = SpecMaker(
        seed=0, dtype="float32", threads=1, data_fingerprint="d", folds=1, weights={"c": "w"}, input_sizes={"c": 8}
    )

    def make(n=10, strategy="s", recipe=None, **details):
        arm = Arm(candidate="c", strategy=strategy, paradigm="transfer")
        return maker.spec(arm, recipe or Recipe(), n, **details)

    return make


@pytest.fixture
def outcome_of():
    """An outcome with two predictions."""

    def make(error=None, **values):
        probabilities = np.asarray([[0.25, 0.75], [1.0, 0.0]], dtype=np.float32)
        return Outcome(Measurement(value=0.5, error=error, **values), np.asarray([7, 3]), probabilities)

    return make


@pytest.fixture(scope="session")
def table():
    """Four arms with known curves."""
    return example_table()
