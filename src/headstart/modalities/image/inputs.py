"""Pictures in the form of a candidate: squares of pixels, varied and standardised batch by batch."""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.core import Augmentation, BundleError, DataError
from headstart.modalities.candidate import Candidate
from headstart.modalities.image.augmentation import augment, standardise
from headstart.modalities.image.pixels import UnreadableImageError, open_image, quiet_pillow, to_square
from headstart.modalities.inputs import Batch

if TYPE_CHECKING:
    import PIL.Image
    import torch

HELD_SHARE = 0.2  # of a device's free memory that the pixels of a set may take


class PixelInputs:
    """Images as uint8 squares (N, 3, S, S), usually memory-mapped.

    Attributes:
        truncated: How many inputs were cut; never any for images.
    """

    truncated = 0

    def __init__(self, pixels: np.ndarray, candidate: Candidate) -> None:
        self.pixels, self.mean, self.std = pixels, candidate.mean, candidate.std
        self._device: torch.device | None = None  # where batches are made; the CPU if not given
        self._held: torch.Tensor | None = None  # all pixels, on that device

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Relative cost of each example; all alike for images."""
        return np.ones(len(self.pixels))

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather, vary and standardise the examples ``rows``."""
        import torch

        pixels = self._gathered(rows)
        if augmentation != "none":
            pixels = augment(pixels.float() / 255, augmentation)
        values = standardise(pixels, self.mean, self.std)
        return {"pixel_values": values.contiguous(memory_format=torch.channels_last)}

    def on(self, device: torch.device, hold: bool) -> PixelInputs:
        """The same examples with batches that are made on a device, from bytes.

        All of them are kept there if wanted and where they take little of its free memory; else the bytes of a batch
        are sent.
        """
        import torch

        there = copy.copy(self)
        there._device = device
        if hold and device.type == "cuda" and self.pixels.nbytes <= HELD_SHARE * torch.cuda.mem_get_info(device)[0]:
            there._held = torch.from_numpy(np.array(self.pixels)).to(device)
        return there

    def _gathered(self, rows: np.ndarray) -> torch.Tensor:
        """The bytes of some examples (B, 3, S, S), where batches are made."""
        import torch

        if self._held is not None:
            return self._held[torch.from_numpy(np.asarray(rows)).to(self._held.device)]
        pixels = torch.from_numpy(np.ascontiguousarray(self.pixels[rows]))
        if self._device is None or self._device.type == "cpu":
            return pixels
        return pixels.pin_memory().to(self._device, non_blocking=True)


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
