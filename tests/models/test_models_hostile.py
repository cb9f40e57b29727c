"""Saved files that are damaged, too large for what they hold, or of another model: one line, soon, without memory."""

from __future__ import annotations

import json
import os
import resource
import stat
import time

import numpy as np
import pytest
import torch

from headstart.core import BundleError, HeadstartError
from headstart.models import Card, FittedModel, OneLayer, Readout, Vote, build, classifier_on, load, resolve
from headstart.models.families.tfidf import fit_tfidf

IMAGE, TEXT = "image-classification", "text-classification"
NAMES = ("cat", "dog", "eel")
TEXTS = ["good film", "bad plot", "a very poor scene", "great actor"]


def card_of(candidate, model_format, task=TEXT, **options):
    return Card(model_format=model_format, task=task, class_names=NAMES, candidate=candidate, arm="a@b", **options)


def compact(folder, name="builtin:compact-text", task=TEXT):
    candidate = resolve(name, task)
    network = build(candidate, NAMES, weights="random", seed=0)
    return FittedModel(network, card_of(candidate, "headstart", task)).save(folder)


def tfidf(folder, labels=(0, 1, 2, 0)):
    pipeline = fit_tfidf(TEXTS, np.asarray(labels), __import__("headstart").core.Recipe(weight_decay=0.1), seed=0)
    return FittedModel(pipeline, card_of(resolve("builtin:tfidf", TEXT), "skops")).save(folder)


def change_card(folder, **changes):
    file = folder / "headstart.json"
    card = json.loads(file.read_text())
    for word, value in changes.items():
        card[word] = card[word] | value if isinstance(value, dict) and card[word] else value
    file.write_text(json.dumps(card))


def refused(folder, words="."):
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(HeadstartError, match=words) as caught:
        load(folder).predict_proba(TEXTS)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - start < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB


@pytest.mark.parametrize("name", ["builtin:compact-text", "builtin:bag", "builtin:transformer"])
@pytest.mark.parametrize(
    "change", [{"width": 200_000}, {"num_classes": 10**9}, {"blocks": 10**6}, {"width": -1}, {"x": 1}]
)
def test_settings_that_ask_for_more_than_there_is(tmp_path, name, change):
    from safetensors.torch import load_file, save_file

    folder = compact(tmp_path / "model", name)
    file = folder / "network.safetensors"
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        settings = json.loads(opened.metadata()["settings"]) | change
    save_file(load_file(file), file, metadata={"kind": "", "settings": json.dumps(settings)})
    refused(folder, "is damaged")


def test_a_head_that_asks_for_more_than_there_is(text_folder, tmp_path):
    from safetensors.torch import load_file, save_file

    candidate = resolve(str(text_folder), TEXT)
    frozen = build(candidate, NAMES, weights="pretrained", seed=0)
    for head in (OneLayer(16, 3), Vote.of(torch.randn(9, 16), torch.arange(9) % 3, 3, 4)):
        network = classifier_on(frozen, Readout(), head)
        folder = FittedModel(network, card_of(candidate, "headstart", readout=Readout())).save(tmp_path / "model")
        file = folder / "head.safetensors"
        kind = "linear" if isinstance(head, OneLayer) else "vote"
        for settings in ({**head.settings, "width": 10**9}, {}, [], "x"):
            save_file(load_file(file), file, metadata={"kind": kind, "settings": json.dumps(settings)})
            refused(folder, "is damaged")
        save_file(load_file(file), file, metadata={"kind": "os:system", "settings": "{}"})
        refused(folder, "does not say what it is")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"class_names": []}, "names no classes"),
        ({"class_names": ["cat", "dog"]}, "3 outputs, and headstart.json names 2"),
        ({"class_names": [*"abcdefgh"]}, "3 outputs"),
        ({"task": "image-classification"}, "does not fit the task"),
        ({"model_format": "skops"}, "not saved as 'skops'"),
        ({"model_format": "pickle"}, "cannot be read"),
        ({"candidate": {"input_size": 10**12}}, "inputs of size"),
        ({"candidate": {"name": "builtin:nothing"}}, "is damaged"),
        ({"candidate": {"family": "transformers"}}, "is damaged"),
        ({"members": 10**9}, "members"),
        ({"readout": {"stage": 99, "pooling": "mean"}}, "."),
    ],
)
def test_cards_of_no_possible_model(tmp_path, changes, words):
    folder = compact(tmp_path / "model")
    change_card(folder, **changes) if "unknown" not in changes else (folder / "headstart.json").write_text(
        '{"unknown": 1}'
    )
    refused(folder, words)


@pytest.mark.parametrize(
    "change",
    [{"resize": {"size": 10**6}}, {"resize": {"size": 16, "resample": 77}}, {"std": [0, 1, 1]}, {"resize": None}],
)
def test_pictures_of_no_possible_size(tmp_path, change):
    folder = compact(tmp_path / "model", "builtin:compact-image", IMAGE)
    change_card(folder, candidate=change)
    with pytest.raises(BundleError, match="is damaged|cannot be read"):
        load(folder)


def test_weights_that_are_no_numbers(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = compact(tmp_path / "model")
    file = folder / "network.safetensors"
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    weights = load_file(file)
    weights["head.bias"][:] = float("nan")
    save_file(weights, file, metadata=metadata)
    refused(folder, "does not predict a probability for each class")


def test_a_pipeline_of_other_classes_or_not_fitted(tmp_path):
    import skops.io
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    folder = tfidf(tmp_path / "model")
    change_card(folder, class_names=["cat", "dog"])
    refused(folder, "not fitted, or on other classes")
    folder = tfidf(tmp_path / "model")
    skops.io.dump(clone(load(folder).model), folder / "model.skops")
    refused(folder, "not fitted, or on other classes")
    skops.io.dump(LogisticRegression(), folder / "model.skops")
    refused(folder, "no TF-IDF with logistic regression")


def test_a_pipeline_with_a_pattern_that_never_ends(tmp_path):
    import skops.io

    folder = tfidf(tmp_path / "model")
    pipeline = load(folder).model
    pipeline.named_steps["counts"].transformer_list[0][1].token_pattern = "(a+)+$"
    skops.io.dump(pipeline, folder / "model.skops")
    refused(folder, "a vectoriser that Headstart does not write")


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_every_file_has_the_mode_that_the_umask_gives(text_folder, tmp_path, mask):
    candidate = resolve(str(text_folder), TEXT)
    network = build(candidate, NAMES, weights="pretrained", seed=0)
    before = os.umask(mask)
    try:
        folder = FittedModel(network, card_of(candidate, "transformers")).save(tmp_path / "model")
        probe = classifier_on(network, Readout(), OneLayer(16, 3))
        other = FittedModel(probe, card_of(candidate, "headstart", readout=Readout())).save(tmp_path / "other")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(file.stat().st_mode) for place in (folder, other) for file in place.iterdir()}
    assert modes == {0o666 & ~mask}


def test_a_folder_that_cannot_be_written_leaves_nothing_half(tmp_path, monkeypatch):
    from headstart.models import formats

    monkeypatch.setitem(formats.WRITERS, "headstart", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(BundleError, match="No space left"):
        compact(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["headstart.json", "network.safetensors"])
def test_devices_and_pipes_in_place_of_files(tmp_path, name):
    folder = compact(tmp_path / "model")
    for make in (lambda file: file.symlink_to("/dev/zero"), os.mkfifo):
        (folder / name).unlink()
        make(folder / name)
        refused(folder, "is no regular file")
