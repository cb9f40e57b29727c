"""Sounds as a modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from headstart.core import Recipe
from headstart.data.content import Content, Survey
from headstart.modalities.base import Modality, Scratch
from headstart.modalities.candidate import Candidate
from headstart.modalities.inputs import Batch, Inputs
from headstart.modalities.packaged import Packaged
from headstart.modalities.schedules import Regime, batch_size_for, steps_for
from headstart.modalities.sound.content import SoundContent
from headstart.modalities.sound.decoding import RATE, SOUND_SUFFIXES, begins_like_sound
from headstart.modalities.sound.extractor import FRONT, WaveInputs, extractor_fields, load_extractor, pooled_frames
from headstart.modalities.sound.fronts import FRONTS, LONGEST_READ, Front
from headstart.modalities.sound.inputs import PictureInputs
from headstart.modalities.sound.items import Item, as_sounds, samples_of
from headstart.modalities.sound.pictures import pictures_of, pictures_of_set
from headstart.modalities.sound.scan import scan_sounds

if TYPE_CHECKING:
    import torch
    from torch import nn

LONGEST = 600_000  # milliseconds; more is a damaged card, and would take memory before it is noticed


class SoundModality(Modality):
    """Sounds of any length, rate and number of channels that soundfile decodes."""

    name = "sound"
    task = "audio-classification"
    noun, nouns, one = "sound", "sounds", "a sound"
    suffixes = SOUND_SUFFIXES
    alike = "sample by sample"
    example = '"sound.wav"'
    given = "new_sounds/"
    channels_last = True
    reading = "Sounds are resampled to 16 kHz, mixed to one channel and cut at {size:,} ms."

    # read

    def begins(self, start: bytes) -> bool:
        """As files of sounds do."""
        return begins_like_sound(start)

    def survey(self, items: Sequence[Any], folder: Path) -> Survey:
        """Decode every sound once."""
        scan = scan_sounds(items, folder)
        return Survey(scan.problems, lambda rows: SoundContent([items[row] for row in rows], scan.take(rows), folder))

    # what there is to start from

    @property
    def scratch(self) -> Mapping[str, Scratch]:
        """Convolutional networks on log-mel pictures."""
        from headstart.modalities.sound.networks import NETWORKS

        return NETWORKS

    @property
    def packaged(self) -> Mapping[str, Packaged]:
        """Google's speech embedding."""
        from headstart.modalities.sound.starts import STARTS

        return STARTS

    def adapted(self, native_size: int) -> dict[str, Any]:
        """As many milliseconds as the longest sound has, within limits."""
        return self.sized(min(native_size or LONGEST_READ, LONGEST_READ))

    def sized(self, size: int) -> dict[str, Any]:
        """Log-mel pictures of so many milliseconds."""
        return {"input_size": size, "settings": {"front": "log-mel"}}

    def described(self, name: str, folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
        """Rate and length of the feature extractor's file."""
        return extractor_fields(name, folder, config)

    def trouble(self, candidate: Candidate) -> str | None:
        """Lengths and front ends that there are not."""
        if candidate.input_size > LONGEST:
            return f"inputs of size {candidate.input_size}"
        if candidate.settings.get("front") not in {*FRONTS, FRONT}:
            return "a front end that there is not"
        rate = candidate.settings.get("rate") if candidate.settings["front"] == FRONT else RATE
        return None if isinstance(rate, int) and 1_000 <= rate <= 200_000 else f"a rate of {rate} samples a second"

    # from examples to tensors

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Log-mel pictures of all sounds, mapped from the cache; for networks of transformers, what those read."""
        sounds = cast(SoundContent, content)
        if candidate.settings["front"] == FRONT:
            seconds = np.minimum(sounds.scan.seconds, candidate.input_size / 1000)
            cut = int((1000 * sounds.scan.seconds > candidate.input_size).sum())
            return WaveInputs(_reader(sounds.sources, candidate.input_size), seconds, candidate, cut)
        front = front_of(candidate)
        return PictureInputs(pictures_of_set(sounds, front, candidate.input_size), front.fewest)

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """The same for new sounds, each of which is decoded at once."""
        if candidate.settings["front"] == FRONT:
            decoded = [samples_of(item, place, candidate.input_size) for place, item in enumerate(items)]
            seconds = np.array([len(samples) / RATE for samples, _ in decoded])
            return WaveInputs(lambda row: decoded[row][0], seconds, candidate, sum(cut for _, cut in decoded))
        front = front_of(candidate)
        return PictureInputs(pictures_of(items, front, candidate.input_size), front.fewest)

    def items(self, given: Any, columns: Sequence[str]) -> list[Any]:
        """Paths, bytes, arrays."""
        return list(as_sounds(given, columns))

    def made_up(self, candidate: Candidate, examples: int = 2, seed: int = 0) -> Batch:
        """Noise, of unequal lengths where pictures are padded."""
        import torch

        if candidate.settings["front"] == FRONT:
            rng = np.random.default_rng(seed)
            noise = rng.normal(0, 0.1, (examples, int(candidate.settings["rate"]))).astype(np.float32)
            return load_extractor(candidate)(list(noise))
        front = front_of(candidate)
        generator = torch.Generator().manual_seed(seed)
        frames = front.fewest + 8 * (1 + seed)
        mels = torch.randn(examples, frames, front.bands, generator=generator)
        lengths = torch.arange(frames, frames - 3 * examples, -3).clamp(min=front.fewest)
        return {"mels": mels, "attention_mask": (torch.arange(frames) < lengths[:, None]).long()}

    def pooled(self, module: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Means over real frames, for networks of transformers that project frames before their classifier."""
        return pooled_frames(module, batch)

    def longest(self, candidate: Candidate) -> Any:
        """Noise of the length that it reads."""
        noise = np.random.default_rng(0).normal(0, 0.1, RATE * candidate.input_size // 1000)
        return noise.astype(np.float32)

    # recipes

    def finetuning(self, regime: Regime) -> Recipe:
        """AdamW 1e-3, as for small convolutional networks on pictures; variation as from scratch."""
        batch = batch_size_for(regime.n, 32)
        return Recipe(
            learning_rate=1e-3,
            head_rate=3.0,
            weight_decay=0.05,
            batch_size=batch,
            steps=steps_for(regime.n, batch, epochs=10, at_least=150, at_most=2000),
            warmup=0.1,
            augmentation="shift",
            label_smoothing=0.1,
        )

    def from_scratch(self, regime: Regime) -> Recipe:
        """AdamW 2e-3 with strong variation: where sounds differ by speaker or room, that is worth most."""
        batch = batch_size_for(regime.n, 32)
        return Recipe(
            learning_rate=2e-3,
            weight_decay=0.05,
            batch_size=batch,
            warmup=0.1,
            steps=steps_for(regime.n, batch, epochs=15, at_least=400, at_most=3000),
            augmentation="strong",
            label_smoothing=0.1,
        )

    # words

    def size_words(self, size: int) -> str:
        """Seconds."""
        return f"{size / 1000:g} s"


def _reader(sources: Sequence[Item], milliseconds: int) -> Callable[[int], np.ndarray]:
    """Decodes one of some sounds."""
    return lambda row: samples_of(sources[row], row, milliseconds)[0]


def front_of(candidate: Candidate) -> Front:
    """How a candidate hears sounds."""
    return FRONTS[str(candidate.settings["front"])]
