"""Tiny learnable data and tiny networks."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from headstart.core import Arm, Recipe
from headstart.core.hardware import default_threads
from headstart.data import load, make_splits
from headstart.modalities.image.inputs import PixelInputs
from headstart.modalities.image.pixels import Resize
from headstart.models import Candidate, Network, resolve
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("HEADSTART_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def image_data(tmp_path_factory):
    """Three classes of 20 noisy images of 20 pixels, told apart by their colour."""
    root = tmp_path_factory.mktemp("images") / "colours"
    rng = np.random.default_rng(0)
    for channel, name in enumerate(("red", "green", "blue")):
        (root / name).mkdir(parents=True)
        for index in range(20):
            pixels = rng.integers(0, 120, (20, 20, 3))
            pixels[..., channel] += 100
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{index}.png")
    return load(root, cache_dir=tmp_path_factory.mktemp("image-cache"))


@pytest.fixture(scope="session")
def text_data(tmp_path_factory):
    """Two classes of 40 short texts, told apart by one word."""
    rng = np.random.default_rng(0)
    fill = "the a film plot actor scene was is very quite one two three four five six seven".split()
    rows = []
    for index in range(80):
        label = ("bad", "good")[index % 2]
        words = [*rng.choice(fill, rng.integers(3, 9)), {"bad": "awful", "good": "great"}[label]]
        rows.append({"text": " ".join(rng.permutation(words)) + f" {index}", "label": label})
    return load(pd.DataFrame(rows), cache_dir=tmp_path_factory.mktemp("text-cache"))


@pytest.fixture
def worker_of(tmp_path):
    def make(data, *names, metric="accuracy"):
        candidates = {name: resolve(name, data.task, native_size=16) for name in names}
        bench = Bench.of(
            data,
            make_splits(data),
            candidates,
            metric=metric,
            seed=0,
            dtype="float32",
            threads=default_threads(),
            folder=tmp_path,
        )
        return Worker(bench)

    return make


@pytest.fixture(scope="session")
def resnet(tmp_path_factory):
    """A tiny ResNet with fixed weights, as a folder; returns its path, which is a candidate's name."""
    from transformers import ResNetConfig, ResNetForImageClassification

    folder = tmp_path_factory.mktemp("tiny-resnet")
    torch.manual_seed(0)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24], depths=[1, 1, 1], layer_type="basic")
    ResNetForImageClassification(config).save_pretrained(folder)
    settings = {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return str(folder)


PARADIGM = {"linear_probe": "transfer", "full_finetune": "transfer", "from_scratch": "scratch"}


@pytest.fixture
def spec_of():
    def make(worker, strategy, candidate, recipe=None, n=30, **details):
        arm = Arm(candidate=candidate, strategy=strategy, paradigm=PARADIGM.get(strategy, "hybrid"))
        recipe = recipe or Recipe(learning_rate=2e-3, steps=8, batch_size=16)
        return SpecMaker.of(worker.bench).spec(arm, recipe, n, **details)

    return make


class TinyImageNetwork(nn.Module):
    """Two blocks and a head; batch norm and dropout on demand."""

    def __init__(self, norm: bool = True, dropout: float = 0.0, classes: int = 3) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(inputs, 8, 3, 2, 1),
                nn.BatchNorm2d(8) if norm else nn.Identity(),
                nn.ReLU(),
                nn.Dropout(dropout),
            )
            for inputs in (3, 8)
        )
        self.head = nn.Linear(8, classes)

    def forward(self, pixel_values):
        for block in self.blocks:
            pixel_values = block(pixel_values)
        return self.head(pixel_values.mean((2, 3)))


@pytest.fixture
def tiny():
    """Make a tiny network with the same initial weights each time."""

    def make(**options) -> Network:
        candidate = Candidate(
            name="tiny",
            modality="image",
            family="compact",
            has_weights=True,
            weights_hash="t",
            input_size=16,
            resize=Resize(size=16),
        )
        torch.manual_seed(1)
        return Network(TinyImageNetwork(**options), candidate)

    return make


@pytest.fixture(scope="session")
def pixels():
    """Inputs and labels of 40 learnable images in three classes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 40)
    images = rng.integers(0, 120, (40, 3, 16, 16))
    images[np.arange(40), labels] += 100
    candidate = Candidate(
        name="tiny",
        modality="image",
        family="compact",
        has_weights=True,
        weights_hash="t",
        input_size=16,
        resize=Resize(size=16),
    )
    return PixelInputs(images.astype(np.uint8), candidate), labels
