"""A look at the data through frozen features before anything trains."""

from __future__ import annotations

import numpy as np
import torch

from headstart.core import derive_seed
from headstart.modalities import get_modality
from headstart.training import Worker, fit_ridge_head

FIT_ROWS, ASK_ROWS = 400, 200
BATCH = 40
TOLERATED_LOSS = 0.08


def mirror_witness(worker: Worker) -> str | None:
    """The candidate whose frozen features can tell whether mirrored examples keep their label.

    None where no pretrained candidate is available, where flips are the convention, or where nothing is flipped.
    """
    name = next((name for name, candidate in worker.candidates.items() if candidate.has_weights), None)
    return name if name is not None and _can_be_mirrored(worker, name) else None


def labels_survive_mirroring(worker: Worker) -> bool:
    """Whether mirrored examples keep their label, so that flips may augment.

    A probe is fitted on examples as they are and asked about others, plain and mirrored. If mirroring
    costs it much more than chance fluctuation, orientation carries the label (letters, digits).

    Args:
        worker: Data and candidates.

    Returns:
        True where there is no witness, or too few examples to tell: flips are the convention.
    """
    data, name = worker.data, mirror_witness(worker)
    if name is None:
        return True
    rng = np.random.default_rng(derive_seed(worker.seed, "mirror"))
    pool = worker.splits[0].pool
    rows = rng.permutation(pool)[: FIT_ROWS + ASK_ROWS]
    share = min(FIT_ROWS, 2 * len(rows) // 3)
    fit, ask = rows[:share], rows[share:]
    if len(ask) < 20:
        return True
    head = fit_ridge_head(_features(worker, name, fit)[0], data.labels[fit], len(data.class_names))
    plain, mirrored = (
        head.probabilities(features).argmax(1) == data.labels[ask]
        for features in _features(worker, name, ask, mirrored=True)
    )
    loss = plain.mean() - mirrored.mean()
    noise = np.sqrt((plain != mirrored).mean() / len(ask))
    return bool(loss < TOLERATED_LOSS + noise)


def _can_be_mirrored(worker: Worker, name: str) -> bool:
    modality = get_modality(worker.candidates[name].modality)
    return modality.mirrored(modality.made_up(worker.candidates[name])) is not None


def _features(worker: Worker, name: str, rows: np.ndarray, *, mirrored: bool = False) -> list[np.ndarray]:
    """Frozen features (len(rows), D) of these rows and no others, and of the same mirrored.

    The cache computes whole blocks of neighbours, of which a few hundred rows drawn from a large set touch nearly all:
    on 20,000 pictures that is half a minute beside other work, for an answer that takes a few seconds.
    """
    inputs, network = worker.inputs(name), worker.frozen(name)
    modality = get_modality(network.candidate.modality)
    device = next(network.parameters()).device
    found: list[list[torch.Tensor]] = [[], []] if mirrored else [[]]
    for start in range(0, len(rows), BATCH):
        batch = inputs.batch(rows[start : start + BATCH])
        turned = modality.mirrored(batch) if mirrored else None
        with torch.inference_mode():
            for kept, shown in zip(found, (batch, turned), strict=False):
                assert shown is not None
                moved = {word: values.to(device) for word, values in shown.items()}
                kept.append(network.features(**moved).float().cpu())
        worker.check_time()
    return [torch.cat(kept).numpy() for kept in found]
