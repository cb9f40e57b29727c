"""Arrays of numpy: ``.npz`` with series and labels, ``.npy`` with the labels in a file beside it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from headstart.core import DataError
from headstart.data.parts import Part
from headstart.modalities.series.found import Found
from headstart.modalities.series.items import Series, array_in

VALUES = ("x", "data", "series", "signals", "signal", "values", "samples")
LABELS = ("y", "label", "labels", "target", "targets", "classes")
GROUPS = ("group", "groups", "record", "records", "subject", "subjects", "patient", "patients")
RATES = ("rate", "fs", "sampling_rate", "sample_rate", "frequency", "sfreq")
LENGTHS = ("lengths", "length")
PARTS: dict[str, Part] = {"": "train", "_train": "train", "_test": "test", "_val": "validation", "_valid": "validation"}
FORM = "Save them with numpy.savez(file, x=..., y=...): x (series, channels, time), y a label each"


def is_array_file(path: Path) -> bool:
    """Whether a file ends as numpy's archives do."""
    return path.suffix.lower() == ".npz"


def read_npz(path: Path) -> Found:
    """Read ``x`` and ``y`` (or ``x_train``, ``y_train``, ``x_test``, ``y_test``), ``groups`` and ``rate`` if there.

    Raises:
        DataError: It holds no such arrays, or they do not fit each other.
    """
    arrays = named_arrays(path)
    found = Found([], [], [], parts=[])
    for end, part in PARTS.items():
        values, labels = _of(arrays, VALUES, end), _of(arrays, LABELS, end)
        if values is None:
            continue
        if labels is None:
            raise DataError(f"There are series, but no labels ({', '.join(arrays)})", place=str(path), hint=FORM)
        lengths, groups = _of(arrays, LENGTHS, end), _of(arrays, GROUPS, end)
        rate = _of(arrays, RATES, "")
        add(found, path, values, labels, part, groups, float(rate) if rate is not None and rate.ndim == 0 else 0.0)
        if lengths is not None and lengths.shape == (len(values),):
            _shorten(found, lengths)
    if not found.ids:
        raise DataError(f"There are no series in it ({', '.join(arrays) or 'nothing'})", place=str(path), hint=FORM)
    return found


def named_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a ``.npz`` file by their names in lower case.

    Raises:
        DataError: It is damaged, or holds Python objects.
    """
    try:
        # opened here: numpy leaves a damaged file open
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name.lower().replace("-", "_"): archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        reason = "it holds Python objects" if "pickle" in str(error).lower() else "it is damaged"
        raise DataError(f"This is a file of arrays that cannot be read: {reason}", place=str(path), hint=FORM) from None


def labels_beside(path: Path) -> Path | None:
    """The file with the labels of a ``.npy`` file: ``y.npy`` beside ``X.npy``, ``labels_train`` beside ``x_train``."""
    stem = path.stem.lower()
    for name in VALUES:
        if stem == name or stem.startswith(f"{name}_"):
            end = stem[len(name) :]
            for other in LABELS:
                wanted = f"{other}{end}.npy"
                beside = [one for one in path.parent.iterdir() if one.name.lower() == wanted]
                if beside:
                    return beside[0]
    return None


def read_npy(path: Path, labels: Path) -> Found:
    """Read series (N, T) or (N, C, T), and the labels beside them.

    Raises:
        DataError: One of them is no array of that form.
    """
    found = Found([], [], [], parts=[])
    add(found, path, _loaded(path), _loaded(labels), None, None, 0.0)
    found.parts = None
    found.said.append(f"Labels of {path.name} are in {labels.name}")
    return found


def add(
    found: Found,
    path: Path,
    values: np.ndarray,
    labels: np.ndarray,
    part: Part | None,
    groups: np.ndarray | None,
    rate: float,
) -> None:
    """Add the series of one array (N, T) or (N, C, T).

    Raises:
        DataError: Labels, groups and series are not equally many, or the array has another form.
    """
    if values.ndim not in (2, 3) or values.dtype.kind not in "fiub":
        raise DataError(f"An array {values.shape} of {values.dtype} holds no series", place=str(path), hint=FORM)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (len(values),):
        raise DataError(
            f"There are {len(values):,} series and labels of the form {labels.shape}", place=str(path), hint=FORM
        )
    if groups is not None and groups.shape != (len(values),):
        raise DataError(
            f"There are {len(values):,} series and groups of the form {groups.shape}", place=str(path), hint=FORM
        )
    start = len(found.ids)
    shaped = values.astype(np.float32, copy=False)
    shaped = shaped[:, None] if values.ndim == 2 else shaped
    found.series += [Series(one, rate) for one in shaped]
    found.labels += labels.tolist()
    found.ids += [f"{path.name}:{start + row}" for row in range(len(values))]
    if part is not None and found.parts is not None:
        found.parts += [part] * len(values)
    if groups is not None:
        found.groups = [*(found.groups or [None] * start), *(str(group) for group in groups.tolist())]
        if "Groups are in the array of that name" not in found.said:
            found.said.append("Groups are in the array of that name")


def _shorten(found: Found, lengths: np.ndarray) -> None:
    """Cut the padding of the last series off."""
    for place, length in zip(range(-len(lengths), 0), lengths.tolist(), strict=True):
        series = found.series[place]
        if series is not None:
            found.series[place] = Series(series.values[:, : int(length)], series.rate)


def _of(arrays: dict[str, np.ndarray], names: tuple[str, ...], end: str) -> np.ndarray | None:
    return next((arrays[f"{name}{end}"] for name in names if f"{name}{end}" in arrays), None)


def _loaded(path: Path) -> Any:
    try:
        return array_in(path)
    except (OSError, ValueError, EOFError) as error:
        reason = "it holds Python objects" if "pickle" in str(error).lower() else "it is damaged"
        raise DataError(f"The array cannot be read: {reason}", place=str(path), hint=FORM) from None
