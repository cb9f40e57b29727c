"""The study's memory: one SQLite file, to which only the driver writes, a row for each finished trial."""

from __future__ import annotations

import io
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headstart.core import BundleError, Measurement, TrialSpec
from headstart.training import Outcome

FILE = "study.sqlite"
STORE_VERSION = 1
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trials (
    key TEXT PRIMARY KEY, spec TEXT NOT NULL, measurement TEXT NOT NULL,
    started REAL NOT NULL, ended REAL NOT NULL, predictions BLOB
);
"""


@dataclass(frozen=True)
class Trial:
    """A stored trial. ``started`` and ``ended`` are seconds of the study's own clock."""

    spec: TrialSpec
    measurement: Measurement
    started: float
    ended: float

    @property
    def key(self) -> str:
        """Identity of the trial."""
        return self.spec.key


class Store:
    """Trials and facts of one study.

    Args:
        folder: The study's folder; created if need be.

    Raises:
        BundleError: The folder cannot be written, or holds a store of another version.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        file = folder / FILE
        if read_only and not file.exists():
            raise BundleError("no study here", place=str(folder), hint="Give the folder that `headstart study` named")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(file, timeout=5.0)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise BundleError(
                f"the study's folder cannot be used: {error}",
                place=str(folder),
                hint="Give a folder you may write to with --out",
            ) from None
        version = self.fact("store_version")
        if version is None:
            self.set_fact("store_version", str(STORE_VERSION))
        elif int(version) != STORE_VERSION:
            raise BundleError(
                f"the study was made by another version (store {version}, this one reads {STORE_VERSION})",
                place=str(folder),
                hint="Start a new study with --out",
            )
        self._trials: dict[str, Trial] | None = None

    def copy_to(self, folder: Path) -> None:
        """Copy trials and facts into another folder, and close this store."""
        with sqlite3.connect(folder / FILE) as copy:
            self._connection.backup(copy)
        copy.close()
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def fact(self, name: str) -> str | None:
        """A stored text, or None."""
        row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_fact(self, name: str, value: str) -> None:
        """Store a text under a name."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def trials(self) -> list[Trial]:
        """Every stored trial in the order in which they ended."""
        if self._trials is None:
            rows = self._connection.execute(
                "SELECT spec, measurement, started, ended FROM trials ORDER BY ended, key"
            ).fetchall()
            loaded = [
                Trial(TrialSpec.from_json(spec), Measurement.from_json(measurement), started, ended)
                for spec, measurement, started, ended in rows
            ]
            self._trials = {trial.key: trial for trial in loaded}
        return list(self._trials.values())

    def find(self, key: str) -> Trial | None:
        """The trial with this key, if it has finished."""
        self.trials()
        return (self._trials or {}).get(key)

    def add(self, spec: TrialSpec, outcome: Outcome, started: float, ended: float) -> Trial:
        """Store a finished trial; it is on disk when this returns."""
        blob = None
        if outcome.measurement.succeeded:
            stream = io.BytesIO()
            measured, probabilities = outcome.measured.astype(np.int32), outcome.probabilities.astype(np.float16)
            np.savez_compressed(stream, measured=measured, probabilities=probabilities)
            blob = stream.getvalue()
        trial = Trial(spec, outcome.measurement, started, ended)
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO trials VALUES (?, ?, ?, ?, ?, ?)",
                (spec.key, spec.to_json(), outcome.measurement.to_json(), started, ended, blob),
            )
        self.trials()
        assert self._trials is not None
        self._trials[spec.key] = trial
        return trial

    def forget_failures(self) -> None:
        """Remove failed trials, so that they are tried again."""
        failed = [trial.key for trial in self.trials() if not trial.measurement.succeeded]
        with self._connection:
            self._connection.executemany("DELETE FROM trials WHERE key = ?", [(key,) for key in failed])
        self._trials = None

    def predictions(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Example indices (M,) and probabilities (M, classes) of a finished trial."""
        row = self._connection.execute("SELECT predictions FROM trials WHERE key = ?", (key,)).fetchone()
        if row is None or row[0] is None:
            raise BundleError(f"trial {key} holds no predictions", place=str(self.folder))
        with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
            return arrays["measured"].astype(np.int64), arrays["probabilities"].astype(np.float32)


def now() -> float:
    """Seconds of a clock that never goes back."""
    return time.monotonic()
