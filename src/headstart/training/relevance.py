"""How much each stage would move for its size: what surgical fine-tuning goes by."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from headstart.models import Inputs, Network

BATCHES, BATCH = 8, 32


def relative_gradients(network: Network, inputs: Inputs, targets: np.ndarray, rows: np.ndarray) -> list[float]:
    """Norm of each stage's gradient over the norm of its weights (Lee 2023, arXiv 2210.11466, section 4.1).

    Measured with the head that the network has; a fresh head gives gradients of noise, but of the same scale for
    every stage.

    Args:
        network: In any mode; left as it was, without gradients.
        inputs: The data set (N examples).
        targets: Class of every example (N,).
        rows: Examples to learn from (n,); a few batches from their front are read.

    Returns:
        A figure for each stage (S,), the mean over the stage's tensors.
    """
    states = [(module, module.training) for module in network.modules()]
    wanted = [(p, p.requires_grad) for p in network.parameters()]
    network.eval()
    network.requires_grad_(True)
    network.zero_grad(set_to_none=True)
    device = next(network.parameters()).device
    for start in range(0, min(len(rows), BATCHES * BATCH), BATCH):
        part = rows[start : start + BATCH]
        batch = {name: tensor.to(device) for name, tensor in inputs.batch(part).items()}
        F.cross_entropy(network(**batch).float(), torch.from_numpy(targets[part]).to(device)).backward()  # type: ignore[no-untyped-call]
    figures = [float(np.mean([_ratio(p) for p in stage.parameters()] or [0.0])) for stage in network.stages]
    network.zero_grad(set_to_none=True)
    for parameter, flag in wanted:
        parameter.requires_grad_(flag)
    for module, flag in states:
        module.training = flag
    return figures


def _ratio(parameter: torch.nn.Parameter) -> float:
    if parameter.grad is None:
        return 0.0
    return float(parameter.grad.norm() / parameter.detach().norm().clamp(min=1e-12))
