"""The activation cache gives the gradients and the numbers of the plain loop, or stays away."""

import numpy as np
import pytest
import torch
from one_trial import run

from headstart.core import Recipe
from headstart.models import build, resolve
from headstart.strategies import Train
from headstart.testing.architectures import ARCHITECTURES, make_images, make_texts, save_architecture
from headstart.training import LoopOptions, train
from headstart.training.activations import ActivationCache, Views, border_of
from headstart.training.moving import freeze

PLAIN = Recipe(learning_rate=1e-2, steps=24, batch_size=8, moving="last:1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("architectures")


@pytest.fixture(scope="module")
def made(folder):
    return {"image": make_images(folder), "text": make_texts(folder)}


def ready(architecture, folder, made):
    from headstart.models import encode

    data = made["text" if architecture == "bert" else "image"]
    candidate = resolve(save_architecture(architecture, folder), data.task, native_size=32)
    network = build(candidate, data.class_names, weights="pretrained", seed=0)
    return network, encode(candidate, data), data.labels


def states(network):
    return {name: value.clone() for name, value in network.module.state_dict().items()}


@pytest.mark.parametrize("moving", ["last:1", "none"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_gradients_are_those_of_the_plain_loop(architecture, moving, folder, made, tmp_path):
    network, inputs, labels = ready(architecture, folder, made)
    recipe = PLAIN.model_copy(update={"moving": moving})
    stages, still = freeze(network, Train(), recipe)
    network.train()
    for module in still:
        module.eval()
    rows = np.arange(16)
    border = border_of(network, stages)
    cache = ActivationCache(network, inputs, rows, border, recipe, 0, tmp_path / "border")
    assert cache.build()
    before = states(network)
    batch = rows[3:11]

    def gradients(values):
        network.module.load_state_dict(before)  # batch norm keeps statistics of what it saw
        network.zero_grad(set_to_none=True)
        torch.manual_seed(0)  # attention drops out by a function, not by a module
        torch.nn.functional.cross_entropy(network(**values), torch.from_numpy(labels[batch])).backward()
        return [p.grad.clone() for p in network.parameters() if p.requires_grad and p.grad is not None]

    plain = gradients(inputs.batch(batch))
    values = cache.batch(batch, 0)
    with cache.installed():
        kept = gradients(values)
    assert len(plain) == len(kept) >= 2
    for one, other in zip(plain, kept, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    network(**inputs.batch(batch))  # the modules are themselves again
    cache.close()
    assert not (tmp_path / "border").exists()


@pytest.mark.parametrize("architecture", ["resnet", "bert"])
@pytest.mark.parametrize("augmentation", ["none", "flip"])
def test_training_ends_the_same_with_and_without(architecture, augmentation, folder, made, tmp_path):
    if architecture == "bert" and augmentation == "flip":
        augmentation = "none"
    recipe = PLAIN.model_copy(update={"augmentation": augmentation, "views": 2})
    ends = []
    for place in (tmp_path / "border", None):
        network, inputs, labels = ready(architecture, folder, made)
        train(network, inputs, labels, np.arange(20), Train(), recipe, 0, LoopOptions(activations=place))
        ends.append(states(network))
    for name, value in ends[0].items():
        torch.testing.assert_close(value, ends[1][name], rtol=1e-3, atol=1e-4, msg=lambda text, n=name: f"{n}: {text}")


def test_views_do_not_depend_on_their_batch(folder, made):
    _, inputs, _ = ready("resnet", folder, made)
    views = Views(inputs, PLAIN.model_copy(update={"augmentation": "strong", "views": 3}), 0)
    together = views.batch(np.arange(6), 1)["pixel_values"]
    alone = torch.cat([views.batch(np.asarray([row]), 4)["pixel_values"] for row in range(6)])
    assert torch.equal(together, alone)
    assert not torch.equal(together, views.batch(np.arange(6), 2)["pixel_values"])


def test_where_it_does_not_pay_or_cannot_be(folder, made, tmp_path, monkeypatch):
    network, inputs, _ = ready("resnet", folder, made)
    assert border_of(network, (0, 1)) == 0
    assert border_of(network, ()) == len(network.stages)
    monkeypatch.setattr("headstart.training.activations.SMALLEST_SAVING", 0.5)
    assert border_of(network, (1, 2)) == 0  # the stem alone
    moving, _ = freeze(network, Train(), PLAIN)
    monkeypatch.setattr("headstart.training.activations.FREE_SHARE", 0.0)
    assert not ActivationCache(network, inputs, np.arange(8), min(moving), PLAIN, 0, tmp_path / "border").build()


def test_a_network_that_looks_back_is_computed_anew(folder, made, tmp_path):
    network, inputs, _ = ready("cnn", folder, made)
    first = network.stages[0].modules[0]
    seen = []
    first.register_forward_hook(lambda _module, given, _output: seen.append(given[0].mean()))
    network.head.register_forward_hook(lambda _module, _given, output: output + seen[-1])
    moving, still = freeze(network, Train(), PLAIN)
    network.eval()
    assert still
    assert not ActivationCache(network, inputs, np.arange(8), min(moving), PLAIN, 0, tmp_path / "border").build()


def test_a_trial_that_is_stopped_leaves_no_table_behind(image_data, worker_of, spec_of, resnet):
    tables = []

    def stop(step, _):
        tables.extend(worker.bench.work_folder.glob("border-*/border.npy"))
        if step == 2:
            raise KeyboardInterrupt

    worker = worker_of(image_data, resnet)
    recipe = PLAIN.model_copy(update={"views": 1})
    with pytest.raises(KeyboardInterrupt):
        run(spec_of(worker, "partial_finetune", resnet, recipe), worker, stop)
    assert tables
    assert not list(worker.bench.work_folder.glob("border-*"))
