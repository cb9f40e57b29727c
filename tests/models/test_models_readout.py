"""Where features are taken: maps become vectors over their positions, whichever axes those are."""

import pytest
import torch

from headstart.models import Readout, build, list_readouts, read, resolve

MAPS = """
from torch import nn

class Maps(nn.Module):
    def __init__(self, classes, last):
        super().__init__()
        self.last = last
        self.blocks = nn.ModuleList([nn.Conv2d(3, 6, 3, 4, 1), Block(last), Block(last)])
        self.head = nn.Linear(6, classes)
    def forward(self, x):
        x = self.blocks[0](x)
        x = x.permute(0, 2, 3, 1) if self.last else x
        for block in self.blocks[1:]:
            x = block(x)
        return self.head(x.mean((1, 2) if self.last else (2, 3)))

class Block(nn.Module):
    def __init__(self, last):
        super().__init__()
        self.last, self.linear = last, nn.Linear(6, 6)
    def forward(self, x):
        return self.linear(x) if self.last else self.linear(x.movedim(1, -1)).movedim(-1, 1)

def channels_first(classes):
    return Maps(classes, False)

def channels_last(classes):
    return Maps(classes, True)
"""


@pytest.mark.parametrize("order", ["first", "last"])
def test_maps_are_averaged_over_their_positions(users_module, order):
    name = users_module("people_maps", MAPS)
    candidate = resolve(f"arch:{name}:channels_{order}", "image-classification", native_size=32)
    network = build(candidate, ("cat", "dog", "eel"), weights="random", seed=0)
    batch = {"pixel_values": torch.randn(4, 3, 32, 32)}
    network.module.eval()
    readouts = list_readouts(network, batch)
    assert Readout(stage=2) in readouts
    own, deepest = read(network, [Readout(), Readout(stage=2)], batch)
    assert own.shape == (4, 6)
    torch.testing.assert_close(deepest, own, msg="the last stage's mean is what the network itself pools")
