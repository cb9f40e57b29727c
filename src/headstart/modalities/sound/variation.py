"""Variations of log-mel pictures that leave a sound's class as it is.

Sources: random time shift; SpecAugment (Park 2019, arXiv 1904.08779): masked bands and frames; vocal tract length
perturbation (Jaitly and Hinton 2013) and change of speed (Ko 2015), here as one resizing of the picture along bands
and time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.core import Augmentation

SHIFT = 0.1  # of the length, to either side
BAND_MASK, FRAME_MASK = 0.15, 0.2  # widest mask as a share of the bands and of the frames
SPEED = 0.15  # frames are stretched by up to this share
WARP = 0.1  # and bands
MOST = 100  # frames of a shift or mask


def varied(frames: Tensor, augmentation: Augmentation, fewest: int) -> Tensor:
    """Vary a picture (T, bands), drawing from torch's generator.

    Args:
        frames: The picture.
        augmentation: ``shift`` shifts in time and masks; anything stronger also changes speed and formants.
        fewest: Frames that the result has at least.
    """
    if augmentation != "shift":
        frames = _resized(frames, fewest)
    return _masked(_shifted(frames))


def _draw(low: float, high: float) -> float:
    return float(torch.empty(()).uniform_(low, high))


def _resized(frames: Tensor, fewest: int) -> Tensor:
    """Stretch in time, and move what lies in a band to a band at a multiple of its number."""
    count, bands = frames.shape
    length = max(fewest, round(count * _draw(1 - SPEED, 1 + SPEED)))
    width = max(8, round(bands * _draw(1 - WARP, 1 + WARP)))
    new = torch.nn.functional.interpolate(frames[None, None], (length, width), mode="bilinear", align_corners=False)[
        0, 0
    ]
    if width >= bands:
        return new[:, :bands]
    return torch.cat([new, new[:, -1:].expand(-1, bands - width)], 1)


def _shifted(frames: Tensor) -> Tensor:
    """Move in time; what is left free is as quiet as the quietest point."""
    most = min(MOST, int(SHIFT * len(frames)))
    by = int(torch.randint(-most, most + 1, ()))
    if not by:
        return frames
    quiet = frames.min().expand(abs(by), frames.shape[1])
    return torch.cat([quiet, frames[:-by]]) if by > 0 else torch.cat([frames[-by:], quiet])


def _masked(frames: Tensor) -> Tensor:
    """Replace a run of bands and one of frames by the mean."""
    frames, mean = frames.clone(), frames.mean()
    for axis, share in ((1, BAND_MASK), (0, FRAME_MASK)):
        size = frames.shape[axis]
        width = int(torch.randint(0, min(MOST, int(share * size)) + 1, ()))
        start = int(torch.randint(0, size - width + 1, ()))
        frames.narrow(axis, start, width).fill_(mean)
    return frames
