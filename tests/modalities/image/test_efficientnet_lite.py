"""EfficientNet-Lite0 against figures of the published network."""

from __future__ import annotations

import pytest
import torch

from headstart.modalities.image.efficientnet_lite import EfficientNetLite0, renamed
from headstart.modalities.image.starts import STARTS
from headstart.models import build, resolve
from headstart.models.families.packaged import PackagedFamily
from headstart.strategies import get_strategy, strategy_names
from headstart.testing import check_family

NAME = "builtin:efficientnet-lite0"
PUBLISHED = {  # first logits, their mean and deviation, and the class: of efficientnet-lite-pytorch 0.1.0
    128: ([0.18055, 2.31735, -1.25733, -2.30746, -2.36517, -0.24810, -1.94009, 0.14490], -0.1121378, 1.8948578, 906),
    224: ([0.35188, 1.86707, -1.24903, -2.54958, -2.15920, 0.17288, -2.06647, -0.81860], -0.0794787, 1.4989175, 906),
}


def picture(side: int) -> torch.Tensor:
    """Waves (1, 3, side, side)."""
    at = torch.linspace(-3, 3, side)
    return torch.stack([torch.sin(k * at)[:, None] * torch.cos(at * (k + 1))[None] for k in (1, 2, 3)])[None]


@pytest.mark.parametrize("side", PUBLISHED)
def test_the_network_answers_as_the_published_one(side):
    network = EfficientNetLite0().eval()
    file = STARTS[NAME].found()
    assert file is not None, "make setup installs the package"
    network.load_state_dict(renamed(torch.load(file, weights_only=True)))
    with torch.no_grad():
        logits = network(picture(side))[0]
    first, mean, deviation, best = PUBLISHED[side]
    assert logits[:8].tolist() == pytest.approx(first, abs=1e-4)
    assert (logits.mean().item(), logits.std().item()) == pytest.approx((mean, deviation), abs=1e-4)
    assert int(logits.argmax()) == best


def test_an_unknown_name_in_a_checkpoint_is_an_error():
    with pytest.raises(KeyError):
        renamed({"_blocks.0._attention.weight": torch.zeros(1)})


def test_it_is_cut_into_stem_and_seven_stages():
    network = build(resolve(NAME, "image-classification"), ("a", "b"), weights="pretrained", seed=0)
    assert [stage.name for stage in network.stages] == ["stem", *(f"stages.{place}" for place in range(7))]
    assert network.head.in_features == 1280


def test_family(colours):
    assert check_family(PackagedFamily(), NAME, colours) == ["resolving", "encoding", "building", "renewing", "saving"]


def test_no_strategy_for_pictures_refuses_it_without_a_reason():
    candidate = resolve(NAME, "image-classification")
    for name in strategy_names():
        reason = get_strategy(name).refuses(candidate)
        assert reason is None or len(reason) > 10
    assert get_strategy("lora").refuses(candidate) is None
    assert get_strategy("gradual_unfreeze").refuses(candidate) is None
