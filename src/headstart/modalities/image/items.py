"""Pictures in whatever a user gives to a model in Python: paths, bytes, arrays, Pillow images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.core import DataError
from headstart.modalities.items import exists, is_picture, listed

if TYPE_CHECKING:
    import PIL.Image


def as_pictures(items: Any, columns: Sequence[str]) -> list[Path | bytes | PIL.Image.Image]:
    """The pictures in whatever a user gave.

    Raises:
        DataError: There are none, or not in a form that is known.
    """
    if isinstance(items, np.ndarray) and items.dtype.kind in "uifb":
        pictures: list[Path | bytes | PIL.Image.Image] = [_from_array(array) for array in _split(items)]
    else:
        pictures = [_picture_of(value, index) for index, value in enumerate(listed(items, columns))]
    if not pictures:
        raise DataError("nothing to predict", hint="Give at least one input")
    return pictures


def _picture_of(value: Any, index: int) -> Path | bytes | PIL.Image.Image:
    if isinstance(value, dict) and (
        value.get("bytes") or value.get("path")
    ):  # as `datasets` keeps what it has not read
        value = value["bytes"] if value.get("bytes") else value["path"]
    if isinstance(value, str):
        value = Path(value)
    if isinstance(value, Path):
        if not exists(value):
            raise DataError("no such file", place=str(value), hint="This model reads image files; give their paths")
        return value
    if isinstance(value, bytes):
        return value
    if is_picture(value):
        picture: PIL.Image.Image = value
        return picture
    if isinstance(value, np.ndarray):
        return _from_array(value)
    raise DataError(
        f"a {type(value).__name__} is no picture",
        place=f"input {index + 1}",
        hint="This model reads images: give paths, arrays (H, W, 3) or Pillow images",
    )


def _split(array: np.ndarray) -> list[np.ndarray]:
    """Single pictures of an array of one or many."""
    if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (1, 3, 4)):
        return [array]
    if array.ndim in (3, 4):
        return list(array)
    raise DataError(
        f"an array of shape {array.shape} is no picture", hint="Give (H, W), (H, W, 3) or (N, H, W, 3), channels last"
    )


def _from_array(array: np.ndarray) -> PIL.Image.Image:
    """Numbers as a picture: 0 to 255, or shares from 0 to 1 where they are floats."""
    from PIL import Image

    flat = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    if flat.ndim not in (2, 3) or (flat.ndim == 3 and flat.shape[-1] not in (3, 4)) or 0 in flat.shape:
        raise DataError(
            f"an array of shape {array.shape} is no picture", hint="Give (H, W) or (H, W, 3), channels last"
        )
    if flat.dtype.kind == "f":
        low, high = float(np.min(flat)), float(np.max(flat))
        if not (0 <= low and high <= 255):
            raise DataError("an array has values outside 0 to 255", hint="Give pixels as 0 to 255, or shares 0 to 1")
        flat = np.asarray(flat * 255 if high <= 1 else flat).round()
    elif flat.dtype == np.bool_:
        flat = flat * 255
    elif flat.dtype == np.uint16:
        return Image.fromarray(flat) if flat.ndim == 2 else Image.fromarray((flat >> 8).astype(np.uint8))
    elif flat.size and (int(flat.min()) < 0 or int(flat.max()) > 255):
        raise DataError("an array has values outside 0 to 255", hint="Give pixels as 0 to 255, or shares 0 to 1")
    return Image.fromarray(flat.astype(np.uint8))
