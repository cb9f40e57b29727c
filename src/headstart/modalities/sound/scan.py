"""One look at every sound: is it readable, how long, how loud, at which rate and in how many channels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from headstart.core.hardware import available_cores
from headstart.data.cache import load_arrays, save_arrays
from headstart.data.progress import progress
from headstart.modalities.sound.decoding import UnreadableSoundError, decode, import_decoders

SCAN_VERSION = 1  # raise it when a field changes its meaning
CHUNK = 64  # sounds that a thread decodes at once
SILENCE = 1e-10  # mean power below which decibels are not counted


@dataclass(eq=False)
class SoundScan:
    """What is known about N sounds without keeping their samples.

    Attributes:
        digests: Hash of the encoded bytes, (N, 16) uint8.
        problems: Why a sound is unreadable, (N,) str; empty where it is fine.
        keys: Hash of the decoded samples at 16 bits, (N,) uint64.
        rates: Samples a second, (N,) int32.
        channels: (N,) int32.
        seconds: Length, (N,) float64.
        decibels: Mean power against full scale, (N,) float64.
        peaks: Largest size of a sample, (N,) float64.
        kinds: Form of the file, such as ``WAV``, (N,) str.
        cut_off: Whether the file ends before its header says, (N,) bool.
    """

    digests: np.ndarray
    problems: np.ndarray
    keys: np.ndarray
    rates: np.ndarray
    channels: np.ndarray
    seconds: np.ndarray
    decibels: np.ndarray
    peaks: np.ndarray
    kinds: np.ndarray
    cut_off: np.ndarray

    def take(self, rows: np.ndarray) -> SoundScan:
        """The scan of some of the sounds, in the order given."""
        return SoundScan(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def scan_sounds(sources: Sequence[bytes | Path | None], folder: Path) -> SoundScan:
    """Look at every sound once; later calls with the same bytes read the result from the cache.

    Args:
        sources: N encoded sounds or files; None where there is none.
        folder: The cache.

    Raises:
        SourceError: The decoders are not installed.
    """
    soundfile, _ = import_decoders()
    digests = np.zeros((len(sources), 16), dtype=np.uint8)

    def digest(row: int) -> None:
        digests[row] = np.frombuffer(_digest(sources[row]), dtype=np.uint8)

    each(digest, len(sources), "reading files")
    stamp = f"sounds {SCAN_VERSION} {soundfile.__version__}".encode()
    name = hashlib.blake2b(stamp + digests.tobytes(), digest_size=12).hexdigest()
    path = folder / "scans" / f"{name}.npz"
    names = tuple(field.name for field in fields(SoundScan) if field.name != "digests")
    if stored := load_arrays(path, names):
        return SoundScan(digests=digests, **stored)
    scan = _look(sources, digests)
    save_arrays(path, {name: getattr(scan, name) for name in names})
    return scan


def each(work: Callable[[int], None], count: int, what: str) -> None:
    """Call ``work(row)`` for every row below ``count``, on all cores: decoders work outside Python's lock."""
    with progress(what, count) as step:

        def run(start: int) -> None:
            for row in range(start, min(start + CHUNK, count)):
                work(row)
            step(min(start + CHUNK, count))

        starts = range(0, count, CHUNK)
        if len(starts) < 2:
            list(map(run, starts))
        else:
            with ThreadPoolExecutor(min(available_cores(), len(starts))) as pool:
                list(pool.map(run, starts))


def _look(sources: Sequence[bytes | Path | None], digests: np.ndarray) -> SoundScan:
    count = len(sources)
    problems, kinds = [""] * count, [""] * count
    keys = np.zeros(count, dtype=np.uint64)
    whole = np.zeros((2, count), dtype=np.int32)
    figures = np.zeros((3, count))
    cut_off = np.zeros(count, dtype=bool)

    def look(row: int) -> None:
        source = sources[row]
        if source is None:
            problems[row] = "no sound in this row"
            return
        try:
            sound = decode(source)
        except UnreadableSoundError as error:
            problems[row] = str(error)
            return
        power = float(np.square(sound.samples, dtype=np.float64).mean())
        whole[:, row] = sound.rate, sound.channels
        figures[:, row] = sound.seconds, 10 * np.log10(max(power, SILENCE)), np.abs(sound.samples).max()
        rounded = np.round(sound.samples * 32767).astype(np.int32)
        held = hashlib.blake2b(rounded.tobytes(), digest_size=8, key=f"{sound.rate} {sound.seconds:.4f}".encode())
        keys[row] = int.from_bytes(held.digest(), "big")
        kinds[row], cut_off[row] = sound.kind, sound.cut_off

    each(look, count, "reading sounds")
    problem, kind = np.array(problems, dtype=str), np.array(kinds, dtype=str)
    return SoundScan(digests, problem, keys, whole[0], whole[1], figures[0], figures[1], figures[2], kind, cut_off)


def _digest(source: bytes | Path | None) -> bytes:
    content = source if isinstance(source, bytes) else b""
    if isinstance(source, Path):
        try:
            content = source.read_bytes()
        except OSError as error:
            content = str(error).encode()
    return hashlib.blake2b(content, digest_size=16).digest()
