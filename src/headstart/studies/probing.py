"""A look at the data through frozen features before anything trains."""

from __future__ import annotations

import numpy as np

from headstart.core import derive_seed
from headstart.modalities import get_modality
from headstart.training import Worker, fit_ridge_head

FIT_ROWS, ASK_ROWS = 400, 200
TOLERATED_LOSS = 0.08


def labels_survive_mirroring(worker: Worker) -> bool:
    """Whether mirrored examples keep their label, so that flips may augment.

    A probe is fitted on examples as they are and asked about others, plain and mirrored. If mirroring
    costs it much more than chance fluctuation, orientation carries the label (letters, digits).

    Args:
        worker: Data and candidates.

    Returns:
        True where no pretrained candidate is available, where flips are the convention, or where nothing is flipped.
    """
    data = worker.data
    name = next((name for name, candidate in worker.candidates.items() if candidate.has_weights), None)
    if name is None or not _can_be_mirrored(worker, name):
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


def _can_be_mirrored(worker: Worker, name: str) -> bool:
    modality = get_modality(worker.candidates[name].modality)
    return modality.mirrored(modality.made_up(worker.candidates[name])) is not None


def _mirrored_features(worker: Worker, name: str, rows: np.ndarray) -> np.ndarray:
    import torch

    inputs, network = worker.inputs(name), worker.frozen(name)
    mirrored = get_modality(network.candidate.modality).mirrored(inputs.batch(rows))
    assert mirrored is not None
    device = next(network.parameters()).device
    with torch.inference_mode():
        return network.features(**{word: values.to(device) for word, values in mirrored.items()}).cpu().numpy()
