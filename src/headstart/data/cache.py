"""A folder of things that are slow to compute, where losing any of them costs time and nothing else."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return where derived data is kept; nothing is created yet.

    Args:
        cache_dir: A folder that the user chose. Without one ``HEADSTART_CACHE`` counts, then
            ``headstart`` under ``XDG_CACHE_HOME``, then under ``~/.cache``.

    Returns:
        The folder.
    """
    if cache_dir is not None:
        return Path(cache_dir)
    if chosen := os.environ.get("HEADSTART_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "headstart"


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file completely or not at all.

    A temporary file beside the target is renamed over it, so a killed process or a second one at the same
    time can never leave half a file under the final name.

    Args:
        path: The final name; its folder is created.
        write: Receives the open temporary file.

    Raises:
        OSError: The disk is full or the folder cannot be written; no temporary file is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def load_arrays(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray] | None:
    """Read named arrays that :func:`save_arrays` wrote.

    Args:
        path: An ``.npz`` file.
        names: The arrays that must be there.

    Returns:
        The arrays, or None where the file is missing, damaged or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> bool:
    """Keep named arrays for next time.

    Args:
        path: An ``.npz`` file.
        arrays: None of them of objects.

    Returns:
        False where the disk did not take them, which only means computing them again.
    """
    try:
        write_whole(path, lambda stream: np.savez(stream, allow_pickle=False, **arrays))
    except OSError:
        return False
    return True
