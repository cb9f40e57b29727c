"""One look at every picture: is it readable, how large, how bright, and what does it look like in 16 x 17 dots."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from headstart.data.cache import load_arrays, save_arrays
from headstart.modalities.image.pixels import UnreadableImageError, on_all_cores, open_image
from headstart.modalities.image.tones import Tones, Traits, tones_of

SCAN_VERSION = 2  # raise it when a field changes its meaning


TONED = ("alpha", "integers", "floats")  # marks of pictures whose pixels follow the tones of the set
MARKS = (*TONED, "wide", "moving", "cmyk")


@dataclass(eq=False)
class ImageScan:
    """What is known about N pictures without keeping their pixels.

    Attributes:
        digests: Hash of the encoded bytes, (N, 16) uint8.
        problems: Why a picture is unreadable, (N,) str; empty where it is fine.
        sizes: Upright width and height in pixels, (N, 2) int32.
        keys: Hash of the decoded pixels, (N,) uint64.
        dots: The picture in grey, (N, 16, 17) uint8.
        formats: Such as ``"JPEG"``, (N,) str.
        traits: What is unusual about each picture, (N, 3) float64: mean grey of what can be seen (NaN where nothing
            is transparent), smallest and largest value (NaN where they have 8 bits).
        marks: The same in words, (N,) str; see ``MARKS``.
    """

    digests: np.ndarray
    problems: np.ndarray
    sizes: np.ndarray
    keys: np.ndarray
    dots: np.ndarray
    formats: np.ndarray
    traits: np.ndarray
    marks: np.ndarray

    def take(self, indices: np.ndarray) -> ImageScan:
        """Return the scan of some of the pictures, in the order given."""
        return ImageScan(**{field.name: getattr(self, field.name)[indices] for field in fields(self)})

    @property
    def brightness(self) -> np.ndarray:
        """Mean grey of each picture in 0..1, shape (N,)."""
        means: np.ndarray = self.dots.mean(axis=(1, 2)) / 255
        return means

    @cached_property
    def tones(self) -> Tones | None:
        """How the unusual pictures become RGB, one choice for all; None where there are none."""
        special = np.flatnonzero([any(mark in TONED for mark in marks.split()) for marks in self.marks.tolist()])
        return tones_of([self._traits(int(i)) for i in special])

    @property
    def fingerprint(self) -> str:
        """Hash of all pictures in their order, and of the tones they are read with."""
        tones = b"" if self.tones is None else self.tones.key.encode()
        return hashlib.blake2b(self.digests.tobytes() + tones, digest_size=12).hexdigest()

    def _traits(self, i: int) -> Traits:
        marks = self.marks[i].split()
        seen, low, high = self.traits[i].tolist()
        deep: Literal["", "i", "f"] = "i" if "integers" in marks else "f" if "floats" in marks else ""
        return Traits(alpha="alpha" in marks, seen=seen, deep=deep, low=low, high=high)


def scan_images(sources: Sequence[bytes | Path | None], folder: Path) -> ImageScan:
    """Look at every picture once; later calls with the same bytes read the result from the cache.

    Args:
        sources: N encoded pictures or files; None where the table has no picture.
        folder: The cache.

    Returns:
        The scan; unreadable pictures have a problem and zeros.
    """
    import PIL

    digests = np.zeros((len(sources), 16), dtype=np.uint8)

    def digest(i: int) -> None:
        digests[i] = np.frombuffer(_digest(sources[i]), dtype=np.uint8)

    on_all_cores(digest, len(sources), "reading files")
    stamp = f"{SCAN_VERSION} {PIL.__version__}".encode()
    name = hashlib.blake2b(stamp + digests.tobytes(), digest_size=12).hexdigest()
    path = folder / "scans" / f"{name}.npz"
    names = tuple(field.name for field in fields(ImageScan) if field.name != "digests")
    if stored := load_arrays(path, names):
        return ImageScan(digests=digests, **stored)
    scan = _look(sources, digests)
    save_arrays(path, {name: getattr(scan, name) for name in names})
    return scan


def _look(sources: Sequence[bytes | Path | None], digests: np.ndarray) -> ImageScan:
    from PIL import Image

    count = len(sources)
    problems, formats, marks = [""] * count, [""] * count, [""] * count
    sizes = np.zeros((count, 2), dtype=np.int32)
    keys = np.zeros(count, dtype=np.uint64)
    dots = np.zeros((count, 16, 17), dtype=np.uint8)
    traits = np.full((count, 3), np.nan)

    def look(i: int, tones: Tones | None = None) -> None:
        source = sources[i]
        if source is None:
            problems[i] = "no image in this row"
            return
        try:
            image = open_image(source, quick=True, tones=tones)
        except UnreadableImageError as error:
            problems[i] = str(error)
            return
        sizes[i], formats[i] = image.info["shape"], image.info["format"]
        found: Traits = image.info["traits"]
        traits[i] = found.seen, found.low, found.high
        marks[i] = _marks(found)
        pixels = hashlib.blake2b(image.tobytes(), digest_size=8, key=str(sizes[i].tolist()).encode())
        keys[i] = int.from_bytes(pixels.digest(), "big")
        dots[i] = np.asarray(image.convert("L").resize((17, 16), Image.Resampling.LANCZOS))

    on_all_cores(look, count)

    def scan() -> ImageScan:
        words = (np.array(words, dtype=str) for words in (problems, formats, marks))
        problem, kind, mark = words
        return ImageScan(digests, problem, sizes, keys, dots, kind, traits, mark)

    first = scan()
    if first.tones is None:
        return first
    special = [i for i in range(count) if any(mark in TONED for mark in marks[i].split())]
    on_all_cores(lambda k: look(special[k], first.tones), len(special), "scaling images")
    return scan()


def _marks(traits: Traits) -> str:
    marks = {
        "alpha": traits.alpha,
        "integers": traits.deep == "i",
        "floats": traits.deep == "f",
        "wide": traits.wide,
        "moving": traits.moving,
        "cmyk": traits.mode == "CMYK",
    }
    return " ".join(mark for mark, is_so in marks.items() if is_so)


def _digest(source: bytes | Path | None) -> bytes:
    content = source if isinstance(source, bytes) else b""
    if isinstance(source, Path):
        try:
            content = source.read_bytes()
        except OSError as error:
            content = str(error).encode()
    return hashlib.blake2b(content, digest_size=16).digest()
