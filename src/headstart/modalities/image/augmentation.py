"""Batches of pixels before the network reads them: varied, then on the scale it was trained with."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from headstart.core import Augmentation, SettingsError, did_you_mean

if TYPE_CHECKING:
    import torch

CUTS = 10  # draws of a box until one fits, as kornia and torchvision have it


def standardise(pixels: np.ndarray | torch.Tensor, mean: Sequence[float], std: Sequence[float]) -> torch.Tensor:
    """Bring pixels to the scale a network expects.

    Args:
        pixels: uint8 in 0..255 or float in 0..1, shape (B, 3, H, W).
        mean: Three channel means on the scale 0..1.
        std: Three channel deviations on the scale 0..1.

    Returns:
        float32 of shape (B, 3, H, W): ``(pixels - mean) / std``.
    """
    import torch

    # a copy where numpy's memory is read-only (a memory map): torch warns about sharing it
    batch = torch.from_numpy(np.array(pixels)) if isinstance(pixels, np.ndarray) else pixels
    scale = 255.0 if batch.dtype == torch.uint8 else 1.0
    centre = torch.tensor(mean, dtype=torch.float32, device=batch.device).view(1, -1, 1, 1)
    spread = torch.tensor(std, dtype=torch.float32, device=batch.device).view(1, -1, 1, 1)
    return (batch.to(torch.float32) - centre * scale) / (spread * scale)


def augment(batch: torch.Tensor, level: Augmentation) -> torch.Tensor:
    """Vary training pictures, each with draws of its own, all from torch's global generator.

    Args:
        batch: float in 0..1, shape (B, 3, H, W).
        level: ``"none"``; ``"shift"`` moves by up to an eighth with mirrored edges; ``"flip"`` also mirrors left
            and right; ``"strong"`` cuts out half to all of the area, mirrors, and varies the colours.

    Returns:
        The same shape, in 0..1.

    Raises:
        SettingsError: There is no such level.
    """
    if level == "none":
        return batch
    height, width = batch.shape[-2:]
    chain = _augmentation(level, height, width)
    moved = chain(batch) if batch.device.type == "cpu" else move_together(batch, level)
    return _vary_colours(moved) if level == "strong" else moved


def move_together(batch: torch.Tensor, level: Augmentation) -> torch.Tensor:
    """Shift, cut and mirror a whole batch in a few operations; draws as those of :func:`augment`, in another order.

    A GPU needs it so: picture by picture, starting the operations takes longer than a training step.

    Args:
        batch: float, shape (B, 3, H, W).
        level: ``"shift"``, ``"flip"`` or ``"strong"``.

    Returns:
        The same shape: each picture read bilinearly in a box of its own, edges mirrored.
    """
    import torch
    import torch.nn.functional as F

    (count, _, height, width), sides = batch.shape, batch.shape[-1:-3:-1]  # sides: width, then height
    draw = functools.partial(torch.rand, device=batch.device)
    if level == "strong":
        shares = _cuts(draw(2, CUTS, count), width, height)
        firsts = draw(2, count) * (1 - shares)
    else:
        shares = torch.ones(2, count, device=batch.device)
        pads = torch.tensor([max(1, side // 8) for side in sides], device=batch.device)[:, None]
        moves = (draw(2, count) * (2 * pads + 1)).floor() - pads
        firsts = moves / torch.tensor(sides, device=batch.device)[:, None]
    lasts = torch.tensor([side - 1 for side in sides], device=batch.device)[:, None]  # of each axis, in pixels
    spans = (shares * (lasts + 1) - 1) / lasts  # from the first to the last pixel read; 1 is the whole side
    middles = 2 * firsts * (lasts + 1) / lasts + spans - 1
    mirrors = 1 - 2 * (draw(count) < 0.5) if level != "shift" else 1
    boxes = torch.zeros(count, 2, 3, device=batch.device)
    boxes[:, 0, 0], boxes[:, 1, 1] = spans[0] * mirrors, spans[1]
    boxes[:, :, 2] = middles.T
    grid = F.affine_grid(boxes, list(batch.shape), align_corners=True)
    return F.grid_sample(batch, grid, mode="bilinear", padding_mode="reflection", align_corners=True)


def _cuts(draws: torch.Tensor, width: int, height: int) -> torch.Tensor:
    """Width and height (2, B) of boxes as shares of a picture's; the first of several draws (2, tries, B) that fits.

    Areas of half to all, aspects of 3:4 to 4:3 evenly in their logarithm, as torchvision's RandomResizedCrop has them.
    """
    import torch

    area, aspect = 0.5 + 0.5 * draws[0], torch.exp((2 * draws[1] - 1) * math.log(4 / 3))
    widths, heights = (area * aspect * height / width).sqrt(), (area / aspect * width / height).sqrt()
    first = ((widths <= 1) & (heights <= 1)).float().argmax(dim=0, keepdim=True)
    return torch.cat([widths.gather(0, first), heights.gather(0, first)]).clamp(max=1)


@functools.lru_cache(maxsize=8)
def _augmentation(level: str, height: int, width: int) -> Callable[[torch.Tensor], torch.Tensor]:
    import kornia.augmentation as kornia

    pad = (max(1, height // 8), max(1, width // 8))
    shift = kornia.RandomCrop((height, width), padding=pad, padding_mode="reflect", cropping_mode="slice")
    flip = kornia.RandomHorizontalFlip(p=0.5)
    chains = {
        "shift": (shift,),
        "flip": (shift, flip),
        "strong": (kornia.RandomResizedCrop((height, width), scale=(0.5, 1.0), cropping_mode="resample"), flip),
    }
    if level not in chains:
        raise SettingsError(
            f"There is no augmentation {level!r}", place="augmentation", hint=did_you_mean(level, ["none", *chains])
        )
    return kornia.AugmentationSequential(*chains[level], data_keys=["input"])


def _vary_colours(batch: torch.Tensor, strength: float = 0.2) -> torch.Tensor:
    """Scale brightness, contrast and saturation by factors within ``1 +- strength``, each picture by its own.

    All three are linear in the pixels, so they are one 3 x 3 matrix a picture. kornia's ColorJitter goes through
    hue and back for it, which takes fifty times as long on a CPU.
    """
    import torch

    draws = 1 + strength * (2 * torch.rand(3, len(batch), 1, 1, device=batch.device, dtype=batch.dtype) - 1)
    brightness, contrast, saturation = draws
    luma = batch.new_tensor([0.299, 0.587, 0.114]).expand(3, 3)
    matrix = (
        brightness
        * contrast
        * (saturation * torch.eye(3, device=batch.device, dtype=batch.dtype) + (1 - saturation) * luma)
    )
    flat = batch.flatten(2)
    grey = (luma[:1] @ flat).mean(dim=2, keepdim=True) * brightness
    return torch.baddbmm((1 - contrast) * grey, matrix, flat).clamp_(0, 1).view_as(batch)
