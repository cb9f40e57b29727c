"""``headstart rank``: a shortlist without training, from the command line and from Python."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import headstart as hs


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    """A tiny image network from elsewhere, with random weights."""
    import transformers as t

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "vit"
    config = t.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8
    )
    t.ViTForImageClassification(config).save_pretrained(folder)
    t.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return str(folder)


def test_a_pretrained_backbone_ranks_before_random_weights(headstart, digit_folders, other_model):
    found = hs.rank(digit_folders, ("builtin:image", other_model), keep=1)
    assert found.ranking.models == ("builtin:image", other_model)
    assert "builtin:image" in found.shortlist
    assert found.scores["linear probe"]["builtin:image"] > 0.9
    assert dict(found.left_out)["builtin:compact-image"] == "has no pretrained weights"
    table = found.table()
    assert list(table.index) == list(found.ranking.models)
    assert (table["parameters"] > 1000).all()
    words = ("rank", digit_folders, "--candidate", "builtin:image", "--candidate", other_model, "--keep", "1")
    done = headstart(*words, "--json")
    assert done.document == found.to_dict()
    shown = headstart(*words)
    assert (shown.code, shown.err) == (0, "")
    assert "Shortlist" in shown.out
    assert "headstart study DATA --candidate builtin:image" in shown.out
    assert max(len(line) for line in shown.out.splitlines()) <= 80


def test_texts_are_the_mean_of_layers(tmp_path):
    from headstart.models import build, resolve
    from headstart.models.inputs import encode_items
    from headstart.training.layers import pooled_layers

    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    folder = tmp_path / "bert"
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"]
    transformers.BertTokenizerFast({word: number for number, word in enumerate(words)}).save_pretrained(folder)
    candidate = resolve(str(folder), "text-classification")
    network = build(candidate, ("x", "y"), weights="pretrained", seed=0)
    inputs = encode_items(candidate, ["a b c d e", "f", "g h"])
    layers = pooled_layers(network, inputs, np.arange(3))
    assert layers.shape == (4, 3, 16)  # the embeddings and three layers
    with torch.inference_mode():
        last = network.features(**inputs.batch(np.arange(3))).numpy()
    assert layers[-1] == pytest.approx(last, abs=1e-5)


def test_what_cannot_be_ranked_is_said(headstart, digit_folders):
    words = ("rank", digit_folders, "--candidate", "builtin:compact-image")
    headstart(*words).failed_well("no candidate has pretrained weights", "--candidate NAME")
    headstart("rank", digit_folders, "--keep", "0").failed_well("keep is 0")
