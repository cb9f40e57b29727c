"""Sounds in whatever a user gives to a model in Python: paths, bytes, arrays with their rate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import DataError
from headstart.modalities.items import exists, listed
from headstart.modalities.sound.decoding import RATE, Sound, UnreadableSoundError, decode, resampled

FORMS = "paths, bytes of files, arrays at 16 kHz, or {'array': ..., 'sampling_rate': ...}"
Item = Path | bytes | np.ndarray  # an array is (S,) fp32 at 16 kHz


def as_sounds(given: Any, columns: Sequence[str]) -> list[Item]:
    """The sounds in whatever a user gave.

    Raises:
        DataError: There are none, or not in a form that is known.
    """
    single = isinstance(given, dict) or (isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "if")
    values = [given] if single else listed(given, columns)
    sounds = [_sound_of(value, place) for place, value in enumerate(values)]
    if not sounds:
        raise DataError("nothing to predict", hint="Give at least one input")
    return sounds


def samples_of(item: Item, place: int, milliseconds: int) -> tuple[np.ndarray, bool]:
    """An item as samples at 16 kHz (S,) fp32, and whether it was cut.

    Args:
        item: As :func:`as_sounds` gives it.
        place: In its list, for messages.
        milliseconds: That are read at most.

    Raises:
        DataError: It cannot be decoded; it is named by its file, or by its place.
    """
    most = RATE * milliseconds // 1000
    if isinstance(item, np.ndarray):
        return item[:most], len(item) > most
    try:
        sound = decode(item)
    except UnreadableSoundError as error:
        where = str(item) if isinstance(item, Path) else f"input {place + 1}"
        hint = "Leave it out, or save it again as WAV (16 bits)"
        raise DataError(f"The sound cannot be read: {error}", place=where, hint=hint) from error
    return cut(sound, milliseconds), 1000 * sound.seconds > milliseconds


def cut(sound: Sound, milliseconds: int) -> np.ndarray:
    """The beginning of a sound as samples at 16 kHz."""
    kept = sound.samples[: -(-sound.rate * milliseconds // 1000)]
    return resampled(kept, sound.rate)[: RATE * milliseconds // 1000]


def _sound_of(value: Any, place: int) -> Item:
    if isinstance(value, dict) and value.get("array") is not None:  # as `datasets` decodes a sound
        rate = int(value.get("sampling_rate") or RATE)
        return resampled(_mono(value["array"], place), rate)
    if isinstance(value, dict):
        value = value["bytes"] if value.get("bytes") else value.get("path")
    if isinstance(value, str):
        value = Path(value)
    if isinstance(value, Path):
        if not exists(value):
            raise DataError("no such file", place=str(value), hint="This model reads sound files; give their paths")
        return value
    if isinstance(value, bytes):
        return value
    if isinstance(value, np.ndarray | list):
        return _mono(value, place)
    raise DataError(f"a {type(value).__name__} is no sound", place=f"input {place + 1}", hint=f"Give {FORMS}")


def _mono(values: Any, place: int) -> np.ndarray:
    """Samples (S,), or (S, C) and (C, S), mixed to one channel; whole numbers count from their type's full scale."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or not array.size:
        fact = f"an array of shape {array.shape} and type {array.dtype} is no sound"
        raise DataError(fact, place=f"input {place + 1}", hint=f"Give {FORMS}")
    if array.dtype.kind in "iu":
        array = array / float(np.iinfo(array.dtype).max)
    if array.ndim == 2:
        array = array.mean(int(np.argmin(array.shape)))
    if not np.isfinite(array).all():
        fact = "an array holds samples that are no numbers"
        raise DataError(fact, place=f"input {place + 1}", hint="Leave it out, or repair it")
    return np.asarray(array, dtype=np.float32)
