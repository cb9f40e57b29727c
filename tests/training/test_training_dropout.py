import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from headstart.training.dropout import FastDropout, fast_dropout


def dropped(values, p, seed=0, step=0, **how):
    with FastDropout(seed, step):
        return F.dropout(values, p, **how)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 0.95), st.integers(0, 2**31), st.sampled_from([torch.float32, torch.bfloat16]))
def test_each_value_is_dropped_with_the_probability_and_the_others_grow(p, seed, kind):
    values = torch.ones(200, 501, dtype=kind)
    found = dropped(values, p, seed)
    share = float((found == 0).float().mean())
    assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / values.numel()) + 1e-5
    kept = found[found != 0].float()
    torch.testing.assert_close(
        kept, torch.full_like(kept, 1 / (1 - p)), rtol=8e-3 if kind is torch.bfloat16 else 1e-6, atol=0
    )
    rows, columns = (found == 0).float().mean(1), (found == 0).float().mean(0)
    assert rows.std() == pytest.approx(np.sqrt(p * (1 - p) / 501), rel=0.3)
    assert columns.std() == pytest.approx(np.sqrt(p * (1 - p) / 200), rel=0.3)


def test_masks_follow_from_seed_and_step_whatever_the_threads():
    values = torch.ones(1000, 300)
    before = torch.get_num_threads()
    found = dropped(values, 0.3, 1, 2)
    try:
        torch.set_num_threads(1)
        assert torch.equal(found, dropped(values, 0.3, 1, 2))
    finally:
        torch.set_num_threads(before)
    assert not torch.equal(found, dropped(values, 0.3, 1, 3))
    assert not torch.equal(found, dropped(values, 0.3, 2, 2))


def test_two_layers_of_a_step_have_masks_of_their_own():
    values = torch.ones(50, 50)
    with FastDropout(0, 0):
        assert not torch.equal(F.dropout(values, 0.5), F.dropout(values, 0.5))


def test_gradients_pass_where_values_did():
    values = torch.ones(40, 40, requires_grad=True)
    found = dropped(values, 0.25)
    found.sum().backward()
    assert torch.equal(values.grad, found.detach())


@pytest.mark.parametrize(("p", "how"), [(0.5, {"training": False}), (0.0, {}), (1.0, {})])
def test_where_nothing_is_drawn_torch_answers(p, how):
    values = torch.arange(6.0)
    assert torch.equal(dropped(values, p, **how), F.dropout(values, p, **how))


def test_layers_and_attention_weights_are_reached():
    from transformers import BertConfig, BertModel

    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    model = BertModel(BertConfig(vocab_size=30, **sizes, attn_implementation="eager")).train()
    context, found = fast_dropout(model, 0), []
    for torch_seed in (1, 2):  # which decides nothing
        torch.manual_seed(torch_seed)
        with context(5):
            found.append(model(input_ids=torch.arange(8)[None]).last_hidden_state)
    assert torch.equal(*found)


def test_a_network_without_dropout_pays_nothing():
    assert not isinstance(fast_dropout(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0)), 0)(0), FastDropout)
