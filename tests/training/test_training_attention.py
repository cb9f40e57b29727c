import numpy as np
import pytest
import torch

from headstart.training.attention import SHORT, ChosenAttention


@pytest.fixture
def model():
    from transformers import BertConfig, BertForSequenceClassification

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    torch.manual_seed(0)
    return BertForSequenceClassification(BertConfig(vocab_size=60, **sizes)).eval()


def kernel(model):
    return {
        part.config._attn_implementation for part in (model, model.bert, model.bert.encoder.layer[0].attention.self)
    }


def test_short_inputs_are_computed_plainly_and_the_network_is_left_as_it_was(model):
    assert kernel(model) == {"sdpa"}
    chosen = ChosenAttention.of(model, np.full(10, 20))
    assert kernel(model) == {"eager"}
    chosen.finish()
    assert kernel(model) == {"sdpa"}


def test_the_two_kernels_agree_up_to_rounding(model):
    ids = torch.randint(1, 60, (4, 12))
    mask = torch.ones_like(ids)
    mask[:2, 7:] = 0
    with torch.inference_mode():
        fused = model(input_ids=ids, attention_mask=mask).logits
        ChosenAttention.of(model, np.full(4, 12))
        plain = model(input_ids=ids, attention_mask=mask).logits
    torch.testing.assert_close(plain, fused, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "lengths", [np.full(5, SHORT + 1), np.ones(5), np.zeros(0)], ids=["long", "no lengths", "none"]
)
def test_others_are_left_alone(model, lengths):
    ChosenAttention.of(model, lengths)
    assert kernel(model) == {"sdpa"}


def test_a_kernel_that_somebody_chose_stays(model):
    model.set_attn_implementation("eager")
    chosen = ChosenAttention.of(model, np.full(10, 20))
    chosen.finish()
    assert kernel(model) == {"eager"}


def test_networks_of_others_have_no_such_choice(tiny):
    assert ChosenAttention.of(tiny(), np.full(10, 20)).models == ()
