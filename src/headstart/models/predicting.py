"""Probabilities of networks and pipelines for encoded inputs."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch

from headstart.models.inputs import Inputs, ItemInputs, inputs_on
from headstart.models.network import Network


def predict_inputs(
    model: Network | Any, classes: int, inputs: Inputs, rows: np.ndarray | None = None, batch_size: int = 128
) -> np.ndarray:
    """Probabilities (N, classes) in fp32 for encoded inputs, or for their rows ``rows``."""
    rows = np.arange(len(inputs)) if rows is None else rows
    if not isinstance(inputs, ItemInputs):
        return predict_network(cast(Network, model), inputs, rows, batch_size)
    pipeline: Any = model
    full = np.zeros((len(rows), classes), dtype=np.float32)
    # scikit-learn has no columns for classes that it did not see in training
    full[:, pipeline.classes_] = pipeline.predict_proba(inputs.take(rows))
    return full


def predict_network(network: Network, inputs: Inputs, rows: np.ndarray, batch_size: int = 128) -> np.ndarray:
    """Probabilities (len(rows), classes) in fp32; examples of like length share a batch."""
    device = next(network.parameters()).device
    inputs = inputs_on(inputs, device)
    network.eval()
    order = np.argsort(inputs.lengths[rows], kind="stable")
    probabilities: np.ndarray | None = None
    with torch.inference_mode():
        for start in range(0, len(rows), batch_size):
            part = order[start : start + batch_size]
            batch = {name: tensor.to(device) for name, tensor in inputs.batch(rows[part]).items()}
            values = network(**batch).float().softmax(-1).cpu().numpy()
            if probabilities is None:
                probabilities = np.empty((len(rows), values.shape[1]), dtype=np.float32)
            probabilities[part] = values
    return probabilities if probabilities is not None else np.empty((0, 0), dtype=np.float32)
