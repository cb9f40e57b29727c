"""Pictures as they lie on disk, and their pixels on demand."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from headstart.data.cache import write_whole
from headstart.data.content import Content, Preview
from headstart.data.duplicates import Clusters
from headstart.data.findings import Finding
from headstart.modalities.image.duplicates import cluster_images
from headstart.modalities.image.pixel_findings import pixel_findings
from headstart.modalities.image.pixels import Resize, decode_batch, open_image, quiet_pillow
from headstart.modalities.image.scan import ImageScan

if TYPE_CHECKING:
    import PIL.Image

_CHUNK_BYTES = 64 * 2**20  # decoded pixels that wait for the disk


class ImageStore(Content):
    """N readable pictures, kept encoded (or as paths) until a training run asks for pixels.

    Attributes:
        sources: Encoded bytes or files.
        scan: What one look at every picture showed.
        notes: What a reader must know, such as a cache that did not fit on the disk.
    """

    def __init__(self, sources: Sequence[bytes | Path], scan: ImageScan, folder: Path) -> None:
        self.sources = list(sources)
        self.scan = scan
        self.notes: list[str] = []
        self._folder = folder
        self._in_memory: dict[Resize, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def sizes(self) -> np.ndarray:
        """Width and height of each picture as it is shown, in pixels, (N, 2)."""
        return self.scan.sizes

    @property
    def native_size(self) -> int:  # type: ignore[override]
        """The median shorter side in pixels."""
        return int(np.median(self.sizes.min(axis=1)))

    def identity(self) -> list[bytes]:
        """Hashes of all files, and the tones they are read with."""
        tones = self.scan.tones
        return [self.scan.digests.tobytes(), *([] if tones is None else [tones.key.encode()])]

    def load(self, rows: Iterable[int]) -> list[Any]:
        """Encoded bytes or files."""
        return [self.sources[row] for row in rows]

    def clusters(self, folder: Path) -> Clusters:
        """Pictures that are equal, and equal to the eye."""
        return cluster_images(self.scan, folder)

    def findings(self, ids: Sequence[str]) -> list[Finding]:
        """Conversions that change what pixels mean, and pictures that hold almost nothing."""
        return pixel_findings(self.scan, ids)

    def properties(self) -> dict[str, dict[str, np.ndarray]]:
        """Shape, file format and brightness."""
        scan = self.scan
        width, height = scan.sizes[:, 0].astype(float), scan.sizes[:, 1].astype(float)
        return {
            "shape": {"aspect (width : height)": width / height, "width": width, "height": height},
            "format": {"file format": np.unique(scan.formats, return_inverse=True)[1].astype(float)},
            "brightness": {"mean brightness": scan.brightness},
        }

    def preview(self, row: int) -> Preview:
        """A small picture."""
        return Preview(picture=self.thumbnail(row))

    def resize(self, resize: Resize) -> Resize:
        """Return a way to make squares that also knows the tones of this set, as a model must for new pictures."""
        return resize.model_copy(update={"tones": self.scan.tones}) if resize.tones is None else resize

    def open(self, index: int) -> PIL.Image.Image:
        """Decode one picture, upright and in RGB."""
        with quiet_pillow():
            return open_image(self.sources[index], tones=self.scan.tones)

    def thumbnail(self, index: int, size: int = 64) -> bytes:
        """Return one picture as a PNG file of at most ``size`` pixels a side, aspect kept."""
        image = self.open(index)
        image.thumbnail((size, size))
        image.info = {}
        stream = io.BytesIO()
        image.save(stream, "PNG", optimize=True)
        return stream.getvalue()

    def pixels(self, resize: Resize) -> np.ndarray:
        """Return all pictures as squares, decoded once and then mapped from the cache.

        A cache file that is damaged or of the wrong length is written again. Where the cache cannot be written
        (full disk, read-only folder) the array stays in memory and :attr:`notes` says so.

        Args:
            resize: How pictures become squares.

        Returns:
            uint8 of shape (N, 3, size, size), read-only.
        """
        resize = self.resize(resize)
        if resize in self._in_memory:
            return self._in_memory[resize]
        path = self._folder / "pixels" / f"{self.scan.fingerprint}-{resize.key}.npy"
        shape = (len(self), 3, resize.size, resize.size)
        stored = _map(path, shape)
        if stored is not None:
            return stored
        try:
            write_whole(path, lambda stream: self._write(stream, resize, shape))
            stored = _map(path, shape)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            megabytes = np.prod(shape) / 2**20
            self.notes.append(
                f"Decoded pixels ({megabytes:,.0f} MB) stay in memory: {path.parent} could not be written ({reason})"
            )
        if stored is None:
            stored = decode_batch(self.sources, resize)
            stored.flags.writeable = False
            self._in_memory[resize] = stored
        return stored

    def _write(self, stream: BinaryIO, resize: Resize, shape: tuple[int, ...]) -> None:
        """Write an .npy file in chunks: a memory map on a full disk would kill the process instead of raising."""
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        chunk = max(1, _CHUNK_BYTES // (3 * resize.size**2))
        for start in range(0, len(self), chunk):
            stream.write(decode_batch(self.sources[start : start + chunk], resize).data)


def _map(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array if array.shape == shape and array.dtype == np.uint8 else None
