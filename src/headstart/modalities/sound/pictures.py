"""Log-mel pictures of sounds by a front end, computed once and then mapped from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from headstart.data.cache import write_whole
from headstart.modalities.sound.content import SoundContent
from headstart.modalities.sound.decoding import RATE
from headstart.modalities.sound.fronts import Front
from headstart.modalities.sound.items import Item, samples_of
from headstart.modalities.sound.scan import each

if TYPE_CHECKING:
    import torch

_VERSION = 1  # raise it when the same front end gives other pictures


@dataclass(frozen=True, eq=False)
class Pictures:
    """Log-mel pictures of N sounds, one after the other.

    Attributes:
        frames: Of all of them, (sum of lengths, bands) fp32, perhaps mapped from a file.
        starts: Where each begins, and the end of the last, (N + 1,) int64.
        cut: How many sounds were longer than what is read.
    """

    frames: np.ndarray
    starts: np.ndarray
    cut: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.frames[self.starts[row] : self.starts[row + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """Frames of each, (N,)."""
        return np.diff(self.starts)


def pictures_of(items: Sequence[Item], front: Front, milliseconds: int, what: str = "") -> Pictures:
    """Compute pictures in memory.

    Args:
        items: N sounds.
        front: How.
        milliseconds: That are read of each at most.
        what: How a line of progress calls it.

    Raises:
        DataError: A sound cannot be decoded.
    """
    found: list[np.ndarray] = [np.empty(0)] * len(items)
    cut = np.zeros(len(items), dtype=bool)

    def draw(row: int) -> None:
        import torch

        samples, cut[row] = samples_of(items[row], row, milliseconds)
        with torch.inference_mode():
            found[row] = picture(torch.from_numpy(np.array(samples)), front).numpy()

    each(draw, len(items), what or "computing log-mel pictures")
    starts = np.concatenate([[0], np.cumsum([len(rows) for rows in found])]).astype(np.int64)
    return Pictures(np.concatenate(found), starts, int(cut.sum()))


def picture(samples: torch.Tensor, front: Front) -> torch.Tensor:
    """The log-mel picture (T, bands) of samples (S,) at 16 kHz."""
    import torch

    from headstart.modalities.sound.mel import hann, log_mel, mel_filters

    least = front.points + (front.fewest - 1) * front.step
    missing = max(2 * front.margin * front.step, least - len(samples))
    padded = torch.nn.functional.pad(samples * front.scale, (missing // 2, missing - missing // 2))
    filters = mel_filters(RATE, front.points, front.bands, front.low, front.high)
    decibels = log_mel(padded[None], filters, hann(front.window, front.points), front.step)[0]
    loudest = decibels.max()
    decibels = decibels.clamp(min=loudest - front.range)
    if front.relative:
        decibels = decibels - loudest + front.range / 2
    return decibels / front.divisor + front.offset


def pictures_of_set(content: SoundContent, front: Front, milliseconds: int) -> Pictures:
    """Pictures of a whole data set, computed once; a damaged file in the cache is written again.

    Where the cache cannot be written they stay in memory, and the content's notes say so.
    """
    described = f"{_VERSION} {content.fingerprint} {front.to_json()} {milliseconds}"
    name = hashlib.blake2b(described.encode(), digest_size=12).hexdigest()
    path = content.folder / "sounds" / f"{name}.npy"
    index = path.with_suffix(".starts.npy")
    try:
        frames, kept = np.load(path, mmap_mode="r", allow_pickle=False), np.load(index, allow_pickle=False)
        starts, cut = kept[:-1], int(kept[-1])
        if len(starts) == len(content) + 1 and frames.shape == (starts[-1], front.bands):
            return Pictures(frames, starts, cut)
    except (OSError, ValueError, EOFError):
        pass
    made = pictures_of(content.sources, front, milliseconds)

    def write(array: np.ndarray) -> None:
        def to(stream: BinaryIO) -> None:
            np.save(stream, array, allow_pickle=False)

        write_whole(path if array.ndim == 2 else index, to)

    try:
        write(made.frames)
        write(np.append(made.starts, made.cut))
    except OSError as error:
        content.notes.append(f"log-mel pictures are kept in memory only: {error.strerror or error}")
        return made
    return Pictures(np.load(path, mmap_mode="r", allow_pickle=False), made.starts, made.cut)
