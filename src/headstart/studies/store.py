"""One SQLite file: a row for each finished trial, and the study's state. Only the driver writes."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from headstart.core import BundleError, Measurement, Record, TrialSpec
from headstart.studies.state import STATE_VERSION, StudyRecord
from headstart.studies.trials import Trial
from headstart.training import Outcome

R = TypeVar("R", bound=Record)
FILE = "study.sqlite"
STORE_VERSION = 2  # of the tables; SQLite's user_version
_TABLES = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trials (
    key TEXT PRIMARY KEY, spec TEXT NOT NULL, measurement TEXT NOT NULL,
    started REAL NOT NULL, ended REAL NOT NULL, predictions BLOB
);
"""


class Store:
    """Trials and state of one study.

    Args:
        folder: The study's folder; created if need be.

    Raises:
        BundleError: The folder cannot be written, or holds a store of another version.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self._trials: dict[str, Trial] | None = None
        self._opened: sqlite3.Connection | None = None
        file = folder / FILE
        with self._explained("opened"):
            if read_only and not file.exists():
                raise BundleError(
                    "no study here", place=str(folder), hint="Give the folder that `headstart study` named"
                )
            if read_only:
                self._opened = _connect_read_only(file)
            else:
                folder.mkdir(parents=True, exist_ok=True)
                self._opened = sqlite3.connect(file, timeout=20.0, check_same_thread=False)
                self._connection.execute("PRAGMA journal_mode=WAL")
                # each commit waits for the disk: a finished trial survives a power cut too
                self._connection.execute("PRAGMA synchronous=FULL")
            self._check_version(read_only)

    @classmethod
    def open_readonly(cls, folder: Path) -> Store:
        """Open a study without changing a byte of its folder.

        Raises:
            BundleError: There is no study, or another version made it.
        """
        return cls(folder, read_only=True)

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._opened is not None
        return self._opened

    def copy_to(self, folder: Path) -> None:
        """Copy trials and state into another folder."""
        with self._explained("copied"), sqlite3.connect(folder / FILE) as copy:
            self._connection.backup(copy)
        copy.close()

    def record(self) -> StudyRecord | None:
        """The state as it was stored last; None in a new store."""
        text = self._value("record")
        return None if text is None else _read(StudyRecord, text, self.folder)

    def set_record(self, record: StudyRecord) -> None:
        """Store the state."""
        self._set("record", record.to_json())

    def summary(self) -> dict[str, Any] | None:
        """The last answer that was written; None before the first."""
        text = self._value("summary")
        if text is None:
            return None
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise BundleError("the study's stored answer is damaged", place=str(self.folder), hint=AGAIN)
        return document

    def set_summary(self, summary: Mapping[str, Any]) -> None:
        """Store an answer."""
        self._set("summary", json.dumps(summary))

    def trials(self) -> list[Trial]:
        """Every stored trial in the order in which they ended."""
        if self._trials is None:
            with self._explained("read"):
                rows = self._connection.execute(
                    "SELECT spec, measurement, started, ended FROM trials ORDER BY ended, key"
                ).fetchall()
            loaded = [
                Trial(_read(TrialSpec, spec, self.folder), _read(Measurement, shown, self.folder), started, ended)
                for spec, shown, started, ended in rows
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
        with self._explained("written"), self._connection:
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
        failed = [trial.key for trial in self.trials() if not trial.succeeded]
        with self._explained("written"), self._connection:
            self._connection.executemany("DELETE FROM trials WHERE key = ?", [(key,) for key in failed])
        self._trials = None

    def predictions(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Example indices (M,) and probabilities (M, classes) of a finished trial."""
        with self._explained("read"):
            row = self._connection.execute("SELECT predictions FROM trials WHERE key = ?", (key,)).fetchone()
        if row is None or row[0] is None:
            raise BundleError(f"trial {key} holds no predictions", place=str(self.folder), hint=AGAIN)
        try:
            with np.load(io.BytesIO(row[0]), allow_pickle=False) as arrays:
                return arrays["measured"].astype(np.int64), arrays["probabilities"].astype(np.float32)
        except (ValueError, OSError, KeyError, EOFError) as error:
            raise BundleError(
                f"the predictions of trial {key} are damaged ({error})", place=str(self.folder), hint=AGAIN
            ) from None

    def _value(self, name: str) -> str | None:
        with self._explained("read"):
            row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def _set(self, name: str, value: str) -> None:
        with self._explained("written"), self._connection:
            self._connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def _check_version(self, read_only: bool) -> None:
        """Make the tables of a new store; refuse those of another version in one line."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables and not read_only:
            self._connection.executescript(f"{_TABLES} PRAGMA user_version = {STORE_VERSION};")
        elif version != STORE_VERSION:
            self.close()
            older = version < STORE_VERSION
            raise BundleError(
                f"the study was made by {'an earlier' if older else 'a later'} version of Headstart, whose "
                f"measurements are not comparable with this one's",
                place=str(self.folder),
                hint="Its report.html, recommendation.json and model/ stay usable; start a new study with --out"
                if older
                else "Upgrade Headstart: pip install --upgrade headstart",
            )

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        """Turn what the database or the disk says into one line."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if done == "opened":
                self.close()
            text = str(error)
            hint = "Give a folder you may write to with --out"
            if "locked" in text:
                hint = "Another process holds the file; wait for it, then run the same command again"
            elif "full" in text or "disk I/O" in text:
                hint = "Make room on the disk and run the same command again; what was finished is kept"
            elif "malformed" in text or "not a database" in text:
                hint = "The file is damaged; start a new study with --out"
            elif done in ("read", "opened") and not isinstance(error, sqlite3.OperationalError):
                hint = AGAIN
            raise BundleError(
                f"the study's store cannot be {done}: {text}", place=str(self.folder / FILE), hint=hint
            ) from None


AGAIN = "Run the `headstart study` command again, or start a new study with --out"


def _connect_read_only(file: Path) -> sqlite3.Connection:
    """Connect without writing: where the folder cannot be written, also without the log of a running driver."""
    uri = file.absolute().as_uri()
    try:
        return _answering(f"{uri}?mode=ro")
    except sqlite3.OperationalError:  # a log in a folder that may not be written: read the file as it is
        return _answering(f"{uri}?mode=ro&immutable=1")


def _answering(uri: str) -> sqlite3.Connection:
    """A connection that has read something."""
    connection = sqlite3.connect(uri, uri=True, timeout=20.0)
    try:
        connection.execute("SELECT name FROM sqlite_master").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _read(kind: type[R], text: str, folder: Path) -> R:
    """Read a stored record; one that a later version wrote is refused in one line."""
    try:
        return kind.from_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BundleError(
            f"the study holds a {kind.__name__} that this version cannot read ({place}: {first['msg']})",
            place=str(folder),
            hint=f"It was written by another version of Headstart (state {STATE_VERSION} is read here), or is damaged",
        ) from None
