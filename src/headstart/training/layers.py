"""Pooled features of a frozen network, layer by layer, for scores that need no training."""

from __future__ import annotations

import numpy as np
import torch

from headstart.core import HeadstartError
from headstart.modalities import get_modality
from headstart.models import Inputs, Network, Readout, read

BATCH = 64


def pooled_layers(network: Network, inputs: Inputs, rows: np.ndarray) -> np.ndarray:
    """Features of a text network's layers, or of an image network's last one.

    Args:
        network: With its pretrained weights.
        inputs: Examples in the form that it reads.
        rows: Which of them (n,).

    Returns:
        (layers, n, D) in fp32; texts are means over real tokens, the embeddings being the first layer.

    Raises:
        HeadstartError: A feature is infinite or not a number.
    """
    network.eval()
    device = next(network.parameters()).device
    blocks = []
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            batch = {name: value.to(device) for name, value in inputs.batch(rows[start : start + BATCH]).items()}
            blocks.append(_of_batch(network, batch).cpu().numpy())
    found = np.concatenate(blocks, 1)
    if not np.isfinite(found).all():
        raise HeadstartError("the network's features are not finite", hint="Choose another candidate")
    return np.asarray(found)


def _of_batch(network: Network, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    if not get_modality(network.candidate.modality).tokens:
        return network.features(**batch)[None]
    return torch.stack(read(network, [Readout(stage=stage) for stage in range(len(network.stages))], batch))
