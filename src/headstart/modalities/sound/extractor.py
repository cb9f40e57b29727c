"""Sounds for networks of transformers: samples through the feature extractor that lies beside the weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.core import Augmentation, SourceError, reason_of
from headstart.modalities.candidate import Candidate
from headstart.modalities.inputs import Batch
from headstart.modalities.settings_files import read_json
from headstart.modalities.sound.decoding import RATE, resampled
from headstart.modalities.sound.fronts import FRAME, LONGEST_READ

if TYPE_CHECKING:
    import torch
    from torch import nn

FRONT = "extractor"
FILE = "preprocessor_config.json"
HINT = "Put it there with AutoFeatureExtractor.from_pretrained(...).save_pretrained(folder)"
SAMPLES = "input_values"  # what networks on plain samples call them


def extractor_fields(name: str, folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Rate and length of what a network of transformers reads.

    Args:
        name: Of the candidate, for messages.
        folder: Holds the feature extractor's file.
        config: The network's configuration.

    Raises:
        SourceError: The file is not there, or says no rate.
    """
    file = folder / FILE
    settings = read_json(file) if file.exists() else {}
    if not settings.get("sampling_rate"):
        fact = f"candidate {name!r} has no feature extractor that says a sampling rate"
        raise SourceError(fact, place=str(folder), hint=HINT)
    longest = LONGEST_READ
    if settings.get("chunk_length"):  # Whisper's, which always reads so many seconds
        longest = 1000 * int(settings["chunk_length"])
    elif settings.get("num_mel_bins") and settings.get("max_length"):  # frames of 10 ms
        longest = FRAME * int(settings["max_length"])
    return {"input_size": longest, "settings": {"front": FRONT, "rate": int(settings["sampling_rate"])}}


def load_extractor(candidate: Candidate) -> Callable[[list[np.ndarray]], Batch]:
    """The feature extractor beside a candidate's weights, from samples at its rate to a batch.

    Raises:
        SourceError: It cannot be loaded.
    """
    from transformers import AutoFeatureExtractor

    rate = int(candidate.settings["rate"])
    try:
        loader: Any = AutoFeatureExtractor
        extractor = loader.from_pretrained(str(candidate.folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers raises a dozen unrelated kinds
        fact = f"the feature extractor of {candidate.name!r} cannot be loaded: {reason_of(error)}"
        raise SourceError(fact, place=str(candidate.folder), hint=HINT) from None
    options: dict[str, Any] = {"sampling_rate": rate, "return_tensors": "pt"}
    padding = inspect.signature(extractor.__call__).parameters.get("padding")
    if padding is not None and padding.default != "max_length":
        options |= {"padding": True, "return_attention_mask": True}

    def extract(waves: list[np.ndarray]) -> Batch:
        made = extractor(waves, **options)
        return {str(word): made[word] for word in made}

    return extract


class WaveInputs:
    """Sounds that become a batch when it is asked for.

    Args:
        wave: The samples (S,) at 16 kHz of one of them.
        seconds: What is read of each, (N,).
        candidate: Says the rate, and where the feature extractor lies.
        truncated: How many sounds are cut.
    """

    def __init__(
        self, wave: Callable[[int], np.ndarray], seconds: np.ndarray, candidate: Candidate, truncated: int
    ) -> None:
        self._wave, self._seconds, self.truncated = wave, seconds, truncated
        self._rate = int(candidate.settings["rate"])
        self._extract = load_extractor(candidate)

    def __len__(self) -> int:
        return len(self._seconds)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Samples of each example."""
        samples: np.ndarray = np.maximum(1, (self._seconds * self._rate).astype(int))
        return samples

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Decode and extract the examples ``rows``; with augmentation they are moved in time."""
        waves = [resampled(self._wave(int(row)), RATE, self._rate) for row in rows]
        if augmentation != "none":
            waves = [_shifted(wave) for wave in waves]
        return self._extract(waves)


def _shifted(wave: np.ndarray) -> np.ndarray:
    """Samples moved by up to a tenth of their length, drawn from torch's generator; the free part is silent."""
    import torch

    most = len(wave) // 10
    by = int(torch.randint(-most, most + 1, ()))
    moved = np.zeros_like(wave)
    moved[max(0, by) : len(wave) + min(0, by)] = wave[max(0, -by) : len(wave) - max(0, by)]
    return moved


def pooled_frames(module: nn.Module, batch: Batch) -> torch.Tensor | None:
    """The mean over real frames of what a network of transformers projects before its classifier, (B, D) in fp32.

    Its projection starts at random with the head, so features are taken before it; None for networks without one.
    """
    import torch

    projector = getattr(module, "projector", None)
    if not isinstance(projector, torch.nn.Linear):
        return None
    seen: list[torch.Tensor] = []
    hook = projector.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    try:
        module(**batch)
    finally:
        hook.remove()
    hidden = seen[-1].float()
    within: Any = getattr(module, "_get_feature_vector_attention_mask", None)
    if within is None or "attention_mask" not in batch:
        return hidden.mean(1)
    real = within(hidden.shape[1], batch["attention_mask"])[..., None].to(hidden.dtype)
    return torch.as_tensor((hidden * real).sum(1) / real.sum(1).clamp(min=1))
