"""What a network reads: a data set in the form of one candidate, ready to be cut into batches."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from headstart.core import Augmentation, BundleError, DataError
from headstart.data import LabelledData, augment, standardise
from headstart.data.image import UnreadableImageError, open_image, quiet_pillow, to_square
from headstart.models.candidates import Candidate
from headstart.models.compact_text import hash_words
from headstart.models.tokenizer import check_ids, load_tokenizer, padding_of

if TYPE_CHECKING:
    import PIL.Image

Batch = dict[str, torch.Tensor]
CHUNK = 4096  # texts that are tokenised at once
LONGEST_WORD = 64  # characters a token stands for at most, on average over a text


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
        pixels = torch.from_numpy(np.ascontiguousarray(self.pixels[rows]))
        if augmentation != "none":
            pixels = augment(pixels.float() / 255, augmentation)
        values = standardise(pixels, self.mean, self.std)
        return {"pixel_values": values.contiguous(memory_format=torch.channels_last)}


class TokenInputs:
    """Texts as lists of ids, padded to the longest of each batch.

    Args:
        rows: One array of ids a text, none of them empty.
        padding: Id that fills up; masked.
        truncated: How many texts were cut.
    """

    def __init__(self, rows: list[np.ndarray], padding: int, truncated: int) -> None:
        self.rows, self.padding, self.truncated = rows, padding, truncated

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Tokens of each example."""
        return np.asarray([len(row) for row in self.rows])

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Gather and pad the examples ``rows``; texts are not augmented."""
        width = int(self.lengths[rows].max())
        ids = np.full((len(rows), width), self.padding, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for position, row in enumerate(rows):
            tokens = self.rows[row]
            ids[position, : len(tokens)] = tokens
            mask[position, : len(tokens)] = 1
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}


class RawTexts:
    """Texts as they are, for TF-IDF."""

    truncated = 0

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def lengths(self) -> np.ndarray:
        """Characters of each example."""
        return np.asarray([len(text) for text in self.texts])

    def batch(self, rows: np.ndarray, augmentation: Augmentation = "none") -> Batch:
        """Not available: TF-IDF has no batches."""
        raise NotImplementedError("raw texts are not read in batches")


Inputs = PixelInputs | TokenInputs | RawTexts


def encode(candidate: Candidate, data: LabelledData) -> Inputs:
    """Put a whole data set into the form a candidate reads."""
    if data.images is not None and candidate.resize is not None:
        return PixelInputs(data.images.pixels(candidate.resize), candidate)
    return encode_texts(candidate, data.texts or [])


def encode_texts(candidate: Candidate, texts: Sequence[str]) -> TokenInputs | RawTexts:
    """Tokenise, hash or pass on texts.

    Raises:
        SourceError: A transformers candidate has no tokenizer, or one that does not fit its configuration.
    """
    texts = list(texts)
    if candidate.family == "tfidf":
        return RawTexts(texts)
    if candidate.family in ("compact", "own"):
        slots, cut = hash_words(texts, candidate.input_size)
        return TokenInputs(slots, 0, cut)
    tokenizer = load_tokenizer(candidate)
    limit = candidate.input_size
    padding = padding_of(tokenizer)
    rows: list[np.ndarray] = []
    truncated = 0
    for start in range(0, len(texts), CHUNK):
        # one token more than the limit tells which texts are longer, without keeping the whole of them
        chunk = [text[: limit * LONGEST_WORD] for text in texts[start : start + CHUNK]]
        full = tokenizer(chunk, truncation=True, max_length=limit + 1, verbose=False)["input_ids"]
        long = [index for index, row in enumerate(full) if len(row) > limit]
        if long:
            shorter = tokenizer([chunk[index] for index in long], truncation=True, max_length=limit)["input_ids"]
            for index, row in zip(long, shorter, strict=True):
                full[index] = row
        truncated += len(long)
        rows += [np.asarray(row or [padding], dtype=np.int32) for row in full]
    check_ids(candidate, rows)
    return TokenInputs(rows, padding, truncated)


def encode_files(candidate: Candidate, paths: Sequence[str | Path]) -> PixelInputs:
    """Decode image files for prediction."""
    return encode_pictures(candidate, [Path(path) for path in paths])


def encode_pictures(candidate: Candidate, pictures: Sequence[Path | bytes | PIL.Image.Image]) -> PixelInputs:
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
