"""Networks that only read, in fewer operations."""

import copy

import pytest
import torch
from torch import nn

from headstart.models import Candidate, Network, folded, resolve
from headstart.models import build as build_network

CANDIDATE = Candidate(name="made", modality="image", family="own", input_size=8, has_weights=False, weights_hash="")


class Plain(nn.Module):
    def __init__(self, shared=False, peeks=False):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.second, self.norm2 = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)
        self.shared, self.peeks, self.head = shared, peeks, nn.Linear(4, 2)
        for norm in (self.norm, self.norm2):
            nn.init.uniform_(norm.weight, 0.5, 2)
            nn.init.normal_(norm.bias)
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)

    def forward(self, pixel_values):
        plain = self.first(pixel_values)
        shown = self.norm(plain).relu()
        if self.peeks:
            shown = shown + plain
        shown = self.norm2(self.second(shown))
        if self.shared:
            shown = self.norm2(self.second(shown))
        return self.head(shown.mean((2, 3)))


def batch():
    torch.manual_seed(1)
    return {"pixel_values": torch.randn(2, 3, 8, 8)}


def norms_that_run(network):
    count = []
    hooks = [
        module.register_forward_hook(lambda module, given, output: count.append(output is not given[0]))
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d)
    ]
    with torch.no_grad():
        network.features(**batch())
    for hook in hooks:
        hook.remove()
    return sum(count)


@pytest.mark.parametrize(("options", "left"), [({}, 0), ({"shared": True}, 2)])
def test_features_are_the_same_without_the_norms(options, left):
    torch.manual_seed(0)
    network = Network(Plain(**options), CANDIDATE).eval()
    state = copy.deepcopy(network.state_dict())
    with torch.no_grad():
        wanted = network.features(**batch())
        made = folded(network, batch())
        torch.testing.assert_close(made.features(**batch()), wanted, rtol=1e-4, atol=1e-5)
    assert norms_that_run(made) == left
    assert norms_that_run(network) == left + (2 if not options else 1)
    for name, value in network.state_dict().items():
        assert torch.equal(value, state[name]), "the network stays as it is"


def test_a_convolution_that_something_else_reads_is_left_alone():
    torch.manual_seed(0)
    network = Network(Plain(peeks=True), CANDIDATE).eval()
    assert folded(network, batch()) is network


@pytest.mark.parametrize("name", ["builtin:image", "builtin:compact-image"])
def test_built_in_networks_can_be_folded(name):
    candidate = resolve(name, "image-classification", native_size=16)
    network = build_network(candidate, ("a", "b"), weights="random", seed=0).eval()
    given = {"pixel_values": torch.randn(4, 3, 16, 16)}
    made = folded(network, given)
    assert made is not network
    with torch.no_grad():
        torch.testing.assert_close(made.features(**given), network.features(**given), rtol=1e-4, atol=1e-5)


def test_a_text_encoder_has_nothing_to_fold():
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Embedding(9, 4), nn.Linear(4, 2)

        def forward(self, input_ids):
            return self.head(self.words(input_ids).mean(1))

    network = Network(Words(), CANDIDATE.model_copy(update={"modality": "text"})).eval()
    assert folded(network, {"input_ids": torch.zeros(2, 3, dtype=torch.long)}) is network
