"""Networks of any candidate, and stages that are reinitialised inside pretrained ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from headstart.core import SourceError
from headstart.modalities import Candidate
from headstart.models.families import get_family
from headstart.models.network import Network


def build(
    candidate: Candidate,
    class_names: tuple[str, ...],
    *,
    weights: str,
    seed: int,
    with_head: bool = False,
    quantised: bool = False,
) -> Network:
    """Build a candidate's network with a fresh head.

    Args:
        candidate: What to build.
        class_names: Names of the outputs, in order; saved with the model.
        weights: ``pretrained`` or ``random``.
        seed: Seeds every random initial weight.
        with_head: The weights are those of a whole classifier for these classes; its head is kept.
        quantised: Pretrained weights of linear layers are held in four bits, where they stay; the head is not.

    Returns:
        The network in fp32 on the CPU; a quantised one on the device that it will train on.

    Raises:
        SourceError: The candidate has no weights, or they do not fit its configuration, or what packs them into four
            bits is not installed.
    """
    if weights == "pretrained" and not candidate.has_weights:
        reason = f": {candidate.missing}" if candidate.missing else ""
        raise SourceError(
            f"{candidate.name} has no pretrained weights{reason}", hint="Use it with --strategy from_scratch"
        )
    torch.manual_seed(seed)
    if quantised:
        return get_family(candidate.family).build_quantised(candidate, class_names)
    return get_family(candidate.family).build(candidate, class_names, weights, with_head)


def draw_anew(network: Network, stages: Sequence[int], seed: int) -> None:
    """Give stages the random weights and statistics with which training from scratch would begin.

    Args:
        network: Changed in place.
        stages: Indices of the stages.
        seed: Of the draw.

    Raises:
        SettingsError: Nothing tells how the layers of a user's own network begin.
    """
    get_family(network.candidate.family).renew(network, stages, seed)
