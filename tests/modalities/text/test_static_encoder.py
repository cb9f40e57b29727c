"""Static word vectors: the mean of what the package holds, whatever stands around it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from headstart.modalities.text.packaged_starts import STARTS
from headstart.modalities.text.static_encoder import StaticEncoder
from headstart.models import build, encode_items, resolve
from headstart.models.families.packaged import PackagedFamily
from headstart.testing import check_family

NAME = "builtin:wordllama"


@pytest.fixture
def start():
    assert STARTS[NAME].found() is not None, "make setup installs the package"
    return resolve(NAME, "text-classification")


def features(start, texts):
    network = build(start, ("a", "b"), weights="pretrained", seed=0).eval()
    with torch.no_grad():
        return network.features(**encode_items(start, texts).batch(np.arange(len(texts))))


def test_a_text_is_the_mean_of_its_tokens(start):
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    table = load_file(STARTS[NAME].found())["embedding.weight"].float()
    ids = Tokenizer.from_file(f"{start.folder}/tokenizer.json").encode("frozen features lead early").ids
    assert torch.allclose(features(start, ["frozen features lead early"])[0], table[ids].mean(0), atol=1e-6)


def test_padding_does_not_count(start):
    alone = features(start, ["short"])[0]
    beside = features(start, ["short", "a far longer text that the short one is padded to " * 3])[0]
    assert torch.allclose(alone, beside, atol=1e-6)


def test_like_texts_are_nearer_than_unlike_ones(start):
    found = torch.nn.functional.normalize(
        features(start, ["the cat sat on the mat", "a kitten lay on the rug", "quarterly tax revenue fell"])
    )
    assert found[0] @ found[1] > found[0] @ found[2]


def test_family(tmp_path):
    rows = [
        f"{word} number {number},{label}" for number in range(12) for word, label in (("good", "yes"), ("bad", "no"))
    ]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *rows]))
    assert "saving" in check_family(PackagedFamily(), NAME, tmp_path / "texts.csv")


def test_a_text_without_tokens_is_no_division_by_zero():
    network = StaticEncoder(2, vocabulary=5, width=4)
    logits = network(torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 1))
    assert torch.isfinite(logits).all()
