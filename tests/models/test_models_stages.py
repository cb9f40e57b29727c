import copy

import pytest
import torch
from torch import nn

from headstart.modalities import get_modality
from headstart.modalities.image.networks import CompactImageNetwork
from headstart.modalities.text.networks import BagTextNetwork, CompactTextNetwork, TransformerTextNetwork
from headstart.models import Candidate, Network, builtin_names, cut, resolve
from headstart.models.families.transformers import transformers_head as _transformers_head
from headstart.models.stages import last_linear

NAMES = ("resnet", "convnext", "vit", "bert", "distilbert", "modernbert")


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class Nested(nn.Module):
    """Loose parameters, a list of blocks inside a body, a norm after it, and a head of two layers."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.stem = nn.Conv2d(3, 8, 3)
        self.body = nn.Module()
        self.body.shift = nn.Parameter(torch.zeros(1))
        self.body.blocks = nn.ModuleList([block(8, 16), block(16, 16), block(16, 16)])
        self.norm = nn.BatchNorm2d(16)
        self.classifier = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, pixel_values):
        x = self.stem(pixel_values * self.scale) + self.body.shift
        for part in self.body.blocks:
            x = part(x)
        return self.classifier(self.norm(x).mean((2, 3)))


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, x):
        return self.conv(x).relu()


class SideBySide(nn.Module):
    """Lists of blocks as attributes, as many residual networks are written; the last is by far the largest."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Block(4, 4), Block(4, 4))
        self.layer2 = nn.Sequential(Block(4, 32), Block(32, 32))
        self.fc = nn.Linear(32, 2)

    def forward(self, pixel_values):
        return self.fc(self.layer2(self.layer1(self.bn1(self.conv1(pixel_values)))).mean((2, 3)))


class Flat(nn.Module):
    """No list of blocks at all; the wide layer shares a container with the head."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1))
        self.features = nn.Sequential(block(3, 8), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.classifier = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 2))

    def forward(self, pixel_values):
        return self.classifier(self.features(pixel_values + self.token))


PLAIN = {
    "sequential": lambda: nn.Sequential(
        block(3, 8), block(8, 16), block(16, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2)
    ),
    "encoder-and-head": lambda: nn.Sequential(
        nn.Sequential(block(3, 8), block(8, 16)), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2)
    ),
    "nested": Nested,
    "flat": Flat,
    "side-by-side": SideBySide,
    "one-layer": lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 8), nn.Linear(8, 2)),
}
STAGES = {"sequential": 3, "encoder-and-head": 2, "nested": 4, "flat": 2, "side-by-side": 3, "one-layer": 1}


def check_partition(module, head, stages):
    """Every parameter outside the head is in exactly one stage."""
    inside = [id(p) for stage in stages for p in stage.parameters()]
    outside = {id(p) for p in head.parameters()}
    assert len(inside) == len(set(inside))
    assert set(inside) == {id(p) for p in module.parameters()} - outside
    assert all(stage.parameters() for stage in stages)


def check_order(module, stages, batch):
    """Stages first run in the order in which they are listed."""
    ran = []
    hooks = []
    for index, stage in enumerate(stages):
        layers = [layer for part in stage.modules for layer in part.modules()]
        for layer in [layer for layer in layers if list(layer.parameters(recurse=False))]:
            hooks.append(layer.register_forward_hook(lambda *_args, index=index: ran.append(index)))
    with torch.no_grad():
        module.eval()(**batch) if isinstance(batch, dict) else module.eval()(batch)
    for hook in hooks:
        hook.remove()
    first = list(dict.fromkeys(ran))
    assert first == sorted(first)
    assert len(first) == len(stages)


@pytest.mark.parametrize("name", NAMES)
def test_stages_of_real_architectures(architectures, name):
    module, batch, expected = architectures[name]
    head = _transformers_head(module)
    stages = cut(module, head)
    assert len(stages) == expected
    check_partition(module, head, stages)
    check_order(module, stages, batch)


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_stages_of_plain_networks(name):
    module = PLAIN[name]()
    _, head = last_linear(module)
    stages = cut(module, head)
    check_partition(module, head, stages)
    assert len(stages) == STAGES[name]
    check_order(module, stages, torch.randn(2, 3, 32, 32))


def test_shared_parameters_are_in_the_first_stage_only():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    module = nn.Sequential(first, second, nn.Linear(4, 2))
    stages = cut(module, module[-1])
    check_partition(module, module[-1], stages)
    assert [len(stage.parameters()) for stage in stages] == [2, 1]


def test_statistics_without_weights_belong_to_a_stage():
    norm = nn.BatchNorm2d(8, affine=False)
    module = nn.Sequential(nn.Conv2d(3, 8, 3), norm, nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(8, 2))
    stages = cut(module, module[-1])
    assert len(stages) == 2
    assert norm in stages[0].modules


def test_a_network_needs_a_linear_layer():
    with pytest.raises(ValueError, match="no linear layer"):
        last_linear(nn.Sequential(nn.Conv2d(3, 8, 3)))


def candidate(modality):
    return Candidate(
        name="x", modality=modality, family="transformers", has_weights=True, weights_hash="x", input_size=32
    )


@pytest.mark.parametrize("name", NAMES)
def test_features_have_the_width_of_the_representation(architectures, name):
    module, batch, _ = architectures[name]
    modality = "image" if "pixel_values" in batch else "text"
    network = Network(module, candidate(modality), _transformers_head(module)).eval()
    with torch.no_grad():
        features = network.features(**batch)
        assert network(**batch).shape == (2, 2)
    assert features.shape == (2, 32 if name in ("resnet", "convnext") else 16)
    assert features.dtype == torch.float32
    if modality == "image":
        assert torch.allclose(network.head(features), network(**batch))


def test_text_features_ignore_padding(architectures):
    module, batch, _ = architectures["bert"]
    network = Network(module, candidate("text"), _transformers_head(module)).eval()
    alone = {key: value[1:, :2] for key, value in batch.items()}
    with torch.no_grad():
        assert torch.allclose(network.features(**batch)[1:], network.features(**alone), atol=1e-6)


def test_everything_fresh_belongs_to_the_head(architectures):
    module = architectures["distilbert"][0]
    network = Network(module, candidate("text"), _transformers_head(module))
    fresh = {id(p) for part in (module.pre_classifier, module.classifier) for p in part.parameters()}
    assert {id(p) for p in network.head_module.parameters()} == fresh
    assert network.head is module.classifier


def test_a_network_can_share_all_but_its_head(architectures):
    module, batch, _ = architectures["resnet"]
    network = Network(copy.deepcopy(module), candidate("image"), None).eval()
    other = network.with_own_head().eval()
    with torch.no_grad():
        before = network(**batch)
        other.head.weight.zero_()
        assert torch.equal(network(**batch), before)
        assert not torch.equal(other(**batch), before)
    assert other.stages[0].parameters()[0] is network.stages[0].parameters()[0]


@pytest.mark.parametrize("kind", [CompactTextNetwork, BagTextNetwork, TransformerTextNetwork])
def test_padding_does_not_change_what_compact_texts_say(kind):
    torch.manual_seed(0)
    module = kind(2, 16).eval()
    ids, mask = torch.tensor([[4, 5, 6]]), torch.ones(1, 3, dtype=torch.long)
    longer = nn.functional.pad(ids, (0, 5)), nn.functional.pad(mask, (0, 5))
    with torch.no_grad():
        assert torch.allclose(module(ids, mask), module(*longer), atol=1e-6)


def test_a_bag_of_pairs_knows_the_order_of_neighbours():
    torch.manual_seed(0)
    module = BagTextNetwork(2, 16).eval()
    with torch.no_grad():
        there, back, alone = (
            module(ids, torch.ones_like(ids)) for ids in map(torch.tensor, ([[4, 5]], [[5, 4]], [[4]]))
        )
    assert not torch.allclose(there, back)
    assert torch.allclose(alone, module.head(module.words.weight[4]))


@pytest.mark.parametrize("name", list(get_modality("image").scratch))
def test_compact_image_networks_differ_in_width_and_depth(name):
    blocks, width = {"builtin:compact-image": (3, 32), "builtin:resnet20": (9, 16), "builtin:wrn-16-2": (6, 32)}[name]
    module = get_modality("image").scratch[name].build(10, 32)
    assert len(module.stages) == blocks
    assert module.head.in_features == 4 * width
    network = Network(module, resolve(name, "image-classification"))
    check_partition(network.module, network.head, network.stages)
    assert len(network.stages) == blocks + 1


@pytest.mark.parametrize("size", [16, 32, 48])
def test_compact_networks_have_a_stem_and_three_stages(size):
    image = resolve("builtin:compact-image", "image-classification", native_size=size)
    network = Network(CompactImageNetwork(3, image.input_size), image)
    assert len(network.stages) == 4
    check_partition(network.module, network.head, network.stages)
    assert network(pixel_values=torch.randn(2, 3, size, size)).shape == (2, 3)
    assert "builtin:compact-image" in builtin_names("image-classification")
