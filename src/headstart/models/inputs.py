"""What a network reads: a data set in the form of one candidate, ready to be cut into batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from headstart.core import Augmentation, BundleError
from headstart.data import LabelledData, augment, decode_files, standardise
from headstart.models.candidates import Candidate
from headstart.models.compact_text import hash_words
from headstart.models.tokenizer import check_ids, load_tokenizer, padding_of

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
        rows, truncated = hash_words(texts, candidate.input_size)
        return TokenInputs(rows, 0, truncated)
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
            cut = tokenizer([chunk[index] for index in long], truncation=True, max_length=limit)["input_ids"]
            for index, row in zip(long, cut, strict=True):
                full[index] = row
        truncated += len(long)
        rows += [np.asarray(row or [padding], dtype=np.int32) for row in full]
    check_ids(candidate, rows)
    return TokenInputs(rows, padding, truncated)


def encode_files(candidate: Candidate, paths: Sequence[str | Path]) -> PixelInputs:
    """Decode image files for prediction."""
    if candidate.resize is None:
        raise BundleError(f"{candidate.name} reads texts, not image files", hint="Give texts to predict")
    return PixelInputs(decode_files(paths, candidate.resize), candidate)
