"""Facts about a network that matter for its cost: parameters and operations."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from headstart.core import Record
from headstart.models.inputs import Batch
from headstart.models.network import Network
from headstart.models.quantised import weights_in


class Facts(Record):
    """What a network costs before any timing.

    Attributes:
        parameters: Weights in all, the head included.
        forward_flops: Floating-point operations to predict one example (a multiply-add counts as two).
    """

    parameters: int
    forward_flops: float


def measure_facts(network: Network, batch: Batch) -> Facts:
    """Count parameters, and operations with torch's own counter on a real batch.

    Args:
        network: In any mode; left as it was.
        batch: At least one example as the network reads it.

    Returns:
        Counts; operations are per example.
    """
    examples = len(next(iter(batch.values())))
    device = next(network.parameters()).device
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(**{name: tensor.to(device) for name, tensor in batch.items()})
    for module, was_training in modes:
        module.training = was_training
    return Facts(
        parameters=sum(weights_in(p) for p in network.parameters()), forward_flops=counter.get_total_flops() / examples
    )
