"""Features of a frozen network, computed once for each example and kept on disk."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from headstart.core import HeadstartError
from headstart.models import Inputs, Network, inputs_on
from headstart.models.inputs import Batch

Extract = Callable[[Batch], torch.Tensor]
FEWEST, MOST, GPU_BLOCK = 16, 64, 128  # examples that run through the network together
TOKENS, NUMBERS = 2048, 786_432  # that fill the caches of a processor, where there are as many; bench/features.py
CHUNK = 256  # examples between two reports of progress
FLUSH_SECONDS = 10.0  # how much work a power cut may cost; a killed process loses none


@dataclass(frozen=True)
class Blocks:
    """Examples that run through a network together: whole parts of the data set, by length.

    What else is in a batch changes an example's features in the last digits. So the batches are not of what happens to
    be asked for: a trial's numbers do not depend on those before it.

    Attributes:
        order: Examples, the shortest first (N,).
        starts: Where blocks begin in that order (B,).
    """

    order: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, inputs: Inputs, device: str) -> Blocks:
        """The blocks of a data set on ``cpu`` or ``cuda``."""
        order = np.argsort(inputs.lengths, kind="stable")
        return cls(order, block_starts(inputs, order, device))

    @cached_property
    def _block(self) -> np.ndarray:
        """The block of each example (N,)."""
        block = np.empty(len(self.order), dtype=np.int64)
        block[self.order] = np.searchsorted(self.starts, np.arange(len(self.order)), side="right") - 1
        return block

    def holding(self, rows: np.ndarray) -> list[np.ndarray]:
        """The blocks that hold these examples, whole."""
        ends = np.append(self.starts[1:], len(self.order))
        return [self.order[self.starts[block] : ends[block]] for block in np.unique(self._block[rows])]

    def examples(self, rows: np.ndarray) -> int:
        """How many examples the blocks have that hold these."""
        held = np.bincount(self._block[rows], minlength=len(self.starts)) > 0
        return int(np.diff(np.append(self.starts, len(self.order)))[held].sum())


class FeatureCache:
    """A memory-mapped table (N, D + 1) that fills up as rows are asked for; the last column marks rows as done.

    Every probe, size and seed reads the same table, so the network runs over each example at most once.
    The mark lies in the row itself and is written after it: there is no second file that could disagree,
    and two studies may fill the same table.

    Args:
        folder: Where tables are kept.
        data_fingerprint: Identity of the data set.
        weights_hash: Identity of the frozen weights and of the inputs' form.

    Attributes:
        notes: What a reader must know, such as a table that did not fit on the disk.
    """

    def __init__(self, folder: Path, data_fingerprint: str, weights_hash: str) -> None:
        key = hashlib.blake2b(f"{data_fingerprint}/{weights_hash}/4".encode(), digest_size=10).hexdigest()
        self._file = folder / f"features-{key}.npy"
        self._table: np.ndarray | None = None
        self._done: np.ndarray | None = None
        self._flushed = time.monotonic()
        self.notes: list[str] = []

    def missing(self, rows: np.ndarray, total: int) -> np.ndarray:
        """Which of ``rows`` have yet to be computed, out of ``total`` examples."""
        if self._table is None:
            self._open(total)
        return rows if self._done is None else rows[~self._done[rows]]

    def rows(
        self,
        network: Network,
        inputs: Inputs,
        rows: np.ndarray,
        on_progress: Callable[[int, int], None] | None = None,
        extract: Extract | None = None,
    ) -> np.ndarray:
        """Features (len(rows), D) in fp32, computed where they are missing.

        Args:
            network: The frozen one.
            inputs: The whole data set.
            rows: Examples wanted.
            on_progress: Called with (done, missing).
            extract: From a batch to (B, D); the network's own features if not given.

        Raises:
            HeadstartError: A feature is infinite or not a number.
        """
        missing = np.unique(self.missing(rows, len(inputs)))
        if len(missing):
            try:
                self._fill(network, inputs, missing, on_progress, extract or (lambda batch: network.features(**batch)))
            finally:
                self._flush()
        assert self._table is not None
        return np.asarray(self._table[rows, :-1])

    def _open(self, total: int) -> None:
        """Map the file if there is one that fits; a damaged one counts as none."""
        try:
            table = np.load(self._file, mmap_mode="r+", allow_pickle=False)
        except (ValueError, OSError, EOFError):
            return
        if table.ndim == 2 and len(table) == total and table.dtype == np.float32:
            self._table, self._done = table, table[:, -1] == 1

    def _fill(
        self,
        network: Network,
        inputs: Inputs,
        missing: np.ndarray,
        on_progress: Callable[[int, int], None] | None,
        extract: Extract,
    ) -> None:
        network.eval()
        device = next(network.parameters()).device
        blocks, inputs = Blocks.of(inputs, device.type).holding(missing), inputs_on(inputs, device)
        together = max(1, CHUNK // len(blocks[0]))
        for start in range(0, len(blocks), together):
            part = blocks[start : start + together]
            values = []
            with torch.inference_mode():
                for rows in part:
                    batch = inputs.batch(rows)
                    values.append(extract({name: tensor.to(device) for name, tensor in batch.items()}))
                found = torch.cat(values).float().cpu().numpy()
            self._store(np.concatenate(part), found, len(inputs))
            if on_progress:
                on_progress(min(start + together, len(blocks)), len(blocks))

    def _store(self, rows: np.ndarray, values: np.ndarray, total: int) -> None:
        if not np.isfinite(values).all():
            raise HeadstartError("the network's features are not finite", hint="Choose another candidate")
        if self._table is None:
            self._table = self._create((total, values.shape[1] + 1))
            self._done = np.zeros(total, dtype=bool)
        assert self._done is not None
        self._table[rows, :-1] = values
        self._table[rows, -1] = 1
        self._done[rows] = True
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self._flush()

    def _create(self, shape: tuple[int, int]) -> np.ndarray:
        """Make an empty table on disk, or in memory where the disk does not take it."""
        partial = self._file.with_suffix(f".{os.getpid()}.partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            table = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
            _claim_space(partial)
            partial.replace(self._file)
        except OSError as error:
            partial.unlink(missing_ok=True)
            self.notes.append(f"features are kept in memory only: {error.strerror or error}")
            return np.zeros(shape, dtype=np.float32)
        return table

    def _flush(self) -> None:
        if isinstance(self._table, np.memmap):
            self._table.flush()
        self._flushed = time.monotonic()


def block_starts(inputs: Inputs, order: np.ndarray, device: str) -> np.ndarray:
    """Where blocks begin in the examples by length: as many together as a processor's caches hold.

    Args:
        inputs: The whole data set (N examples).
        order: Of the examples, the shortest first (N,).
        device: ``cpu`` or ``cuda``.
    """
    total, lengths = len(order), inputs.lengths[order]
    if device != "cpu":
        return np.arange(0, total, GPU_BLOCK)
    if not total or lengths[-1] <= 1:
        size = _of_numbers(inputs, order[:1])
        return np.arange(0, total, size)
    starts, start = [], 0
    while start < total:
        starts.append(start)
        longest = max(1, lengths[min(start + MOST, total) - 1])
        start += int(np.clip(TOKENS // longest, FEWEST, MOST))
    return np.asarray(starts)


def _of_numbers(inputs: Inputs, example: np.ndarray) -> int:
    """Examples of a block where all are alike, by the numbers that one of them consists of."""
    numbers = sum(tensor.numel() for tensor in inputs.batch(example).values()) if len(example) else 1
    return int(np.clip(NUMBERS // max(1, numbers), FEWEST, 2 * MOST))


def _claim_space(file: Path) -> None:
    """Take the file's blocks now: a full disk is an error here, but kills the process that writes to a map.

    Raises:
        OSError: There is no room.
    """
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, file.stat().st_size)
