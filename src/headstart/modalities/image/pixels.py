"""Images: decode, resize, put into batches, vary.

Pixels are made exactly as transformers' image processors make them on Pillow, so that a saved model sees in
``transformers.pipeline`` what it saw in training.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import model_validator

from headstart.core import DataError, Record
from headstart.core.hardware import available_cores
from headstart.data.progress import progress
from headstart.modalities.image.tones import Tones, to_rgb

if TYPE_CHECKING:
    import PIL.Image

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
IMAGE_SUFFIXES = frozenset(".jpg .jpeg .jfif .png .bmp .gif .webp .tif .tiff .ppm .pgm .pbm .heic .heif .avif".split())
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_ORIENTATION = 0x0112  # EXIF tag; 5 to 8 swap the sides
MAX_PIXELS = 50_000_000  # larger pictures would need over 150 MB each: damaged headers or decompression bombs


class Resize(Record):
    """How pictures of any shape become squares.

    Attributes:
        size: Side of the result in pixels.
        mode: ``"squash"`` resizes to (size, size) and changes the aspect, as transformers' ViTImageProcessor
            does; ``"crop"`` brings the shorter side to ``shorter`` and cuts the centre out, as BitImageProcessor.
        shorter: The shorter side before the cut; ``size`` where it is not given.
        resample: Pillow's code of the filter (2 bilinear, 3 bicubic).
        tones: Ground and scale of transparent and deep pictures, where the set has any; see
            :meth:`ImageStore.resize`.
    """

    size: int
    mode: Literal["squash", "crop"] = "squash"
    shorter: int | None = None
    resample: int = 2
    tones: Tones | None = None

    @model_validator(mode="after")
    def _shorter_is_for_crops(self) -> Resize:
        if self.size < 1 or (self.shorter is not None and (self.mode == "squash" or self.shorter < 1)):
            raise ValueError("size and shorter are positive, and shorter belongs to mode 'crop'")
        return self

    @property
    def key(self) -> str:
        """A name for files, such as ``"squash-64-2"``."""
        middle = f"{self.size}" if self.shorter is None else f"{self.shorter}-{self.size}"
        tones = "" if self.tones is None else f"-{self.tones.key}"
        return f"{self.mode}-{middle}-{self.resample}{tones}"


class UnreadableImageError(Exception):
    """A picture that cannot be used, and why; becomes a finding or a DataError."""


def open_image(source: bytes | Path, *, quick: bool = False, tones: Tones | None = None) -> PIL.Image.Image:
    """Decode one picture as ``transformers.image_utils.load_image`` does: upright by EXIF, then RGB.

    What that function loses is kept: transparent places get a ground instead of whatever colour lies under them,
    and grey of more than 8 bits is scaled instead of cut off.

    Args:
        source: The encoded bytes, or a file.
        quick: Allow JPEG to be decoded at reduced scale where it is larger than 1024 pixels. For hashes only.
        tones: The ground and scale of the set that the picture belongs to; found from the picture alone without.

    Returns:
        The picture in mode RGB. Its ``info`` holds ``"format"``, ``"shape"`` (the upright width and height as the
        header states them) and ``"traits"`` (see :class:`~headstart.modalities.image.tones.Traits`).

    Raises:
        UnreadableImageError: The file is missing, damaged, truncated, no image, or larger than 50 megapixels.
    """
    from PIL import Image, ImageOps

    try:
        _register_heif()
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        width, height = image.size
        if width * height > MAX_PIXELS:  # known from the header: nothing has been decoded yet
            raise UnreadableImageError(f"{width} x {height} pixels, more than {MAX_PIXELS // 10**6} megapixels")
        kind = image.format or "unknown"
        if quick and min(width, height) > 1024:
            image.draft("RGB", (512, 512))
        moving = bool(getattr(image, "is_animated", False))
        wide = kind == "PNG" and image.mode[:3] == "RGB" and bool(image.tile) and "16" in str(image.tile[0][3])
        orientation = image.getexif().get(_ORIENTATION, 1)
        turned = orientation in (5, 6, 7, 8)
        # most pictures are upright: exif_transpose would copy them for nothing
        upright = image if orientation == 1 else ImageOps.exif_transpose(image)
        result, traits = to_rgb(upright, tones)
    except UnreadableImageError:
        raise
    except FileNotFoundError:
        raise UnreadableImageError("there is no such file") from None
    except Exception as error:  # Pillow's decoders raise a wide range of errors on damaged files
        raise UnreadableImageError(_reason(error, source)) from error
    shape = (height, width) if turned else (width, height)
    result.info = {"format": kind, "shape": shape, "traits": replace(traits, moving=moving, wide=wide)}
    return result


@functools.cache
def _register_heif() -> None:
    """Let Pillow read HEIC files, where the extra is installed."""
    try:
        import pillow_heif
    except ImportError:
        return
    pillow_heif.register_heif_opener()


def to_square(image: PIL.Image.Image, resize: Resize) -> np.ndarray:
    """Resize one RGB picture.

    Args:
        image: In mode RGB.
        resize: How.

    Returns:
        uint8 of shape (size, size, 3).
    """
    size = resize.size
    if resize.mode == "squash":
        return np.asarray(image.resize((size, size), resize.resample))
    width, height = image.size
    target = resize.shorter or size
    short, long = min(width, height), max(width, height)
    longer = int(target * long / short)  # cut off, not rounded: as transformers does
    shape = (target, longer) if width <= height else (longer, target)
    pixels = np.asarray(image.resize(shape, resize.resample))
    return _centre(pixels, size)


def decode_batch(sources: Sequence[bytes | Path], resize: Resize) -> np.ndarray:
    """Decode pictures to one array, on all cores.

    Args:
        sources: N encoded pictures or files.
        resize: How they become squares.

    Returns:
        uint8 of shape (N, 3, size, size).

    Raises:
        UnreadableImageError: One of them cannot be decoded.
    """
    pixels = np.empty((len(sources), 3, resize.size, resize.size), dtype=np.uint8)

    def fill(i: int) -> None:
        pixels[i] = to_square(open_image(sources[i], tones=resize.tones), resize).transpose(2, 0, 1)

    on_all_cores(fill, len(sources))
    return pixels


def decode_files(paths: Sequence[str | Path], resize: Resize) -> np.ndarray:
    """Decode files for prediction.

    Args:
        paths: N image files.
        resize: The same as in training.

    Returns:
        uint8 of shape (N, 3, size, size).

    Raises:
        DataError: One file is missing or unreadable; it is named.
    """
    pixels = np.empty((len(paths), 3, resize.size, resize.size), dtype=np.uint8)
    with quiet_pillow():
        for i, path in enumerate(paths):
            try:
                pixels[i] = to_square(open_image(Path(path), tones=resize.tones), resize).transpose(2, 0, 1)
            except UnreadableImageError as error:
                raise DataError(
                    f"The image cannot be read: {error}", place=str(path), hint="Leave it out, or save it again as PNG"
                ) from error
    return pixels


def on_all_cores(work: Callable[[int], None], count: int, what: str = "reading images") -> None:
    """Call ``work(i)`` for every ``i`` below ``count``; Pillow decodes outside Python's lock.

    Args:
        work: Must write to a place of its own.
        count: How many calls.
        what: How a line of progress calls it.
    """
    workers = max(1, min(available_cores(), count // 64))
    step = -(-count // (workers * 8)) or 1
    with quiet_pillow(), progress(what, count) as show:
        done = itertools.count(1)
        if workers == 1:
            for i in range(count):
                work(i)
                show(next(done))
            return

        def run(start: int) -> None:
            for i in range(start, min(start + step, count)):
                work(i)
                show(next(done))

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(run, range(0, count, step)))


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings about odd files; whatever matters becomes a finding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _centre(pixels: np.ndarray, size: int) -> np.ndarray:
    """Cut the middle out of (H, W, 3); where the picture is smaller, pad with black."""
    height, width = pixels.shape[:2]
    tall, wide = max(size, height), max(size, width)
    if (tall, wide) != (height, width):
        padded = np.zeros((tall, wide, 3), dtype=pixels.dtype)
        top, left = -(-(tall - height) // 2), -(-(wide - width) // 2)
        padded[top : top + height, left : left + width] = pixels
        pixels, height, width = padded, tall, wide
    top, left = (height - size) // 2, (width - size) // 2
    return pixels[top : top + size, left : left + size]


def _reason(error: Exception, source: bytes | Path) -> str:
    name = type(error).__name__
    if name == "UnidentifiedImageError":
        return _unidentified(source)
    if name == "DecompressionBombError":
        return f"more than {MAX_PIXELS // 10**6} megapixels"
    return str(error).split("\n")[0][:120] or name


def _unidentified(source: bytes | Path) -> str:
    """Say of HEIC files what reads them, and of others that nothing does."""
    if isinstance(source, bytes):
        head = source[:16]
    else:
        with open(source, "rb") as file:
            head = file.read(16)
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        if importlib.util.find_spec("pillow_heif") is None:
            return "HEIC needs pip install 'headstart[heif]', or save it as JPEG"
        return "the HEIC file is damaged"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "this Pillow reads no AVIF, or the file is damaged; save it as JPEG"
    return "no image format is recognised"
