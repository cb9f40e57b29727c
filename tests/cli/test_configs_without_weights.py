"""A folder that says how a network is built, without weights, from the command line to predictions."""

import json

import pandas as pd
import pytest

import headstart as hs

SHORT = ("--strategy", "from_scratch", "--set", "steps=6", "--quiet", "--json", "--out", "model")


@pytest.fixture
def texts(tmp_path):
    """Two classes of twenty texts, told apart by one word."""
    rows = [{"text": f"{word} film {index}", "label": word} for index in range(20) for word in ("good", "bad")]
    pd.DataFrame(rows).to_csv(tmp_path / "texts.csv", index=False)
    return tmp_path / "texts.csv"


def image_config(folder, processor):
    from transformers import ResNetConfig, ViTConfig

    if processor:
        settings = {"image_processor_type": "ViTImageProcessor", "size": {"height": 16, "width": 16}}
        ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic").save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    else:
        sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        ViTConfig(**sizes, image_size=16, patch_size=8).save_pretrained(folder)


def text_config(folder, tokenizer):
    from transformers import BertConfig, BertTokenizerFast

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertConfig(vocab_size=64, max_position_embeddings=64, **sizes).save_pretrained(folder)
    if tokenizer:
        vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]
        BertTokenizerFast({word: number for number, word in enumerate(vocabulary)}).save_pretrained(folder)


@pytest.mark.parametrize("processor", [True, False])
def test_images(headstart, colours, tmp_path, processor):
    image_config(tmp_path / "net", processor)
    done = headstart("fit", colours, "--candidate", "net", *SHORT)
    assert done.code == 0, done.err
    assert done.document["arm"] == "from_scratch@net"
    measured = done.document["measurement"]
    assert measured["trainable_parameters"] == measured["parameters"]
    files = sorted(colours.rglob("*.png"))[:3]
    assert hs.load("model").predict_proba(files).shape == (3, 3)
    headstart("fit", colours, "--candidate", "net", "--strategy", "lora").failed_well("no pretrained weights")


def test_texts(headstart, texts, tmp_path):
    text_config(tmp_path / "net", tokenizer=True)
    done = headstart("fit", texts, "--candidate", "net", *SHORT)
    assert done.code == 0, done.err
    shown = headstart("predict", "model", "good film", "bad")
    assert len(shown.out.splitlines()) == 2


def test_texts_without_a_tokenizer(headstart, texts, tmp_path):
    text_config(tmp_path / "net", tokenizer=False)
    done = headstart("fit", texts, "--candidate", "net", *SHORT)
    done.failed_well("candidate 'net' has no tokenizer", "tokenizer.save_pretrained(folder)")


def test_texts_whose_tokenizer_is_of_another_network(headstart, texts, tmp_path):
    text_config(tmp_path / "net", tokenizer=True)
    file = tmp_path / "net" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "vocab_size": 7}))
    done = headstart("fit", texts, "--candidate", "net", *SHORT)
    done.failed_well("gives token 7", "has vocab_size 7", "at least 8")
