"""Pictures as a modality."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from headstart.core import DataError, Recipe
from headstart.data.content import Content, Survey
from headstart.data.examples import RawExamples
from headstart.modalities.base import Modality, Scratch, Start
from headstart.modalities.candidate import Candidate
from headstart.modalities.image.inputs import PixelInputs, encode_pictures
from headstart.modalities.image.items import as_pictures
from headstart.modalities.image.pixels import IMAGE_SUFFIXES, Resize
from headstart.modalities.image.processor import picture_fields
from headstart.modalities.image.scan import scan_images
from headstart.modalities.image.store import ImageStore
from headstart.modalities.inputs import Batch, Inputs
from headstart.modalities.packaged import Packaged
from headstart.modalities.schedules import Regime, batch_size_for, steps_for

BUILTIN_FOLDER = Path(__file__).parents[2] / "builtin" / "image"
LARGEST_SIDE = 4096  # pixels of a square; more is a damaged card, and would take memory before it is noticed
FILTERS = range(6)  # Pillow's codes
SOUNDS = (b"RIFF", b"fLaC", b"OggS", b"ID3\x03", b"ID3\x04")


class ImageModality(Modality):
    """Pictures of any size and format that Pillow opens."""

    name = "image"
    task = "image-classification"
    noun, nouns, one = "image", "images", "an image"
    suffixes = IMAGE_SUFFIXES
    alike = "to the eye"
    example = '"picture.jpg"'
    given = "new_images/"
    reading = "Pictures are read at {size} x {size} pixels."
    channels_last = True
    mixed = ("pixel_values",)

    def survey(self, items: Sequence[Any], folder: Path) -> Survey:
        """Decode every picture once."""
        scan = scan_images(items, folder)
        return Survey(scan.problems, lambda rows: ImageStore([items[row] for row in rows], scan.take(rows), folder))

    def nothing_usable(self, raw: RawExamples, problems: Sequence[str]) -> DataError:
        """Files that are sounds get a hint of their own."""
        trouble = super().nothing_usable(raw, problems)
        first = (raw.items or [None])[0]
        if isinstance(first, bytes) and first[:4] in SOUNDS:
            fact = f"None of the {len(raw):,} images can be read (they are sounds)"
            return DataError(fact, place=trouble.place, hint="Give the task: --task audio-classification")
        return trouble

    @property
    def scratch(self) -> Mapping[str, Scratch]:
        """Residual networks for small pictures."""
        from headstart.modalities.image.networks import NETWORKS

        return NETWORKS

    @property
    def starts(self) -> tuple[Start, ...]:
        """The backbone that comes with Headstart."""
        return (Start("builtin:image", lambda: BUILTIN_FOLDER),)

    @property
    def packaged(self) -> Mapping[str, Packaged]:
        """EfficientNet-Lite0 with ImageNet's weights."""
        from headstart.modalities.image.starts import STARTS

        return STARTS

    def adapted(self, native_size: int) -> dict[str, Any]:
        """The pictures' own size within 16 to 64 pixels."""
        return self.sized(max(16, min(native_size, 64) // 4 * 4))

    def sized(self, size: int) -> dict[str, Any]:
        """Squares of so many pixels."""
        return {"input_size": size, "resize": Resize(size=size, mode="squash")}

    def described(self, name: str, folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
        """Resizing and normalisation of the image processor's file."""
        fields = picture_fields(folder, config)
        return {"input_size": fields["resize"].size, **fields}

    def fitted(self, candidate: Candidate, content: Content) -> Candidate:
        """With the tones of the data set: new pictures are read as those of the set."""
        if candidate.resize is None:
            return candidate
        return candidate.model_copy(update={"resize": cast(ImageStore, content).resize(candidate.resize)})

    def trouble(self, candidate: Candidate) -> str | None:
        """Sizes, filters and figures that there are not."""
        resize = candidate.resize
        if resize is None or max(resize.size, resize.shorter or 0) > LARGEST_SIDE or resize.resample not in FILTERS:
            return "pictures of a size or filter that there is not"
        finite = all(map(math.isfinite, candidate.mean)) and all(math.isfinite(s) and s > 0 for s in candidate.std)
        return None if finite else "means and deviations of pixels that are no numbers"

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Decode all pictures to squares, mapped from the cache."""
        assert candidate.resize is not None
        return PixelInputs(cast(ImageStore, content).pixels(candidate.resize), candidate)

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Decode new pictures."""
        return encode_pictures(candidate, items)

    def items(self, given: Any, columns: Sequence[str]) -> list[Any]:
        """Paths, bytes, arrays, Pillow images."""
        return list(as_pictures(given, columns))

    def made_up(self, candidate: Candidate, examples: int = 2, seed: int = 0) -> Batch:
        """Noise."""
        import torch

        side = candidate.input_size if candidate.resize is None else candidate.resize.size
        generator = torch.Generator().manual_seed(seed)
        return {"pixel_values": torch.randn(examples, 3, side, side, generator=generator)}

    def mirrored(self, batch: Batch) -> Batch | None:
        """Left and right exchanged."""
        return {"pixel_values": batch["pixel_values"].flip(-1)}

    def finetuning(self, regime: Regime) -> Recipe:
        """AdamW 1e-3 for a small convolutional network, measured on the built-in backbone (recipes and sources)."""
        batch = batch_size_for(regime.n, 64)
        return Recipe(
            learning_rate=1e-3,
            head_rate=3.0,
            weight_decay=0.05,
            batch_size=batch,
            steps=steps_for(regime.n, batch, epochs=20, at_least=200, at_most=2000),
            warmup=0.1,
            augmentation="flip" if regime.mirrored else "shift",
            label_smoothing=0.1,
        )

    def from_scratch(self, regime: Regime) -> Recipe:
        """A rate usual for small residual networks; twice the fine-tuning schedule and more variation."""
        batch = batch_size_for(regime.n, 64)
        return Recipe(
            learning_rate=2e-3,
            weight_decay=0.05,
            batch_size=batch,
            warmup=0.1,
            steps=steps_for(regime.n, batch, epochs=40, at_least=600, at_most=4000),
            augmentation="flip" if regime.mirrored else "shift",
            label_smoothing=0.1,
        )

    def size_words(self, size: int) -> str:
        """Pixels of a side."""
        return f"{size} px"
