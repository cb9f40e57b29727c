import numpy as np
import pytest
import torch
from torch import nn

from headstart.core import Recipe
from headstart.modalities.text.inputs import TokenInputs
from headstart.models import Candidate, Network, predict_network
from headstart.strategies import Moving, Train
from headstart.training import LoopOptions, train
from headstart.training.checkpoint import Checkpoint
from headstart.training.rows_in_use import RowsInUse

WORDS = 400
RECIPE = Recipe(learning_rate=2e-3, weight_decay=0.1, steps=50, batch_size=8, warmup=0.1)
ROWS = np.arange(24)
OTHERS = np.arange(24, 40)  # their words are others


@pytest.fixture
def texts():
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    learnt = [np.r_[2 + label, rng.integers(5, 60, rng.integers(3, 9))] for label in labels[:24]]
    other = [np.r_[2 + label, rng.integers(60, WORDS, rng.integers(3, 9))] for label in labels[24:]]
    return TokenInputs([row.astype(np.int64) for row in learnt + other], 0, 0), labels


class Small(nn.Module):
    def __init__(self, tied=False):
        super().__init__()
        self.words = nn.Embedding(WORDS, 8, padding_idx=0)
        nn.init.normal_(self.words.weight, std=0.1)  # as in word tables
        self.body = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
        self.head = nn.Linear(8, 2)
        if tied:
            self.again = nn.Embedding(WORDS, 8)
            self.again.weight = self.words.weight

    def forward(self, input_ids, attention_mask):
        mask = attention_mask[..., None].float()
        return self.head(self.body((self.words(input_ids) * mask).sum(1) / mask.sum(1)))


def bert():
    from transformers import BertConfig, BertForSequenceClassification

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return BertForSequenceClassification(BertConfig(vocab_size=WORDS, max_position_embeddings=32, **sizes, **dropout))


def network(make=Small):
    torch.manual_seed(3)
    candidate = Candidate(name="made", modality="text", family="own", input_size=32, has_weights=False, weights_hash="")
    return Network(make(), candidate)


def run(model, texts, recipe=RECIPE, phase=None, **options):
    inputs, labels = texts
    losses = []
    backward = torch.Tensor.backward

    def noted(loss, *given, **named):
        losses.append(loss.item())
        return backward(loss, *given, **named)

    torch.Tensor.backward = noted
    try:
        record = train(model, inputs, labels, ROWS, phase or Train(), recipe, 0, LoopOptions(**options))
    finally:
        torch.Tensor.backward = backward
    return np.asarray(losses), record


@pytest.mark.parametrize("make", [Small, bert])
@pytest.mark.parametrize("recipe", [RECIPE, RECIPE.model_copy(update={"anchor": 0.1})])
def test_losses_and_the_saved_table_are_those_of_the_whole_table(texts, make, recipe):
    whole, part = network(make), network(make)
    wanted, _ = run(whole, texts, recipe, rows_in_use=False)
    found, _ = run(part, texts, recipe)
    assert len(found) == 50
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    state = whole.module.state_dict()
    for name, value in part.module.state_dict().items():
        torch.testing.assert_close(value, state[name], atol=1e-6 if "words" in name else 1e-5, rtol=0)
    inputs, _ = texts
    np.testing.assert_allclose(predict_network(part, inputs, OTHERS), predict_network(whole, inputs, OTHERS), atol=1e-5)


def test_a_step_holds_only_the_rows_in_use(texts):
    model, seen = network(), []
    run(model, texts, on_step=lambda *_: seen.append(tuple(model.module.words.weight.shape)))
    inputs, _ = texts
    used = len(np.unique(np.concatenate([inputs.rows[row] for row in ROWS]))) + 1  # and the padding
    assert set(seen) == {(used, 8)}
    assert model.module.words.weight.shape == (WORDS, 8)
    assert model.module.words.padding_idx == 0
    assert not model.module.words._forward_pre_hooks


def test_other_texts_are_read_in_between_with_all_rows(texts):
    model, (inputs, _) = network(), texts
    plain = network()
    watched = []
    run(model, texts, watch=lambda: watched.append(predict_network(model, inputs, OTHERS)) or 0.0)
    run(plain, texts, watch=lambda: watched.append(predict_network(plain, inputs, OTHERS)) or 0.0, rows_in_use=False)
    for found, wanted in zip(watched[:4], watched[4:], strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_an_interrupted_run_goes_on_with_the_same_numbers(texts, tmp_path):
    class Killed(Exception):
        pass

    def kill(step, _):
        if step == 20:
            raise Killed

    whole, part = network(), network()
    run(whole, texts, checkpoint=Checkpoint(tmp_path / "whole.pt", every_seconds=0))
    with pytest.raises(Killed):
        run(network(), texts, checkpoint=Checkpoint(tmp_path / "part.pt", every_seconds=0), on_step=kill)
    _, record = run(part, texts, checkpoint=Checkpoint(tmp_path / "part.pt", every_seconds=0))
    assert record.resumed_at == 20
    wanted = whole.module.state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in part.module.state_dict().items())


@pytest.mark.parametrize(
    ("make", "recipe", "phase"),
    [
        (lambda: Small(tied=True), RECIPE, Train()),
        (Small, RECIPE.model_copy(update={"ema": 0.9}), Train()),
        (Small, RECIPE, Train(Moving("none"))),
    ],
    ids=["tied", "averaged", "frozen"],
)
def test_a_table_that_cannot_train_in_part_trains_as_a_whole(texts, make, recipe, phase):
    model, seen = network(make), []
    run(model, texts, recipe, phase, on_step=lambda *_: seen.append(len(model.module.words.weight)))
    assert set(seen) == {WORDS}


def test_inputs_without_ids_are_left_alone(tiny, pixels):
    assert RowsInUse.of(tiny(), pixels[0], ROWS).tables == ()
