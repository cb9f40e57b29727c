"""One driver at a time in a study's folder."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from headstart.core import BundleError


class StudyLock:
    """An advisory lock that the system releases by itself when its process dies.

    Raises:
        BundleError: Another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "driver.lock"

    def __enter__(self) -> StudyLock:
        try:
            import fcntl
        except ImportError:
            raise BundleError(
                "studies run on Linux and macOS: this system has no file locks of their kind",
                hint="On Windows, use the Windows Subsystem for Linux",
            ) from None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a+")
        except OSError as error:
            raise BundleError(
                f"the study's folder cannot be written: {error.strerror}",
                place=str(self._path.parent),
                hint="Give a folder you may write to with --out",
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            owner = self._file.read().strip() or "unknown"
            self._file.close()
            raise BundleError(
                f"another process ({owner}) is running this study",
                place=str(self._path.parent),
                hint="Wait for it, stop it with Ctrl-C, or start another study with --out",
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"process {os.getpid()}")
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
