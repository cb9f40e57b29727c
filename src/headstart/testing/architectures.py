"""Tiny networks of six architectures with known weights, and 32 made-up examples for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

from headstart.data import LabelledData, load

EXAMPLES, PIXELS, CLASSES = 32, 32, ("blue", "green", "red")
WORDS = "a an the film plot actor scene was is very quite one two three four".split()
ARCHITECTURES = ("resnet", "densenet", "vit", "convnext", "bert", "cnn")


def make_images(folder: Path) -> LabelledData:
    """Noisy pictures in three classes, distinguished by their colour."""
    rng = np.random.default_rng(0)
    for index in range(EXAMPLES):
        label = index % len(CLASSES)
        pixels = rng.integers(0, 120, (PIXELS, PIXELS, 3))
        pixels[..., label] += 100
        place = folder / "pictures" / CLASSES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(place / f"{index}.png")
    return load(folder / "pictures", cache_dir=folder / "cache")


def make_texts(folder: Path) -> LabelledData:
    """Short texts in three classes, distinguished by one word."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(EXAMPLES):
        label = CLASSES[index % len(CLASSES)]
        words = [*rng.choice(WORDS, rng.integers(3, 9)), label, WORDS[index % len(WORDS)]]
        rows.append({"text": " ".join(rng.permutation(words)), "label": label})
    return load(pd.DataFrame(rows), cache_dir=folder / "cache")


def save_architecture(name: str, folder: Path) -> str:
    """Write a tiny network with fixed weights; returns the name of the candidate.

    Args:
        name: One of :data:`ARCHITECTURES`.
        folder: Where to.
    """
    torch.manual_seed(0)
    if name in ("densenet", "cnn"):
        return f"arch:headstart.testing.architectures:{name}"
    place = folder / name
    module: Any = _TRANSFORMERS[name]()
    module.save_pretrained(place)
    if name == "bert":
        _save_tokenizer(place)
    else:
        settings = {"image_processor_type": "ViTImageProcessor", "size": {"height": PIXELS, "width": PIXELS}}
        (place / "preprocessor_config.json").write_text(json.dumps(settings))
    return str(place)


def _resnet() -> nn.Module:
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24], depths=[1, 1, 1], layer_type="basic")
    return ResNetForImageClassification(config)


def _vit() -> nn.Module:
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=PIXELS,
        patch_size=8,
    )
    return ViTForImageClassification(config)


def _convnext() -> nn.Module:
    from transformers import ConvNextConfig, ConvNextForImageClassification

    return ConvNextForImageClassification(ConvNextConfig(hidden_sizes=[8, 16, 24], depths=[1, 1, 1], num_stages=3))


def _bert() -> nn.Module:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=64,
        max_position_embeddings=64,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
    )
    return BertForSequenceClassification(config)


_TRANSFORMERS: dict[str, Callable[[], nn.Module]] = {
    "resnet": _resnet,
    "vit": _vit,
    "convnext": _convnext,
    "bert": _bert,
}


def _save_tokenizer(place: Path) -> None:
    from transformers import BertTokenizer

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *CLASSES]
    BertTokenizer({word: number for number, word in enumerate(vocabulary)}).save_pretrained(place)


class DenseLayer(nn.Module):
    """Adds what it computes to what it was given, as new channels (Huang 2017, arXiv 1608.06993)."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, growth, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, C, H, W) to (B, C + growth, H, W)."""
        return torch.cat([x, self.conv(torch.relu(self.norm(x)))], 1)


class Classifier(nn.Module):
    """A trunk of blocks, mean pooling and a linear head."""

    def __init__(self, blocks: Sequence[nn.Module], width: int, num_classes: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (B, 3, S, S) to (B, num_classes)."""
        for block in self.blocks:
            x = block(x)
        logits: torch.Tensor = self.head(x.mean((2, 3)))
        return logits


def densenet(num_classes: int) -> nn.Module:
    """Two dense blocks with a transition between them."""
    torch.manual_seed(0)
    stem = nn.Conv2d(3, 8, 3, 4, 1)
    transition = nn.Sequential(nn.BatchNorm2d(16), nn.Conv2d(16, 8, 1), nn.AvgPool2d(2))
    first = nn.Sequential(DenseLayer(8, 4), DenseLayer(12, 4))
    second = nn.Sequential(DenseLayer(8, 4), DenseLayer(12, 4), nn.BatchNorm2d(16), nn.ReLU())
    return Classifier([stem, first, transition, second], 16, num_classes)


def cnn(num_classes: int) -> nn.Module:
    """Three convolutions with batch norm and dropout."""
    torch.manual_seed(0)
    blocks = [
        nn.Sequential(nn.Conv2d(inputs, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.1))
        for inputs in (3, 8, 8)
    ]
    return Classifier(blocks, 8, num_classes)


densenet.pretrained = cnn.pretrained = True  # type: ignore[attr-defined]  # fixed weights stand for learnt ones
