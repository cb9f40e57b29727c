"""Sounds in files and bytes as samples: decoded by soundfile, mixed to one channel, resampled by soxr.

Both libraries stand in the extra ``sound``; nothing else here imports them.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import SourceError, reason_of

RATE = 16_000  # samples a second of everything that networks read
LONGEST = 60.0  # seconds that are decoded of a sound; networks read less
SOUND_SUFFIXES = frozenset(".wav .flac .ogg .oga .opus .mp3 .aif .aiff .au .w64".split())
PCM_BITS = {8, 16, 24, 32, 64}
SLOWEST, FASTEST = 1_000, 400_000  # samples a second; other figures are damaged headers
MOST_CHANNELS = 64


class UnreadableSoundError(Exception):
    """A sound that cannot be used, and why; becomes a finding or a DataError."""


@dataclass(frozen=True)
class Sound:
    """One decoded sound.

    Attributes:
        samples: Mean over channels, (S,) fp32, full scale at 1; its first :data:`LONGEST` seconds.
        rate: Samples a second, as the file has it.
        channels: That were mixed.
        seconds: Length of the whole.
        kind: Form of the file, such as ``WAV``.
        cut_off: Whether the file ends before its header says.
    """

    samples: np.ndarray
    rate: int
    channels: int
    seconds: float
    kind: str
    cut_off: bool = False


def begins_like_sound(start: bytes) -> bool:
    """Whether bytes begin as WAV, FLAC, Ogg, MP3 or AIFF files do."""
    riff = start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE"
    aiff = start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC")
    frame = len(start) > 2 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0 and start[1] & 0x06 == 0x02
    return riff or aiff or frame or start[:4] in (b"fLaC", b"OggS", b".snd") or start[:3] == b"ID3"


def import_decoders() -> tuple[Any, Any]:
    """Import soundfile and soxr.

    Raises:
        SourceError: One is not installed.
    """
    try:
        import soundfile
        import soxr
    except (ImportError, OSError) as error:  # OSError where soundfile lacks its library
        raise SourceError(
            f"sounds cannot be read: {getattr(error, 'name', None) or reason_of(error)} is not installed",
            hint="pip install 'headstart[sound]'",
        ) from None
    return soundfile, soxr


def decode(source: bytes | Path) -> Sound:
    """Decode a file, or the bytes of one.

    Raises:
        UnreadableSoundError: It is no sound, or a damaged one.
        SourceError: The decoders are not installed.
    """
    soundfile, _ = import_decoders()
    start = _start_of(source)
    try:
        with soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else str(source)) as file:
            rate, channels, frames, kind = file.samplerate, file.channels, file.frames, file.format
            if not SLOWEST <= rate <= FASTEST or channels > MOST_CHANNELS:
                raise UnreadableSoundError(f"its header says {rate:,} samples a second in {channels:,} channels")
            wanted = min(frames, int(LONGEST * rate)) if frames > 0 else int(LONGEST * rate)
            values = file.read(wanted, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, OSError, MemoryError) as error:
        raise UnreadableSoundError(_reason(error, start)) from None
    if not len(values):
        raise UnreadableSoundError("it holds no samples")
    if not np.isfinite(values).all():
        raise UnreadableSoundError("its samples are not all numbers (NaN or infinite)")
    short = len(values) < wanted if 0 < frames < 2**62 else False
    seconds = (len(values) if short or frames <= 0 else frames) / rate
    mono = np.ascontiguousarray(values.mean(1, dtype=np.float32) if channels > 1 else values[:, 0])
    return Sound(mono, rate, channels, seconds, kind, short or _ends_early(start, source))


def resampled(samples: np.ndarray, rate: int, wanted: int = RATE) -> np.ndarray:
    """Samples (S,) of one rate at another, (S',) fp32."""
    if rate == wanted:
        return np.asarray(samples, dtype=np.float32)
    _, soxr = import_decoders()
    return np.asarray(soxr.resample(np.asarray(samples, dtype=np.float32), rate, wanted), dtype=np.float32)


def _start_of(source: bytes | Path) -> bytes:
    """The first kilobytes.

    Raises:
        UnreadableSoundError: There is no such file, or nothing in it.
    """
    try:
        if isinstance(source, bytes):
            start = source[:4096]
        else:
            with source.open("rb") as stream:
                start = stream.read(4096)
    except FileNotFoundError:
        raise UnreadableSoundError("no such file") from None
    except OSError as error:
        raise UnreadableSoundError(error.strerror or reason_of(error)) from None
    if not start:
        raise UnreadableSoundError("the file is empty")
    return start


def _reason(error: Exception, start: bytes) -> str:
    """What is wrong with a file that cannot be decoded, in words."""
    if not begins_like_sound(start):
        return "it is no sound that can be decoded"
    bits = _bits(start)
    if bits is not None and bits not in PCM_BITS:
        return f"it has {bits} bits a sample, which is not read"
    said = reason_of(error).rpartition(": ")[2].strip().rstrip(".")
    return f"it is damaged ({said[:1].lower()}{said[1:]})"


def _chunk(start: bytes, name: bytes) -> int:
    """Where a chunk of a WAV file begins in its first bytes; -1 where it does not."""
    return start.find(name, 12) if start[:4] == b"RIFF" else -1


def _bits(start: bytes) -> int | None:
    """Bits a sample, as a WAV file's header has it."""
    place = _chunk(start, b"fmt ")
    return struct.unpack_from("<H", start, place + 22)[0] if 0 < place <= len(start) - 24 else None


def _ends_early(start: bytes, source: bytes | Path) -> bool:
    """Whether a WAV file is shorter than its header says, which decoders do not report."""
    place = _chunk(start, b"data")
    if not 0 < place <= len(start) - 8:
        return False
    said = int(struct.unpack_from("<I", start, place + 4)[0])
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    return 0 < said < 0x7FFF0000 and place + 8 + said > size  # streams write a length that is none
