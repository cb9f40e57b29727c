"""Candidates: what one could start from, found by name, with the facts needed to use them."""

from __future__ import annotations

from headstart.core import SourceError, did_you_mean
from headstart.modalities import Candidate, modalities, modality_of
from headstart.models.families import families


def builtin_names(task: str, *, every: bool = False, pretrained: bool = True) -> tuple[str, ...]:
    """Names of the candidates that work without any network, those with weights first.

    Args:
        task: The study's task.
        every: Also those that a study compares only when asked to.
        pretrained: Also those with weights.
    """
    modality = modality_of(task)
    chosen = [family for family in families() if pretrained or not family.pretrained]
    return tuple(name for family in chosen for name in family.names(modality, every=every))


def absent_names(task: str) -> tuple[tuple[str, str], ...]:
    """(name, why) of the candidates that would work without any network if more were installed."""
    modality = modality_of(task)
    return tuple(entry for family in families() for entry in family.absent(modality))


def resolve(name: str, task: str, *, native_size: int = 32) -> Candidate:
    """Find a candidate by name and read what it says about itself.

    Args:
        name: ``builtin:NAME``, ``timm:NAME``, ``arch:package.module:factory``, a local folder with ``config.json``
            (for texts a tokenizer too) and perhaps safetensors, or a hub id.
        task: The study's task.
        native_size: Of the data, such as the median shorter side of the images; compact networks run at this size.

    Returns:
        The candidate. Weights are hashed but not loaded.

    Raises:
        SourceError: Nothing by that name can be had here, or it is not safe to load.
    """
    modality = modality_of(task)
    for family in families():
        candidate = family.resolve(name, modality, native_size)
        if candidate is not None:
            return candidate
    if name in _of_any_task():
        raise SourceError(f"{name} does not fit {task}", hint=f"For this task: {', '.join(builtin_names(task))}")
    known = builtin_names(task, every=True)
    if name.startswith("builtin:"):
        raise SourceError(f"no candidate {name!r}", hint=did_you_mean(name, known))
    raise SourceError(
        f"no candidate {name!r}: not a built-in, not a folder here, not a hub id (owner/name)",
        hint=did_you_mean(name, known),
    )


def _of_any_task() -> set[str]:
    found = {start.name for modality in modalities() for start in modality.starts}
    return found | {
        name for modality in modalities() for family in families() for name in family.names(modality, every=True)
    }
