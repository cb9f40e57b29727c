"""Read-outs: where in a network features are taken, and classifiers that sit on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

from headstart.core import Record
from headstart.models.inputs import Batch
from headstart.models.network import Network

LAST_STAGES = 3  # later ones hold what a head can use; earlier ones would only cost


class Readout(Record):
    """Where features come from.

    Attributes:
        stage: Index of the stage whose output is read; None takes the network's own pooled features.
        pooling: How positions become one vector: their mean, the first token, or the last real one.
    """

    stage: int | None = None
    pooling: Literal["mean", "first", "last"] = "mean"


def list_readouts(network: Network, batch: Batch) -> list[Readout]:
    """The read-outs worth comparing: the network's own, then the last stages with every pooling that makes sense.

    Args:
        network: Run once on the batch.
        batch: A few real examples.
    """
    found = [Readout()]
    count = len(network.stages)
    stages = range(max(1, count - LAST_STAGES), count)
    outputs = _stage_outputs(network, [*stages], batch)
    for stage, output in zip(reversed(stages), reversed(outputs), strict=True):
        if output.ndim == 4 and "attention_mask" in batch:  # maps of padded examples: their mean would depend on it
            continue
        poolings = ("mean", "first", "last") if "attention_mask" in batch else ("mean", "first")
        for pooling in poolings if output.ndim == 3 else ("mean",):
            found.append(Readout(stage=stage, pooling=pooling))
    return found


def read(network: Network, readouts: Sequence[Readout], batch: Batch) -> list[torch.Tensor]:
    """Features (B, D) in fp32 at each read-out, from one pass where the network's own are not asked for."""
    stages = sorted({readout.stage for readout in readouts if readout.stage is not None})
    outputs = dict(zip(stages, _stage_outputs(network, stages, batch), strict=True)) if stages else {}
    return [
        network.features(**batch)
        if readout.stage is None
        else _pool(outputs[readout.stage], readout.pooling, batch.get("attention_mask"))
        for readout in readouts
    ]


def _stage_outputs(network: Network, stages: Sequence[int], batch: Batch) -> list[torch.Tensor]:
    seen: dict[int, torch.Tensor] = {}

    def keep(stage: int) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            value = output if isinstance(output, torch.Tensor) else next(iter(_tensors(output)))
            seen[stage] = value

        return hook

    hooks = []
    for stage in stages:
        modules = network.stages[stage].modules
        block = modules[0] if stage else modules[-1]  # what follows the last block (a norm, a pooler) is the head's
        hooks.append(block.register_forward_hook(keep(stage)))
    try:
        network.forward(**batch)
    finally:
        for hook in hooks:
            hook.remove()
    return [seen[stage] for stage in stages]


def _tensors(output: object) -> list[torch.Tensor]:
    values = output.values() if isinstance(output, dict) else output
    return [value for value in values if isinstance(value, torch.Tensor)]  # type: ignore[attr-defined]


def _pool(output: torch.Tensor, pooling: str, mask: torch.Tensor | None) -> torch.Tensor:
    output = output.float()
    if output.ndim == 4:
        return output.mean(_positions(output))
    if output.ndim != 3:
        return output.flatten(1)
    if pooling == "first":
        return output[:, 0]
    if mask is None or mask.shape[1] != output.shape[1]:  # of waveforms, whose frames are fewer than their samples
        return output[:, -1] if pooling == "last" else output.mean(1)
    if pooling == "last":
        last = (mask.sum(1) - 1)[:, None, None].expand(-1, 1, output.shape[2])
        return output.gather(1, last)[:, 0]  # not by index, which would fix the number of examples on export
    weights = mask[..., None].to(output.dtype)
    return (output * weights).sum(1) / weights.sum(1).clamp(min=1)


def _positions(maps: torch.Tensor) -> tuple[int, int]:
    """The axes of positions in square maps (B, C, S, S) or (B, S, S, C); the second form is that of timm's Swin."""
    last = maps.shape[1] == maps.shape[2] != maps.shape[3]
    return (1, 2) if last else (2, 3)


class Vote(nn.Module):
    """Nearest neighbours by cosine, each voting with a weight that grows with its likeness.

    Wu 2018 (arXiv 1805.01978, equation 11): weight exp(cosine / temperature) over the k nearest.

    Args:
        width: D of the features.
        examples: Training examples n.
        num_classes: Width of the output.
        neighbours: k.
    """

    TEMPERATURE = 0.07  # as there

    votes: torch.Tensor

    def __init__(self, width: int, examples: int, num_classes: int, neighbours: int) -> None:
        super().__init__()
        self.settings = {"width": width, "examples": examples, "num_classes": num_classes, "neighbours": neighbours}
        self.likeness = nn.Linear(width, examples, bias=False)
        self.register_buffer("votes", torch.zeros(examples, num_classes))
        self.neighbours = neighbours

    @classmethod
    def of(cls, examples: torch.Tensor, labels: torch.Tensor, num_classes: int, neighbours: int) -> Vote:
        """The vote of training examples (n, D) with labels (n,)."""
        vote = cls(examples.shape[1], len(examples), num_classes, neighbours)
        with torch.no_grad():
            vote.likeness.weight.copy_(F.normalize(examples, dim=1))
            vote.votes.copy_(F.one_hot(labels, num_classes))
        return vote

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map features (B, D) to log shares of the vote (B, classes)."""
        return self.log_shares(self.likeness(F.normalize(features, dim=1)), self.votes, self.neighbours)

    @classmethod
    def log_shares(cls, likeness: torch.Tensor, votes: torch.Tensor, neighbours: int) -> torch.Tensor:
        """Log shares (B, classes) from cosines (B, n) to examples with one-hot classes (n, classes)."""
        nearest, indices = likeness.topk(neighbours, dim=1)
        weights = ((nearest - nearest[:, :1]) / cls.TEMPERATURE).exp()
        shares = (weights[..., None] * votes[indices]).sum(1)
        return torch.log(shares / shares.sum(1, keepdim=True) + 1e-4)


class OneLayer(nn.Linear):
    """A linear head on raw features."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__(width, num_classes)
        self.settings = {"width": width, "num_classes": num_classes}


class TwoLayers(nn.Sequential):
    """A head with one hidden layer on raw features."""

    def __init__(self, width: int, hidden: int, num_classes: int) -> None:
        super().__init__(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, num_classes))
        self.settings = {"width": width, "hidden": hidden, "num_classes": num_classes}


class ReadoutClassifier(nn.Module):
    """A network, a read-out in it, and a head on what is read.

    Args:
        network: The candidate's; its own head is not used.
        readout: Where features are taken.
        head: From features (B, D) to logits.
    """

    body: Network
    head: nn.Module

    def __init__(self, network: Network, readout: Readout, head: nn.Module) -> None:
        super().__init__()
        self.body, self.readout, self.head = network, readout, head

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Map a batch to logits (B, classes)."""
        logits: torch.Tensor = self.head(read(self.body, [self.readout], batch)[0])
        return logits


HEADS: dict[str, type[nn.Module]] = {"linear": OneLayer, "two-layers": TwoLayers, "vote": Vote}


def classifier_on(network: Network, readout: Readout, head: nn.Module) -> Network:
    """A network whose head sits on a read-out; it shares every weight with ``network``."""
    return Network(ReadoutClassifier(network, readout, head), network.candidate, head, network.stages)
