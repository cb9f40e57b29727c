"""What the files of a model are: their content hash and their licence."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path


def hash_files(files: tuple[Path, ...]) -> str:
    """Content hash of files in their order, with their names."""
    digest = hashlib.blake2b(digest_size=12)
    for file in files:
        state = file.stat()
        digest.update(_hash_file(file, state.st_size, state.st_mtime_ns))
    return digest.hexdigest()


@functools.cache
def _hash_file(file: Path, size: int, changed: int) -> bytes:
    """Read a file once for as long as its size and time of change stay."""
    with file.open("rb") as stream:
        return file.name.encode() + hashlib.file_digest(stream, "blake2b").digest()


def licence_in(folder: Path) -> str | None:
    """The licence stated in the model card's front matter, if any."""
    card = folder / "README.md"
    if not card.exists():
        return None
    for line in card.read_text(errors="replace").splitlines()[:40]:
        if line.lower().startswith("license:"):
            return line.split(":", 1)[1].strip() or None
    return None
