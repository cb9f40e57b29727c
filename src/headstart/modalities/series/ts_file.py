"""Files ``.ts`` of the UEA and UCR archives: a header of ``@`` lines, then a series a line after ``@data``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from headstart.core import DataError
from headstart.data.encodings import read_text_file
from headstart.modalities.series.found import Found
from headstart.modalities.series.items import Numbers, Series

CODE = "Series files begin with @problemName and @data; this one may be source code or a video: leave it out"


def is_ts(path: Path) -> bool:
    """Whether a file ending in ``.ts`` holds series: TypeScript and videos end so too."""
    if path.suffix.lower() != ".ts":
        return False
    with open(path, "rb") as file:
        start = file.read(4096)
    lines = [line.strip() for line in start.replace(b"\xef\xbb\xbf", b"").splitlines()]
    first = next((line for line in lines if line and not line.startswith((b"#", b"%"))), b"")
    return first.lower().startswith((b"@problemname", b"@timestamps", b"@univariate", b"@classlabel", b"@data"))


def read_ts(path: Path) -> Found:
    """Read a file: channels between colons, values between commas, ``?`` or NaN where one is missing, the label last.

    Raises:
        DataError: It has no data or no labels, or values with their times.
    """
    header: dict[str, list[str]] = {}
    found = Found([], [], [])
    data = False
    for number, line in enumerate(read_text_file(path).text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith(("#", "%")) and not data:
            continue
        if not data and line.startswith("@"):
            word, *values = line.split()
            data = word.lower() == "@data"
            header[word.lower()] = values
            continue
        if not data:
            raise DataError("There is text before @data", place=f"{path}, line {number}", hint=CODE)
        if number and not found.ids:
            _check(header, path)
        if line.startswith("(") or ":(" in line:
            raise DataError(
                "Values stand with their times, as (time, value)",
                place=f"{path}, line {number}",
                hint="Resample them to one rate, and write the values alone",
            )
        *channels, label = line.split(":")
        found.series.append(_series(channels))
        found.labels.append(label.strip() or None)
        found.ids.append(f"{path.name}:{number}")
    if not found.ids:
        raise DataError("The file holds no series", place=str(path), hint="Write them below @data, one a line")
    return found


def _check(header: dict[str, list[str]], path: Path) -> None:
    said = [word.lower() for word in header.get("@classlabel", ["true"])]
    if said[:1] == ["false"] or "@targetlabel" in header:
        raise DataError(
            "The series have no classes (@classLabel false)",
            place=str(path),
            hint="Give a file for classification; forecasting and regression are not supported",
        )


def _series(channels: list[str]) -> Series:
    if not channels:
        return Series(np.empty((1, 0), np.float32), trouble="there is no colon between values and label")
    rows = [_row(channel) for channel in channels]
    broken = next((word for row in rows if isinstance(row, str) for word in [row]), None)
    if broken is not None:
        return Series(np.empty((1, 0), np.float32), trouble=f"{broken!r} is no number")
    whole = [row for row in rows if not isinstance(row, str)]
    longest = max(map(len, whole))
    if min(map(len, whole)) < longest:
        return Series(np.empty((1, 0), np.float32), trouble="its channels differ in length")
    return Series(np.stack(whole))


def _row(text: str) -> Numbers | str:
    """Values of a channel, or the first that is no number."""
    words = text.split(",")
    try:
        return np.array([np.nan if word.strip() in ("?", "") else float(word) for word in words], dtype=np.float32)
    except ValueError:
        return next(word.strip()[:20] for word in words if not _is_number(word))


def _is_number(word: str) -> bool:
    try:
        float(word.strip().replace("?", "nan") or "nan")
    except ValueError:
        return False
    return True
