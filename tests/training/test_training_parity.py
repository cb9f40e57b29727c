"""What others compute by hand, with their own code or formula, comes out of a trial too."""

import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from one_trial import run

from headstart.core import Recipe
from headstart.models import build, encode, heads, resolve
from headstart.strategies import Train, get_strategy
from headstart.testing.architectures import make_images, make_texts, save_architecture
from headstart.training import LoopOptions, fit_ridge_head, phases, train, trial_rows
from headstart.training.batches import endless_batches
from headstart.training.moving import freeze
from headstart.training.optimizer import build_optimizer

SEED = 7
RECIPE = Recipe(learning_rate=5e-3, head_rate=2.0, weight_decay=0.05, steps=5, batch_size=8, warmup=0.4, rank=4)
LINEAR = r".*\.(query|key|value|dense)"
NARROWING = r".*layer\.\d+\.output\.dense"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parity")


@pytest.fixture(scope="module")
def texts(folder):
    """Made-up texts in three classes, a tiny encoder's name and what it reads."""
    data = make_texts(folder)
    name = save_architecture("bert", folder)
    candidate = resolve(name, data.task)
    return data, candidate, encode(candidate, data)


def lora():
    from peft import LoraConfig

    return LoraConfig(r=4, lora_alpha=8, target_modules=LINEAR, task_type="SEQ_CLS")


def ia3():
    from peft import IA3Config

    return IA3Config(target_modules=LINEAR, feedforward_modules=NARROWING, task_type="SEQ_CLS")


def prefix_tuning():
    from peft import PrefixTuningConfig

    return PrefixTuningConfig(num_virtual_tokens=20, task_type="SEQ_CLS")


def prompt_tuning():
    from peft import PromptTuningConfig

    return PromptTuningConfig(num_virtual_tokens=20, task_type="SEQ_CLS")


def by_hand(config, candidate, head):
    """The network as people make it with transformers and peft.

    Dropout inside frozen layers is off, because ours keeps everything frozen in eval mode; that in front of the
    head stays.
    """
    from peft import get_peft_model
    from transformers import AutoModelForSequenceClassification

    module = AutoModelForSequenceClassification.from_pretrained(
        candidate.folder,
        num_labels=len(head.weight),
        ignore_mismatched_sizes=True,
        classifier_dropout=0.1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    module.classifier.load_state_dict(head.state_dict())
    torch.manual_seed(SEED)
    return get_peft_model(module, config)


def train_by_hand(module, data, inputs, rows):
    """A plain loop: AdamW with decay on matrices alone, a head at its own rate, warm-up and cosine, clipping."""
    moving = {name: p for name, p in module.named_parameters() if p.requires_grad}
    groups = [
        {
            "params": [p for name, p in moving.items() if ("classifier" in name) == in_head and (p.ndim > 1) == matrix],
            "lr": RECIPE.learning_rate * (RECIPE.head_rate if in_head else 1.0),
            "weight_decay": RECIPE.weight_decay if matrix else 0.0,
        }
        for in_head in (True, False)
        for matrix in (True, False)
    ]
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
    rise = 2  # of 5 steps, as the recipe's warm-up says
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: (step + 1) / rise if step < rise else (1 + math.cos(math.pi * (step - rise) / 3)) / 2
    )
    torch.manual_seed(SEED)
    module.train()
    batches = endless_batches(rows, inputs.lengths, RECIPE.batch_size, SEED)
    for _ in range(RECIPE.steps):
        batch = next(batches)
        loss = F.cross_entropy(module(**inputs.batch(batch)).logits, torch.from_numpy(data.labels[batch]))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(moving.values(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    module.eval()


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft asks transformers the old way
@pytest.mark.parametrize("config", [lora, ia3, prefix_tuning, prompt_tuning])
def test_adapters_end_where_peft_by_hand_does(config, texts):
    data, candidate, inputs = texts
    strategy, rows = get_strategy(config.__name__), np.arange(24)
    network = build(candidate, data.class_names, weights="pretrained", seed=SEED)
    theirs = by_hand(config(), candidate, network.head)
    ours = strategy.prepare(network, RECIPE, SEED)
    phase = strategy.phases(candidate.family)[0]
    freeze(ours, phase, RECIPE)

    def moving(module):
        return {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}

    start, begun = moving(ours.module), moving(theirs)
    assert start.keys() == begun.keys()
    assert sum(p.numel() for p in start.values()) == theirs.get_nb_trainable_parameters()[0]
    asked = inputs.batch(np.arange(24, 32))
    with torch.inference_mode():
        torch.testing.assert_close(ours.eval()(**asked), theirs.eval()(**asked).logits, rtol=0, atol=1e-6)
    train(ours, inputs, data.labels, rows, phase, RECIPE, SEED, LoopOptions(fast_dropout=False))  # torch's masks
    train_by_hand(theirs, data, inputs, rows)
    ended = moving(theirs)
    for name, value in moving(ours.module).items():
        torch.testing.assert_close(value, ended[name], rtol=0, atol=1e-5, msg=lambda text, at=name: f"{at}: {text}")
    assert any((ended[name] - begun[name]).abs().max() > 1e-3 for name in ended if "classifier" not in name)
    with torch.inference_mode():
        torch.testing.assert_close(ours(**asked), theirs(**asked).logits, rtol=0, atol=1e-4)


@pytest.fixture(params=["image", "text"])
def probed(request, folder, texts, image_data, resnet, worker_of):
    """A worker for a tiny network with weights, and the network's name."""
    data, name = (image_data, resnet) if request.param == "image" else (texts[0], texts[1].name)
    return worker_of(data, name), name


def test_lp_ft_starts_from_the_head_of_the_probe(probed, spec_of, monkeypatch):
    worker, name = probed
    starts = []

    def watched(network, *rest):
        starts.append([p.detach().clone() for p in network.head.parameters()])
        return train(network, *rest)

    monkeypatch.setattr(phases, "train", watched)
    short = Recipe(learning_rate=1e-3, steps=2, batch_size=8)
    tuned = run(spec_of(worker, "lp_ft", name, short, n=12), worker)
    probe = run(spec_of(worker, "linear_probe", name, Recipe(), n=12), worker)
    assert tuned.measurement.error is None
    assert len(starts) == 1
    for start, other, after in zip(
        starts[0], probe.model.model.head.parameters(), tuned.model.model.head.parameters(), strict=True
    ):
        assert torch.equal(start, other)
        assert not torch.equal(start, after)


def test_the_head_of_the_probe_is_that_of_a_solver_that_converged(probed, spec_of):
    from sklearn.linear_model import Ridge

    worker, name = probed
    spec = spec_of(worker, "linear_probe", name, Recipe(), n=12)
    learn, _, _ = trial_rows(spec, worker)
    head = run(spec, worker).model.model.head
    features = worker.features(name, learn).astype(np.float64)
    scale = features.std(0)
    scale[scale <= 1e-6 * scale.max()] = np.inf  # constant columns say nothing
    z = (features - features.mean(0)) / np.sqrt(scale)
    eigenvalues = np.linalg.eigvalsh(z.T @ z)
    labels, classes = worker.data.labels[learn], len(worker.data.class_names)
    strength = fit_ridge_head(features, labels, classes).strength
    penalty = strength * eigenvalues[eigenvalues > 1e-9 * eigenvalues.max()].mean()
    reference = Ridge(alpha=penalty, solver="lsqr", tol=1e-12, max_iter=100_000).fit(z, np.eye(classes)[labels])
    scores = reference.predict(z)
    logits = head(torch.from_numpy(features.astype(np.float32))).detach().numpy()
    temperature = (logits * scores).sum() / (scores**2).sum()
    assert np.isclose(temperature, heads.TEMPERATURES, rtol=1e-3).any()
    # the features are fp32 and partly large beside what they vary by, hence no closer
    np.testing.assert_allclose(logits, temperature * scores, atol=1e-3 * temperature)


LAYER = re.compile(r"\.layers?\.(\d+)\.")


@pytest.mark.parametrize("architecture", ["vit", "bert"])
def test_rates_fall_from_the_head_as_published(architecture, folder):
    """Clark 2020 and BEiT: decay^(L + 1 - l) for layer l of L, embeddings being layer 0 and the head L + 1.

    bench/parity_timm.py compares with timm's own groups.
    """
    data = make_texts(folder) if architecture == "bert" else make_images(folder)
    candidate = resolve(save_architecture(architecture, folder), data.task)
    network = build(candidate, data.class_names, weights="pretrained", seed=0)
    recipe = Recipe(learning_rate=1e-3, head_rate=1.0, layer_decay=0.6)
    moving, _ = freeze(network, Train(), recipe)
    groups = build_optimizer(network, moving, recipe).param_groups
    shares = {id(p): group["peak"] / recipe.learning_rate for group in groups for p in group["params"]}
    layers = 3
    for name, parameter in network.module.named_parameters():
        found = LAYER.search(name)
        if found:
            layer = int(found[1]) + 1
        elif "embeddings" in name:
            layer = 0
        else:
            layer = layers + 1 if "classifier" in name else layers  # a last norm or a pooler goes with the last layer
        assert shares[id(parameter)] == pytest.approx(0.6 ** (layers + 1 - layer)), name
    assert len(set(shares.values())) == layers + 2
