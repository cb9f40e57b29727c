"""Pictures in the form of a candidate: squares of pixels, varied and standardised batch by batch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.core import Augmentation, BundleError, DataError
from headstart.modalities.candidate import Candidate
from headstart.modalities.image.pixels import (
    UnreadableImageError,
    augment,
    open_image,
    quiet_pillow,
    standardise,
    to_square,
)
from headstart.modalities.inputs import Batch

if TYPE_CHECKING:
    import PIL.Image


class PixelInputs:
    """Images as uint8 squares (N, 3, S, S), usually memory-mapped.

    Attributes:
        truncated: How many inputs were cut; never any for images.
    """

    truncated = 0

    def __init__(self, pixels: np.ndarray, candidate: Candidate) -> None:
        self.pixels, self.mean, self.std = pixels, candidate.mean, candidate.std

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Relative cost of each example; all alike for images."""
        return np.ones(len(self.pixels))

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather, vary and standardise the examples ``rows``."""
        import torch

        pixels = torch.from_numpy(np.ascontiguousarray(self.pixels[rows]))
        if augmentation != "none":
            pixels = augment(pixels.float() / 255, augmentation)
        values = standardise(pixels, self.mean, self.std)
        return {"pixel_values": values.contiguous(memory_format=torch.channels_last)}


def encode_pictures(candidate: Candidate, pictures: Sequence[str | Path | bytes | PIL.Image.Image]) -> PixelInputs:
    """Bring pictures in any form to the squares that a candidate reads.

    Raises:
        DataError: One cannot be read; it is named by its file, or by its place in the list.
    """
    if candidate.resize is None:
        raise BundleError(f"{candidate.name} reads texts, not image files", hint="Give texts to predict")
    side = candidate.resize.size
    pixels = np.empty((len(pictures), 3, side, side), dtype=np.uint8)
    with quiet_pillow():
        for index, picture in enumerate(pictures):
            try:
                if isinstance(picture, str):
                    picture = Path(picture)
                source = picture if isinstance(picture, Path | bytes) else _encoded(picture)
                image = open_image(source, tones=candidate.resize.tones)
                pixels[index] = to_square(image, candidate.resize).transpose(2, 0, 1)
            except UnreadableImageError as error:
                place = str(picture) if isinstance(picture, Path) else f"input {index + 1}"
                raise DataError(
                    f"The image cannot be read: {error}", place=place, hint="Leave it out, or save it again as PNG"
                ) from error
    return PixelInputs(pixels, candidate)


def _encoded(picture: Any) -> bytes:
    """A picture in memory as the bytes of a file, so that it is read exactly as a file is, whatever its depth."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    target = io.BytesIO()
    try:
        upright.save(
            target, "TIFF" if upright.mode in ("F", "CMYK", "LAB", "HSV", "YCbCr") else "PNG", compress_level=0
        )
    except (OSError, ValueError) as error:
        raise UnreadableImageError(f"a picture of mode {upright.mode} cannot be used ({error})") from None
    return target.getvalue()
