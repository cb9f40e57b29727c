"""Memory plans against published figures; GB are 1e9 bytes."""

from __future__ import annotations

import pytest

from headstart.core import SettingsError
from headstart.knowledge import find_device, plan_memory, shape_of
from headstart.knowledge.large import SHAPES
from headstart.knowledge.memory import nf4_bits

GB = 1e9


def state(billions: int, **options) -> float:
    """GB that no smaller batch saves, in full fine-tuning."""
    return plan_memory(SHAPES[billions], "full_finetune", **options).state / GB


def test_full_fine_tuning_takes_twelve_bytes_a_parameter():
    assert state(65) == pytest.approx(780, rel=0.01)  # QLoRA, section 1: more than 780 GB


@pytest.mark.parametrize(("billions", "gigabytes"), [(65, 1040), (7, 112)])
def test_master_weights_make_it_sixteen(billions, gigabytes):
    assert state(billions, master_weights=True) == pytest.approx(gigabytes, rel=0.04)


def test_starcoder_takes_248_gigabytes():
    config = dict(model_type="gpt_bigcode", n_layer=40, n_embd=6144, n_head=48, num_key_value_heads=1, vocab_size=49152,
                  n_inner=24576, n_positions=8192)  # fmt: skip
    plan = plan_memory(shape_of(config), "full_finetune", master_weights=True)
    assert plan.parameters == pytest.approx(15.5e9, rel=0.01)
    assert plan.state / GB == pytest.approx(248, rel=0.01)


def test_nf4_takes_4_5_bits_and_4_127_quantised_twice():
    assert nf4_bits(double=False) == 4.5
    assert nf4_bits() == pytest.approx(4.127, abs=5e-4)


def test_double_quantisation_saves_three_gigabytes_at_65_billion():
    assert (nf4_bits(double=False) - nf4_bits()) / 8 * 65 == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize(("billions", "gigabytes"), [(7, 3.6), (13, 6.7), (33, 17.0), (65, 33.5), (70, 36.1)])
def test_weights_in_nf4(billions, gigabytes):
    assert billions * nf4_bits() / 8 == pytest.approx(gigabytes, abs=0.05)
    plan = plan_memory(SHAPES[billions], "qlora")
    shape = SHAPES[billions]
    kept = (shape.parameters - shape.linear) * 2 / GB  # embeddings, norms and head stay in 16 bits
    assert 0.9 * gigabytes < plan.weights / GB - kept < 1.01 * gigabytes  # the figure quantises all weights


@pytest.mark.parametrize(("billions", "rank", "millions"), [(7, 16, 40.0), (65, 64, 800)])
def test_adapters_on_every_linear_layer(billions, rank, millions):
    assert SHAPES[billions].adapter(rank) / 1e6 == pytest.approx(millions, rel=0.002)


def test_adapters_of_65_billion_take_9_6_gigabytes_with_adam():
    plan = plan_memory(SHAPES[65], "qlora", rank=64)
    assert (plan.adapters + plan.gradients + plan.optimiser) / GB == pytest.approx(9.6, rel=0.01)


def test_logits_of_a_large_vocabulary():
    plan = plan_memory(SHAPES[8], "qlora", length=2048)
    assert plan.logits / GB == pytest.approx(3 * 1.05, rel=0.01)


@pytest.mark.parametrize(("billions", "gigabytes"), [(33, 24), (65, 48)])
def test_what_the_paper_fits_on_a_card_fits(billions, gigabytes):
    plan = plan_memory(SHAPES[billions], "qlora", length=512, rank=16, optimiser="adamw-8bit")
    assert plan.total / GB < gigabytes


@pytest.mark.parametrize(("billions", "least"), [(8, 6), (70, 41)])
def test_stated_minima_are_near(billions, least):
    plan = plan_memory(SHAPES[billions], "qlora", length=512, optimiser="adamw-8bit")
    assert 0.9 * least < plan.total / GB < 1.6 * least


@pytest.mark.parametrize(("billions", "parameters"), [(7, 6.738e9), (8, 8.030e9), (70, 70.55e9), (1, 1.236e9)])
def test_parameters_are_those_of_the_model_cards(billions, parameters):
    assert SHAPES[billions].parameters == pytest.approx(parameters, rel=1e-3)


@pytest.mark.parametrize("name", ["BertConfig", "GPT2Config", "LlamaConfig", "Qwen2Config", "DistilBertConfig"])
def test_parameters_are_those_of_the_network(name):
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    small = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128, vocab_size=1000)
    if name == "GPT2Config":
        small = dict(n_embd=64, n_layer=2, n_head=4, vocab_size=1000, n_positions=128)
    if name == "DistilBertConfig":
        small = dict(dim=64, n_layers=2, n_heads=4, hidden_dim=128, vocab_size=1000)
    config = getattr(transformers, name)(**small)
    model = {"BertConfig": transformers.AutoModelForMaskedLM, "DistilBertConfig": transformers.AutoModelForMaskedLM}
    with torch.device("meta"):
        network = model.get(name, transformers.AutoModelForCausalLM).from_config(config)
    counted = sum(one.numel() for one in network.parameters())
    assert shape_of(config.to_dict()).parameters == pytest.approx(counted, rel=0.05)


def test_the_largest_batch_fits_and_the_next_does_not():
    card = find_device("t4")
    shape = SHAPES[7]
    batch = plan_memory(shape, "qlora", length=256).largest_batch(card, 1)
    assert batch >= 1
    assert plan_memory(shape, "qlora", length=256, batch=batch).fits(card)
    assert not plan_memory(shape, "qlora", length=256, batch=batch + 1).fits(card)


def test_checkpointing_saves_and_precision_counts():
    shape = SHAPES[7]
    assert plan_memory(shape, "lora", checkpointing=False).total > plan_memory(shape, "lora").total
    assert plan_memory(shape, "lora", precision="float32").weights == 2 * plan_memory(shape, "lora").weights


def test_wrong_words_are_refused():
    for options in (dict(strategy="qlorra"), dict(strategy="lora", precision="bf61"), dict(strategy="lora", batch=0)):
        with pytest.raises(SettingsError):
            plan_memory(SHAPES[7], **options)
    with pytest.raises(SettingsError, match="hidden_size"):
        shape_of({"vocab_size": 10})
