"""What a GPU does otherwise: nothing but the time of a step."""

import numpy as np
import pytest
import torch
from torch import nn

from headstart.core import Recipe
from headstart.modalities.image.inputs import PixelInputs
from headstart.modalities.text.inputs import TokenInputs
from headstart.models import Candidate, Network, inputs_on, predict_network, resolve
from headstart.strategies import Train
from headstart.training import LoopOptions, train
from headstart.training.checkpoint import Checkpoint
from headstart.training.losses import Diverged

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
WORDS, STEPS = 400, 60
ROWS = np.arange(96)
RECIPE = Recipe(learning_rate=1e-3, weight_decay=0.1, steps=STEPS, batch_size=16, warmup=0.1)
CUDA = torch.device("cuda")


def texts():
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    rows = [np.r_[2 + label, rng.integers(5, WORDS, rng.integers(3, 40))].astype(np.int64) for label in labels]
    return TokenInputs(rows, 0, 0), labels


def pictures():
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    pixels = rng.integers(0, 120, (120, 3, 32, 32), dtype=np.uint8)
    pixels[np.arange(120), labels] += 60
    return PixelInputs(pixels, resolve("builtin:compact-image", "image-classification", native_size=32)), labels


def bert(dropout=0.0):
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(3)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    rates = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    module = BertForSequenceClassification(BertConfig(vocab_size=WORDS, max_position_embeddings=64, **sizes, **rates))
    return Network(module, candidate("text"))


def convolutions():
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(3)
    sizes = {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1], "layer_type": "basic"}
    return Network(ResNetForImageClassification(ResNetConfig(num_labels=3, **sizes)), candidate("image"))


def candidate(modality):
    return Candidate(name="made", modality=modality, family="own", input_size=32, has_weights=False, weights_hash="")


def run(network, data, recipe=RECIPE, **options):
    """Losses of all steps, and what the loop says."""
    inputs, labels = data
    losses, backward = [], torch.Tensor.backward

    def noted(loss, *given, **named):
        losses.append(loss.detach().clone())
        return backward(loss, *given, **named)

    torch.Tensor.backward = noted
    try:
        record = train(network, inputs, labels, ROWS, Train(), recipe, 0, LoopOptions(**options))
    finally:
        torch.Tensor.backward = backward
    return torch.stack(losses).cpu(), record


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("make", "data"), [(bert, texts), (lambda: bert(0.2), texts), (convolutions, pictures)])
def test_recorded_passes_change_nothing(make, data, precision):
    one, other = make(), make()
    each, _ = run(one, data(), precision=precision, recorded_passes=False)
    replayed, record = run(other, data(), precision=precision)
    assert record.remark == ""
    drops = any(isinstance(module, nn.Dropout) and module.p > 0 for module in one.modules())
    tolerance = 2e-3 if precision == "float32" and not drops else 5e-2  # a recording draws in another order
    torch.testing.assert_close(replayed[:20], each[:20], rtol=0, atol=tolerance)
    state = other.module.state_dict()
    for name, value in one.module.state_dict().items():
        if "running" in name or "batches" in name:
            torch.testing.assert_close(state[name], value, rtol=0.1, atol=0.1, msg=name)
    assert replayed[-5:].mean() < replayed[:5].mean(), "it learns"


def test_an_interrupted_run_goes_on_with_the_same_numbers(tmp_path):
    whole, broken = bert(0.2), bert(0.2)
    run(whole, texts())
    checkpoint = Checkpoint(tmp_path / "state.pt", every_seconds=0.0)

    def stop(step, steps):
        if step == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(broken, texts(), checkpoint=checkpoint, on_step=stop)
    again = bert(0.2)
    _, record = run(again, texts(), checkpoint=Checkpoint(tmp_path / "state.pt", every_seconds=0.0))
    assert record.resumed_at == 30
    inputs, _ = texts()
    found, wanted = (predict_network(network, inputs, np.arange(120)) for network in (again, whole))
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_a_loss_that_is_no_number_is_found_at_its_step():
    class Breaking(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls, self.words, self.head = 0, nn.Embedding(WORDS, 8), nn.Linear(8, 2)

        def forward(self, input_ids, attention_mask):
            self.calls += 1
            return self.head(self.words(input_ids).mean(1)) / (0.0 if self.calls == 7 else 1.0)

    with pytest.raises(Diverged, match="at step 6 of 60"):  # one call of the network looks which words it reads
        run(Network(Breaking(), candidate("text")), texts(), recorded_passes=False)


def test_a_network_that_looks_at_values_is_not_recorded():
    class Looking(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Embedding(WORDS, 8), nn.Linear(8, 2)

        def forward(self, input_ids, attention_mask):
            shown = self.words(input_ids).mean(1)
            return self.head(shown if bool(attention_mask.all()) else 2 * shown)

    losses, record = run(Network(Looking(), candidate("text")), texts())
    assert "cannot be recorded" in record.remark or "depend on the values" in record.remark
    assert len(losses) == STEPS
    assert losses.isfinite().all()


@pytest.mark.parametrize("hold", [True, False])
def test_pixels_are_the_same_where_they_are_made(hold):
    inputs, _ = pictures()
    there = inputs_on(inputs, CUDA, hold=hold)
    rows = np.array([5, 2, 90])
    made = there.batch(rows)["pixel_values"]
    assert made.device.type == "cuda"
    torch.testing.assert_close(made.cpu(), inputs.batch(rows)["pixel_values"])
    for level in ("shift", "flip", "strong"):
        assert there.batch(rows, level)["pixel_values"].shape == made.shape
