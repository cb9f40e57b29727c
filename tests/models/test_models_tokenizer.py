import json
import shutil

import pytest
import torch

from headstart.core import SourceError
from headstart.models import build, encode_items, resolve
from headstart.models.families.tokenizer import load_tokenizer, padding_of

TEXT = "text-classification"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")


def without_tokenizer(folder):
    for name in TOKENIZER:
        (folder / name).unlink(missing_ok=True)
    return folder


def test_a_folder_without_a_tokenizer_is_refused_before_an_empty_one_is_made_up(text_folder):
    folder = without_tokenizer(text_folder)
    with pytest.raises(SourceError, match=r"has no tokenizer.*tokenizer\.save_pretrained\(folder\)") as caught:
        resolve(str(folder), TEXT)
    assert "\n" not in str(caught.value)


def test_settings_of_a_tokenizer_without_its_words_are_refused(text_folder):
    candidate = resolve(str(text_folder), TEXT)
    without_tokenizer(text_folder)
    (text_folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    with pytest.raises(SourceError, match=r"has no vocabulary.*save_pretrained"):
        load_tokenizer(candidate)


def test_a_damaged_tokenizer_is_one_line(text_folder):
    candidate = resolve(str(text_folder), TEXT)
    (text_folder / "tokenizer.json").write_text("{")
    with pytest.raises(SourceError, match="the tokenizer of .* cannot be loaded") as caught:
        encode_items(candidate, ["good film"])
    assert "\n" not in str(caught.value)


def test_a_vocabulary_that_the_network_is_too_small_for_is_named(text_folder):
    config = json.loads((text_folder / "config.json").read_text())
    (text_folder / "config.json").write_text(json.dumps({**config, "vocab_size": 6}))
    candidate = resolve(str(text_folder), TEXT)
    assert len(encode_items(candidate, ["good"])) == 1
    with pytest.raises(SourceError, match="gives token 7, but its configuration has vocab_size 6.*at least 8"):
        encode_items(candidate, ["good", "bad fine"])


@pytest.fixture
def decoder(text_folder, tmp_path):
    """The configuration of a decoder that names no padding, with a tokenizer that has some."""
    from transformers import GPT2Config

    folder = tmp_path / "decoder"
    special = {"bos_token_id": 0, "eos_token_id": 0}
    GPT2Config(vocab_size=64, n_embd=16, n_layer=2, n_head=2, n_positions=64, **special).save_pretrained(folder)
    for name in TOKENIZER:
        if (text_folder / name).exists():
            shutil.copy(text_folder / name, folder / name)
    return folder


@pytest.mark.parametrize("weights", ["random", "pretrained"])
def test_a_decoder_finds_the_end_of_a_text_by_its_padding(decoder, weights):
    if weights == "pretrained":
        build(resolve(str(decoder), TEXT), ("a", "b"), weights="random", seed=1).module.save_pretrained(decoder)
        config = json.loads((decoder / "config.json").read_text())
        (decoder / "config.json").write_text(json.dumps({**config, "pad_token_id": None}))
    candidate = resolve(str(decoder), TEXT)
    assert candidate.has_weights == (weights == "pretrained")
    network = build(candidate, ("a", "b"), weights=weights, seed=0).eval()
    assert network.module.config.pad_token_id == padding_of(load_tokenizer(candidate))
    texts = ["good film", "bad plot was not a great scene"]
    with torch.inference_mode():
        alone = [network(**encode_items(candidate, [text]).batch([0])) for text in texts]
        together = network(**encode_items(candidate, texts).batch([0, 1]))
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-4)


def test_the_end_of_a_text_fills_up_where_there_is_no_padding():
    class Tokens:
        pad_token_id, eos_token_id = None, 7

    assert padding_of(Tokens()) == 7
    Tokens.eos_token_id = None
    assert padding_of(Tokens()) == 0
    Tokens.pad_token_id = 0
    assert padding_of(Tokens()) == 0
