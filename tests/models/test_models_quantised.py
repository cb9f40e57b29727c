import copy
import importlib.util
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from headstart.core import BundleError, Recipe, SettingsError
from headstart.models import Card, FittedModel, build, encode_items, get_family, load, resolve
from headstart.models.facts import measure_facts
from headstart.models.quantised import LIBRARY, is_four_bit
from headstart.strategies import get_strategy

TEXT = "text-classification"
NAMES = ("cat", "dog", "eel")
TEXTS = ["good film", "bad plot", "a very poor scene", "great actor", "awful", "the plot was not fine"]
RECIPE = Recipe(rank=2)


@pytest.fixture
def decoder(text_folder, tmp_path):
    """A tiny pretrained decoder with a tokenizer; returns the folder."""
    from transformers import LlamaConfig, LlamaForSequenceClassification

    torch.manual_seed(0)
    folder = tmp_path / "tiny-llama"
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=64, num_key_value_heads=1, pad_token_id=0, max_position_embeddings=64, **shape)
    LlamaForSequenceClassification(config).save_pretrained(folder)
    for file in text_folder.glob("*token*"):
        shutil.copy(file, folder / file.name)
    return folder


def adapted(candidate):
    network = build(candidate, NAMES, weights="pretrained", seed=3, quantised=True)
    network = get_strategy("qlora").prepare(network, RECIPE, 0)
    with torch.no_grad():
        for parameter in (*network.added, *network.head_module.parameters()):
            parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(parameter.numel()))
    return network


def model_of(candidate):
    card = Card(
        model_format="peft", task=TEXT, class_names=NAMES, candidate=candidate, arm="qlora@tiny", quantised=True
    )
    return FittedModel(adapted(candidate), card)


def test_linear_layers_are_packed_and_the_head_is_not(decoder):
    candidate = resolve(str(decoder), TEXT)
    plain = build(candidate, NAMES, weights="pretrained", seed=3)
    packed = build(candidate, NAMES, weights="pretrained", seed=3, quantised=True)
    linear = {name for name, part in plain.module.named_modules() if isinstance(part, nn.Linear)}
    four_bit = {name for name, part in packed.module.named_modules() if is_four_bit(part)}
    assert four_bit == linear - {"score"}
    torch.testing.assert_close(packed.head.weight, plain.head.weight)
    stored = sum(p.numel() * p.element_size() for p in packed.parameters())
    assert stored < 0.35 * sum(p.numel() * p.element_size() for p in plain.parameters())
    batch = encode_items(candidate, TEXTS).batch([0, 1])
    assert measure_facts(packed, batch).parameters == measure_facts(plain, batch).parameters


def test_a_packed_weight_is_near_the_weight_it_stands_for(decoder):
    from bitsandbytes.functional import dequantize_4bit

    candidate = resolve(str(decoder), TEXT)
    name = "model.layers.1.mlp.down_proj"
    plain = build(candidate, NAMES, weights="pretrained", seed=3).module.get_submodule(name).weight
    packed = build(candidate, NAMES, weights="pretrained", seed=3, quantised=True).module.get_submodule(name).weight
    error = (dequantize_4bit(packed.data, packed.quant_state) - plain).square().mean() / plain.square().mean()
    assert 0.001 < error < 0.02  # 16 levels for normal values leave about a hundredth of their variance


def test_gradients_pass_after_a_prediction(decoder):
    candidate = resolve(str(decoder), TEXT)
    network = adapted(candidate)
    batch = encode_items(candidate, TEXTS).batch([0, 1])
    network.eval()
    with torch.inference_mode():
        before = network(**batch)
    network.train()
    network(**batch).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.added)
    assert all(p.grad is None for stage in network.stages for p in stage.parameters() if not p.requires_grad)
    network.eval()
    with torch.inference_mode():
        torch.testing.assert_close(network(**batch), before)


def test_adapters_are_saved_alone_and_sit_on_packed_weights_again(decoder, tmp_path):
    model = model_of(resolve(str(decoder), TEXT))
    expected = model.predict_proba(TEXTS)
    saved = model.save(tmp_path / "model")
    loaded = load(saved)
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), expected)
    assert any(is_four_bit(part) for part in loaded.model.modules())
    assert (saved / "adapter_model.safetensors").stat().st_size < (decoder / "model.safetensors").stat().st_size / 3


def test_merged_weights_answer_alike_without_packing(decoder, tmp_path):
    model = model_of(resolve(str(decoder), TEXT))
    expected = model.predict_proba(TEXTS)
    saved = model.merged().save(tmp_path / "model")
    loaded = load(saved)
    assert not any(is_four_bit(part) for part in loaded.model.modules())
    np.testing.assert_allclose(loaded.predict_proba(TEXTS), expected, atol=1e-5)
    np.testing.assert_array_equal(model.predict_proba(TEXTS), expected)  # merging left it as it was


def test_packed_networks_can_be_copied(decoder):
    candidate = resolve(str(decoder), TEXT)
    network = adapted(candidate).eval()
    batch = encode_items(candidate, TEXTS).batch([0, 1])
    with torch.inference_mode():
        torch.testing.assert_close(copy.deepcopy(network)(**batch), network(**batch))


def test_without_the_library_it_says_how_to_get_it(decoder, tmp_path, monkeypatch):
    candidate = resolve(str(decoder), TEXT)
    saved = model_of(candidate).save(tmp_path / "model")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *of: None if name == LIBRARY else real(name, *of))
    assert "pip install 'headstart[llm]'" in str(get_strategy("qlora").refuses(candidate))
    with pytest.raises(BundleError, match="bitsandbytes, which is not installed") as caught:
        load(saved)
    assert caught.value.hint == "pip install 'headstart[llm]'"


def test_other_families_are_refused():
    candidate = resolve("builtin:compact-image", "image-classification")
    assert "only models of transformers" in str(get_strategy("qlora").refuses(candidate))
    with pytest.raises(SettingsError, match="cannot be held in four bits"):
        get_family(candidate.family).build_quantised(candidate, NAMES)
