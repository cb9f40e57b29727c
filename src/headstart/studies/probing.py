"""A look at the data through frozen features before anything trains."""

from __future__ import annotations

import numpy as np

from headstart.core import derive_seed
from headstart.models import PixelInputs
from headstart.training import Worker, fit_ridge_head

FIT_ROWS, ASK_ROWS = 400, 200
TOLERATED_LOSS = 0.08


def labels_survive_mirroring(worker: Worker) -> bool:
    """Whether mirror images keep their label, so that flips may augment.

    A probe is fitted on images as they are and asked about others, plain and mirrored. If mirroring
    costs it much more than chance fluctuation, orientation carries the label (letters, digits).

    Args:
        worker: Data and candidates.

    Returns:
        True where no pretrained image candidate is available: flips are the convention.
    """
    data = worker.data
    name = next((name for name, c in worker.candidates.items() if c.modality == "image" and c.has_weights), None)
    if name is None or data.images is None:
        return True
    rng = np.random.default_rng(derive_seed(worker.seed, "mirror"))
    pool = worker.splits[0].pool
    rows = rng.permutation(pool)[: FIT_ROWS + ASK_ROWS]
    share = min(FIT_ROWS, 2 * len(rows) // 3)
    fit, ask = rows[:share], rows[share:]
    if len(ask) < 20:
        return True
    head = fit_ridge_head(worker.features(name, fit), data.labels[fit], len(data.class_names))
    plain = head.probabilities(worker.features(name, ask)).argmax(1) == data.labels[ask]
    mirrored = head.probabilities(_mirrored_features(worker, name, ask)).argmax(1) == data.labels[ask]
    loss = plain.mean() - mirrored.mean()
    noise = np.sqrt((plain != mirrored).mean() / len(ask))
    return bool(loss < TOLERATED_LOSS + noise)


def _mirrored_features(worker: Worker, name: str, rows: np.ndarray) -> np.ndarray:
    import torch

    inputs, network = worker.inputs(name), worker.frozen(name)
    assert isinstance(inputs, PixelInputs)
    pixels = inputs.batch(rows)["pixel_values"].flip(-1)
    with torch.inference_mode():
        return network.features(pixel_values=pixels.to(next(network.parameters()).device)).cpu().numpy()
