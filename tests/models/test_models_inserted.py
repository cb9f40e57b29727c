import sys

import numpy as np
import pytest
import torch
from torch import nn

from headstart.core import BundleError, SettingsError
from headstart.models import (
    Card,
    FittedModel,
    Network,
    OneLayer,
    Readout,
    build,
    classifier_on,
    insert,
    inserted_in,
    inserted_source,
    load,
    make_inserted,
    resolve,
)
from headstart.models.families.transformers import transformers_head as _transformers_head

IMAGE, TEXT = "image-classification", "text-classification"
NAMES = ("cat", "dog", "eel")
TEXTS = ["good film", "bad plot", "a very poor scene", "great actor"]

MODULES = """
import torch
from torch import nn

class Gate(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.gate = nn.Linear(width, width)
    def forward(self, x):
        return x * torch.sigmoid(self.gate(self.norm(x)))

def raises(width):
    raise RuntimeError("no such width\\nat all")

def no_module(width):
    return width

def narrower(width):
    return nn.Linear(width, width - 1)

def wrong_input(width):
    return nn.Linear(width + 1, width)

constant = 3
"""


@pytest.fixture
def modules(users_module):
    return users_module("people_modules", MODULES)


@pytest.mark.parametrize("name", ["resnet", "convnext", "vit", "bert", "distilbert", "modernbert"])
def test_it_stands_before_the_head_and_nothing_else_changes(architectures, name):
    module, batch, stages = architectures[name]
    import copy

    module = copy.deepcopy(module).eval()
    candidate = resolve(
        "builtin:compact-image" if "pixel_values" in batch else "builtin:compact-text",
        IMAGE if "pixel_values" in batch else TEXT,
    )
    network = Network(module, candidate, _transformers_head(module))
    before = network(**batch)
    features = network.features(**batch)
    owned = [stage.parameters() for stage in network.stages]
    head = network.head
    fresh = len(list(network.head_module.parameters()))
    network = insert(network, "residual", seed=0).eval()
    torch.testing.assert_close(network(**batch), before)
    torch.testing.assert_close(network.features(**batch), features)
    assert len(network.stages) == stages
    assert all(
        a is b
        for old, stage in zip(owned, network.stages, strict=True)
        for a, b in zip(old, stage.parameters(), strict=True)
    )
    assert network.head is head
    inserted = inserted_in(network)
    assert len(list(network.head_module.parameters())) == fresh + len(list(inserted.parameters()))
    assert insert(network, "residual", seed=1) is network
    inside = {id(p) for stage in network.stages for p in stage.parameters()}
    rest = {id(p) for p in network.parameters()} - inside
    assert rest == {id(p) for p in network.head_module.parameters()}
    with torch.no_grad():
        inserted.up.bias.add_(1)
    assert not torch.allclose(network(**batch), before)
    torch.testing.assert_close(copy.deepcopy(network)(**batch), network(**batch))


def test_the_adapter_begins_as_the_identity_and_the_seed_draws_it():
    features = 100 * torch.randn(3, 24) + 7
    torch.manual_seed(3)
    one = make_inserted("residual", 24)
    assert torch.equal(one(features), features)
    candidate = resolve("builtin:compact-image", IMAGE)
    drawn = [
        inserted_in(insert(build(candidate, NAMES, weights="random", seed=0), "residual", seed)).down.weight
        for seed in (0, 0, 1)
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def moved(network):
    """The inserted module at values that matter."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in inserted_in(network).parameters():
            parameter.normal_(std=0.5, generator=generator)
    return network.eval()


@pytest.mark.parametrize("inserted", ["residual", "Gate"])
@pytest.mark.parametrize("kind", ["transformers", "read-out", "compact", "own"])
def test_it_is_saved_and_loaded(request, modules, tmp_path, save_images, kind, inserted):
    path = inserted if inserted == "residual" else f"{modules}:{inserted}"
    task, readout, items = IMAGE, None, None
    if kind in ("transformers", "read-out"):
        candidate = resolve(str(request.getfixturevalue("text_folder")), TEXT)
        task, items = TEXT, TEXTS
        network = build(candidate, NAMES, weights="pretrained", seed=0)
        if kind == "read-out":
            readout = Readout(stage=2, pooling="mean")
            network = classifier_on(network, readout, OneLayer(16, len(NAMES)))
    else:
        name = "builtin:compact-image" if kind == "compact" else "arch:headstart.testing.architectures:cnn"
        candidate, items = resolve(name, IMAGE), save_images(4)
        network = build(candidate, NAMES, weights="random", seed=0)
    network = moved(insert(network, path, seed=0))
    card = Card(
        model_format="headstart",
        task=task,
        class_names=NAMES,
        candidate=candidate,
        arm="some@arm",
        readout=readout,
        inserted=path,
        inserted_source=inserted_source(path),
    )
    model = FittedModel(network, card)
    expected = model.predict_proba(items)
    folder = model.save(tmp_path / "model")
    own_code = path != inserted
    loaded = load(folder, allow_code=own_code)
    np.testing.assert_array_equal(loaded.predict_proba(items), expected)
    assert len(loaded.model.stages) == len(network.stages)
    again = loaded.save(tmp_path / "again")
    np.testing.assert_array_equal(load(again, allow_code=own_code).predict_proba(items), expected)
    (folder / "inserted.safetensors").unlink()
    with pytest.raises(BundleError, match="the model is damaged"):
        load(folder, allow_code=own_code)


def test_a_model_whose_module_is_gone_says_what_it_needs(modules, tmp_path, save_images):
    candidate = resolve("builtin:compact-image", IMAGE)
    path = f"{modules}:Gate"
    network = insert(build(candidate, NAMES, weights="random", seed=0), path, seed=0)
    card = Card(
        model_format="headstart",
        task=IMAGE,
        class_names=NAMES,
        candidate=candidate,
        arm="some@arm",
        inserted=path,
        inserted_source=inserted_source(path),
    )
    folder = FittedModel(network, card).save(tmp_path / "model")
    (tmp_path / f"{modules}.py").unlink()
    sys.modules.pop(modules)
    with pytest.raises(BundleError, match=f"needs code that cannot be found here, {path}.*PYTHONPATH"):
        load(folder, allow_code=True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("residul", "no module 'residul' to insert.*Did you mean 'residual'"),
        ("{}:missing", "cannot be imported: AttributeError.*called|cannot be imported: AttributeError.*callable"),
        ("nowhere_at_all:factory", "cannot be imported: ModuleNotFoundError.*package.module:factory"),
        ("{}:raises", "fails: RuntimeError: no such width;.*width of the features alone"),
        ("{}:no_module", "returns a int, not a torch module"),
        ("{}:constant", "is a int, not a callable"),
        ("{}:narrower", r"gives \(2, 15\) for features \(2, 16\); wanted the same shape.*as many outputs"),
        ("{}:wrong_input", r"fails on features \(2, 16\): RuntimeError"),
    ],
)
def test_what_cannot_be_inserted_is_one_line(modules, name, words):
    with pytest.raises(SettingsError, match=words) as caught:
        make_inserted(name.format(modules), 16)
    assert "\n" not in str(caught.value)
    assert "--set inserted" in str(caught.value)


def test_adapters_have_no_place_for_it(text_folder):
    from headstart.core import Recipe
    from headstart.strategies import get_strategy

    network = build(resolve(str(text_folder), TEXT), NAMES, weights="pretrained", seed=0)
    network = get_strategy("lora").prepare(network, Recipe(), 0)
    with pytest.raises(SettingsError, match="adapters and an inserted module do not go together"):
        insert(network, "residual", seed=0)


def test_the_mode_of_a_users_module_stays(modules):
    module = make_inserted(f"{modules}:Gate", 16)
    assert module.training
    assert isinstance(module.norm, nn.BatchNorm1d)
    assert not module.norm.num_batches_tracked
