"""What the trials of a study have in common, as a value that any process can be given."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from headstart.core import BundleError
from headstart.data import LabelledData, Split
from headstart.models import Candidate


class DataReference:
    """A data set by path and fingerprint; the process that loaded it holds the examples themselves.

    Pickling writes them once to a file, which only a process that was handed this reference reads: the hash that
    travels with the reference says that it is the same file.

    Args:
        data: The loaded examples.
        folder: Where the file lies if one is needed; shared between machines if they are to read it.
    """

    def __init__(self, data: LabelledData, folder: Path) -> None:
        self.fingerprint = data.fingerprint
        self.path = folder / f"examples-{data.fingerprint[:16]}.bin"
        self.sha256 = ""
        self._data: LabelledData | None = data

    @property
    def opened(self) -> bool:
        """Whether this process holds the examples."""
        return self._data is not None

    def open(self) -> LabelledData:
        """Return the examples, read from the file once in a process that did not load them.

        Raises:
            BundleError: The file is gone, or is another one.
        """
        if self._data is None:
            try:
                content = self.path.read_bytes()
            except OSError as error:
                raise BundleError(f"the examples cannot be read: {error.strerror}", place=str(self.path)) from None
            self._data = self.read(content)
        return self._data

    def read(self, content: bytes) -> LabelledData:
        """Read examples that were shipped instead of shared.

        Raises:
            BundleError: They are not those of this reference.
        """
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BundleError("the examples are not those of this study", place=str(self.path))
        data: LabelledData = pickle.loads(content)
        self._data = data
        return data

    def write(self) -> Path:
        """Write the file, unless this process has done so.

        Raises:
            BundleError: It cannot be written.
        """
        if not self.sha256:
            content = pickle.dumps(self.open(), protocol=pickle.HIGHEST_PROTOCOL)
            partial = self.path.with_suffix(f".{os.getpid()}.partial")
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                partial.write_bytes(content)
                partial.replace(self.path)
            except OSError as error:
                partial.unlink(missing_ok=True)
                raise BundleError(
                    f"the examples cannot be written for other processes: {error.strerror}", place=str(self.path)
                ) from None
            self.sha256 = hashlib.sha256(content).hexdigest()
        return self.path

    def __getstate__(self) -> dict[str, Any]:
        self.write()
        return {**self.__dict__, "_data": None}


@dataclass(frozen=True, eq=False)
class Bench:
    """Everything that trials share and that decides their numbers, together with the folders they work in.

    Attributes:
        data: The examples.
        splits: One, or several whose test parts rotate.
        candidates: By name.
        metric: ``accuracy``, ``macro-f1`` or ``balanced-accuracy``.
        seed: The study's.
        dtype: Precision of training.
        threads: CPU threads of a trial.
        cache_folder: Where features are kept.
        work_folder: Where running trials keep their state, and their models until the driver takes them.
        product_rate: Operations a second that matrix products reach here in this precision; 0 where not measured.
    """

    data: DataReference
    splits: tuple[Split, ...]
    candidates: Mapping[str, Candidate]
    metric: str
    seed: int
    dtype: Literal["float32", "bfloat16"]
    threads: int
    cache_folder: Path
    work_folder: Path
    product_rate: float = 0.0

    @classmethod
    def of(
        cls,
        data: LabelledData,
        splits: tuple[Split, ...],
        candidates: Mapping[str, Candidate],
        *,
        metric: str,
        seed: int,
        dtype: Literal["float32", "bfloat16"],
        threads: int,
        folder: Path,
        product_rate: float = 0.0,
    ) -> Bench:
        """Set up the bench of a study or of one trial in a folder."""
        work = folder / "work"
        reference, cache = DataReference(data, work), folder / "cache"
        return cls(reference, splits, dict(candidates), metric, seed, dtype, threads, cache, work, product_rate)

    def moved(self, folder: Path) -> Bench:
        """The same bench, working in another folder, as on a machine that does not share this one's."""
        return replace(self, cache_folder=folder / "cache", work_folder=folder / "work")

    def model_folder(self, key: str) -> Path:
        """Where a trial leaves its model."""
        return self.work_folder / "models" / key
