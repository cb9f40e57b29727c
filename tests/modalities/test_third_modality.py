"""A modality from outside goes through everything: reading, checks, a study, the saved model, predictions."""

from __future__ import annotations

import json

import numpy as np
import pytest
from vectors import FixedFamily, ThresholdFamily, VectorModality

import headstart as hs
from headstart.cli.predicting import Wanted, run_predict
from headstart.cli.using import show_models
from headstart.core import BundleError, SettingsError
from headstart.data import kinds, load
from headstart.modalities import forget, get_modality, modality_names, register
from headstart.models import builtin_names, register_family, resolve
from headstart.models.families.registry import forget_family
from headstart.strategies import Regime, get_strategy, strategy_names
from headstart.strategies.base import ByModality

FAMILIES = (FixedFamily(), ThresholdFamily())


@pytest.fixture(autouse=True)
def known(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    register(VectorModality())
    for family in FAMILIES:
        register_family(family)
    yield
    forget("vector")
    for family in FAMILIES:
        forget_family(family.name)


@pytest.fixture
def folder(tmp_path):
    """Three classes of 40 vectors, a file each."""
    rng = np.random.default_rng(0)
    for number, name in enumerate(("one", "two", "three")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for k in range(40):
            values = rng.normal(0, 1, 6) + 1.5 * np.eye(6)[number]
            (tmp_path / "set" / name / f"{k}.vec").write_text(" ".join(map(str, values)))
    return tmp_path / "set"


def test_class_folders_of_its_files_are_read(folder):
    (folder / "one" / "0.vec").write_text("1 2 nan 4 5 6")
    (folder / "two" / "0.vec").write_text("1 2")
    data = load(folder)
    assert data.task == "vector-classification"
    assert (len(data), data.content.native_size) == (118, 6)
    (finding,) = (one for one in data.findings if one.code == "unreadable")
    assert "2 vectors cannot be read" in finding.message


def test_a_table_that_names_its_files_is_read(folder):
    rows = [f"{name}/{k}.vec,{name}" for name in ("one", "two") for k in range(40)]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows]))
    data = load(folder, labels="labels.csv")
    assert (data.task, len(data)) == ("vector-classification", 80)
    assert data.accounting.columns["file"] == "vector"


def test_a_file_of_many_examples_is_read(tmp_path):
    (tmp_path / "set.vecs").write_text("\n".join(f"{'ab'[k % 2]} {k} {k % 3}" for k in range(20)))
    data = load(tmp_path / "set.vecs")
    assert (data.task, len(data), data.class_names) == ("vector-classification", 20, ("a", "b"))


def test_another_task_than_that_of_the_data_is_refused(folder):
    with pytest.raises(SettingsError, match="the data holds vectors"):
        load(folder, "image-classification")


def test_its_candidates_are_listed():
    assert builtin_names("vector-classification") == ("builtin:mlp", "builtin:fixed", "builtin:threshold")


def test_every_strategy_has_recipes_for_it_or_says_why_not():
    candidate = resolve("builtin:fixed", "vector-classification", native_size=6)
    for name in strategy_names():
        strategy = get_strategy(name)
        reason = strategy.refuses(candidate)
        if reason is None:
            assert strategy.recipes(Regime("vector", "fixed", 100, 3))
        else:
            assert any(words in reason for words in ("texts", "for vectors use", "for others use"))


def test_rates_have_a_default_for_modalities_that_nothing_is_known_of():
    rates = ByModality(3.0, text=10.0)
    assert [rates.of(name) for name in ("text", "vector")] == [10.0, 3.0]


def test_a_whole_study_ends_in_a_model_that_predicts(folder, tmp_path, capsys):
    study = hs.study(folder, budget="20s", out=tmp_path / "study", seed=1)
    tried = {arm.candidate for arm in study.recommendation.arms}
    assert {"builtin:fixed", "builtin:threshold"} <= tried
    assert study.recommendation.metric.value > 0.5
    model = hs.load(tmp_path / "study")
    data = load(folder)
    assert model.score(data.content.load(range(len(data))), [data.class_names[k] for k in data.labels]) > 0.6
    assert model.predict(folder / "one" / "3.vec")[0] in data.class_names
    assert "vector-classification" in (tmp_path / "study" / "report.html").read_text()
    capsys.readouterr()
    run_predict(tmp_path / "study", [str(folder / "one")], Wanted(quiet=True))
    assert len(capsys.readouterr().out.splitlines()) == 40


def test_bytes_are_known_by_how_they_begin(monkeypatch):
    monkeypatch.setattr(VectorModality, "begins", lambda self, start: start.startswith(b"VEC"))
    assert kinds.kind_of_cells([b"VEC1", {"bytes": b"VEC2", "path": None}]).name == "vector"
    assert kinds.kind_of_cells([b"\x89PNG"]).name == "image"


def test_a_model_whose_modality_is_not_installed_says_so(folder, tmp_path):
    fitted = hs.fit(folder, "builtin:mlp", "from_scratch", recipe={"steps": 2}, out=tmp_path / "model")
    forget("vector")
    with pytest.raises(BundleError, match="needs the modality 'vector', which is not installed here"):
        hs.load(fitted.model_dir)


def test_the_list_of_models_has_its_own(capsys):
    show_models(None, json_output=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["builtin:mlp"]["task"] == "vector-classification"
    assert rows["builtin:mlp"]["input"] == "32 values"
    assert rows["builtin:threshold"]["parameters"] == "grows with the vectors"


def test_modalities_are_found_by_entry_point(monkeypatch):
    from importlib.metadata import EntryPoint

    forget("vector")
    entry = EntryPoint("vector", "vectors:VectorModality", kinds.GROUP)
    monkeypatch.setattr(kinds, "entry_points", lambda group: [entry])
    kinds.clear()
    try:
        assert modality_names() == (*kinds.OWN, "vector")
        assert isinstance(get_modality("vector"), VectorModality)
    finally:
        kinds.clear()


def test_what_is_no_modality_is_named(monkeypatch):
    from importlib.metadata import EntryPoint

    entry = EntryPoint("broken", "vectors:FixedFamily", kinds.GROUP)
    monkeypatch.setattr(kinds, "entry_points", lambda group: [entry])
    kinds.clear()
    try:
        with pytest.raises(SettingsError, match="'broken' is a FixedFamily, not a headstart Modality"):
            get_modality("broken")
        with pytest.raises(SettingsError, match="There is no modality 'imagee'.*Did you mean 'image'"):
            get_modality("imagee")
    finally:
        kinds.clear()


def test_the_built_in_ones_are_also_entry_points(checkout):
    import tomllib

    said = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["entry-points"]
    from headstart.models.families import registry

    assert said[kinds.GROUP] == kinds.OWN
    assert said[registry.GROUP] == registry.OWN
