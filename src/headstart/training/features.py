"""Features of a frozen network, computed once for each example and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from headstart.core import HeadstartError
from headstart.models import Inputs, Network

CHUNK = 512


class FeatureCache:
    """A memory-mapped table (N, D) that fills up as rows are asked for.

    Every probe, size and seed reads the same table, so the network runs over each example at most once.

    Args:
        folder: Where tables are kept.
        data_fingerprint: Identity of the data set.
        weights_hash: Identity of the frozen weights (with the seed, for random ones).
    """

    def __init__(self, folder: Path, data_fingerprint: str, weights_hash: str) -> None:
        key = hashlib.blake2b(f"{data_fingerprint}/{weights_hash}/1".encode(), digest_size=10).hexdigest()
        self._file, self._mask_file = folder / f"features-{key}.npy", folder / f"features-{key}-done.npy"
        self._table: np.ndarray | None = None
        self._done: np.ndarray | None = None
        self.notes: list[str] = []

    def missing(self, rows: np.ndarray, total: int) -> np.ndarray:
        """Which of ``rows`` have yet to be computed, out of ``total`` examples."""
        self._open(total)
        return rows if self._done is None else rows[~self._done[rows]]

    def rows(
        self, network: Network, inputs: Inputs, rows: np.ndarray, on_progress: Callable[[int, int], None] | None = None
    ) -> np.ndarray:
        """Features (len(rows), D) in fp32, computed where they are missing."""
        missing = np.unique(self.missing(rows, len(inputs)))
        if len(missing):
            self._fill(network, inputs, missing, on_progress)
        assert self._table is not None
        return np.asarray(self._table[rows])

    def _open(self, total: int) -> None:
        if self._table is not None or not (self._file.exists() and self._mask_file.exists()):
            return
        try:
            table, done = np.load(self._file, mmap_mode="r+"), np.load(self._mask_file)
        except (ValueError, OSError, EOFError):
            return  # a damaged table is computed anew
        if len(table) == total == len(done):
            self._table, self._done = table, done

    def _fill(
        self, network: Network, inputs: Inputs, missing: np.ndarray, on_progress: Callable[[int, int], None] | None
    ) -> None:
        network.eval()
        device = next(network.parameters()).device
        missing = missing[np.argsort(inputs.lengths[missing], kind="stable")]
        for start in range(0, len(missing), CHUNK):
            part = missing[start : start + CHUNK]
            blocks = []
            with torch.inference_mode():
                for begin in range(0, len(part), 128):
                    batch = inputs.batch(part[begin : begin + 128])
                    values = network.features(**{name: tensor.to(device) for name, tensor in batch.items()})
                    blocks.append(values.cpu().numpy())
            self._store(part, np.concatenate(blocks), len(inputs))
            if on_progress:
                on_progress(min(start + CHUNK, len(missing)), len(missing))
        self._flush()

    def _store(self, rows: np.ndarray, values: np.ndarray, total: int) -> None:
        if not np.isfinite(values).all():
            raise HeadstartError("the network's features are not finite", hint="Choose another candidate")
        if self._table is None:
            self._done = np.zeros(total, dtype=bool)
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._table = np.lib.format.open_memmap(
                    self._file, mode="w+", dtype=np.float32, shape=(total, values.shape[1])
                )
            except OSError as error:
                self.notes.append(f"features are kept in memory only: {error.strerror}")
                self._table = np.zeros((total, values.shape[1]), dtype=np.float32)
        assert self._done is not None
        self._table[rows] = values
        self._done[rows] = True

    def _flush(self) -> None:
        """Write the table before the mask, so that a kill in between costs time and never numbers."""
        if not isinstance(self._table, np.memmap):
            return
        self._table.flush()
        partial = self._mask_file.with_suffix(".partial.npy")
        try:
            np.save(partial, self._done)
            partial.replace(self._mask_file)
        except OSError as error:
            self.notes.append(f"features will be computed again next time: {error.strerror}")
