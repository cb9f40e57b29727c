"""ONNX files compute what the network does, for any number of examples and tokens, and stand for themselves."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from headstart.core import HeadstartError, SettingsError, SourceError
from headstart.models import Card, FittedModel, OneLayer, Readout, averaged, build, classifier_on, encode_items, resolve
from headstart.models.onnx import TOLERANCE, export_onnx
from headstart.testing.architectures import ARCHITECTURES, save_architecture

IMAGE, TEXT = "image-classification", "text-classification"
NAMES = ("cat", "dog", "eel")


@pytest.fixture
def needs_onnx():
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name, reason="the extra onnx is not installed")


def fitted(candidate, network, **options):
    task = IMAGE if candidate.modality == "image" else TEXT
    card = Card(model_format="headstart", task=task, class_names=NAMES, candidate=candidate, arm="a@b", **options)
    return FittedModel(network, card)


def run(file, inputs):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    batch = inputs.batch(np.arange(len(inputs)))
    (found,) = session.run(None, {given.name: batch[given.name].numpy() for given in session.get_inputs()})
    return found, session.get_modelmeta().custom_metadata_map


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_computes_the_same(needs_onnx, name, tmp_path, save_images):
    task = TEXT if name == "bert" else IMAGE
    candidate = resolve(save_architecture(name, tmp_path), task, native_size=32)
    model = fitted(candidate, build(candidate, NAMES, weights="pretrained", seed=0))
    exported = export_onnx(model, tmp_path / "out" / "model.onnx")
    assert exported.difference <= TOLERANCE
    for count in (1, 4):
        texts = ["red film", "a plot", "the actor was very quite a scene", "one"][:count]
        files = save_images(count)
        inputs = encode_items(candidate, texts) if task == TEXT else encode_items(candidate, files)
        found, metadata = run(exported.file, inputs)
        np.testing.assert_allclose(found, model.predict_proba(texts if task == TEXT else files), atol=TOLERANCE)
    assert json.loads(metadata["class_names"]) == list(NAMES)
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["model.onnx"]


@pytest.mark.slow
@pytest.mark.parametrize("readout", [Readout(), Readout(stage=2, pooling="last"), Readout(stage=1, pooling="first")])
def test_heads_apart(needs_onnx, readout, text_folder, tmp_path):
    candidate = resolve(str(text_folder), TEXT)
    network = classifier_on(build(candidate, NAMES, weights="pretrained", seed=0), readout, OneLayer(16, 3))
    assert export_onnx(fitted(candidate, network, readout=readout), tmp_path / "m.onnx").difference <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["builtin:compact-text", "builtin:bag", "builtin:transformer", "builtin:image"])
def test_the_built_in_networks(needs_onnx, name, tmp_path):
    candidate = resolve(name, IMAGE if name == "builtin:image" else TEXT)
    model = fitted(candidate, build(candidate, NAMES, weights="random", seed=0))
    assert export_onnx(model, tmp_path / "m.onnx").difference <= TOLERANCE


@pytest.mark.slow
def test_an_ensemble(needs_onnx, tmp_path):
    candidate = resolve("builtin:compact-image", IMAGE)
    network = averaged([build(candidate, NAMES, weights="random", seed=seed) for seed in range(2)])
    assert export_onnx(fitted(candidate, network), tmp_path / "m.onnx").difference <= TOLERANCE


@pytest.mark.slow
def test_a_file_that_computes_something_else_is_not_kept(needs_onnx, tmp_path, monkeypatch):
    candidate = resolve("builtin:compact-image", IMAGE)
    model = fitted(candidate, build(candidate, NAMES, weights="random", seed=0))
    monkeypatch.setattr("headstart.models.onnx.TOLERANCE", -1.0)
    with pytest.raises(HeadstartError, match="onnxruntime gives probabilities that differ by"):
        export_onnx(model, tmp_path / "out" / "m.onnx")
    assert not list((tmp_path / "out").iterdir())


def test_what_cannot_be_exported_is_one_line(needs_onnx, tmp_path, monkeypatch):
    candidate = resolve("builtin:compact-image", IMAGE)
    model = fitted(candidate, build(candidate, NAMES, weights="random", seed=0))

    def fail(*_args, **_options):
        raise RuntimeError("no such operator\nat all")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(HeadstartError, match="cannot be written as ONNX: no such operator; Use the folder itself"):
        export_onnx(model, tmp_path / "m.onnx")
    (tmp_path / "file").write_text("")
    with pytest.raises(HeadstartError, match="the file cannot be written"):
        export_onnx(model, tmp_path / "file" / "m.onnx")


def test_tf_idf_is_no_network(tmp_path):
    model = FittedModel(
        object(),
        Card(model_format="skops", task=TEXT, class_names=NAMES, candidate=resolve("builtin:tfidf", TEXT), arm="a@b"),
    )
    with pytest.raises(SettingsError, match="builtin:tfidf is no network"):
        export_onnx(model, tmp_path / "m.onnx")


def test_without_the_packages_one_line_names_the_extra(tmp_path, monkeypatch):
    candidate = resolve("builtin:compact-image", IMAGE)
    model = fitted(candidate, build(candidate, NAMES, weights="random", seed=0))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SourceError, match=r"not installed.*pip install 'headstart\[onnx\]'"):
        export_onnx(model, tmp_path / "m.onnx")
