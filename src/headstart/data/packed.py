"""Files of other kinds: compressed tables are opened, everything else is refused by what it is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Any

from headstart.core import DataError
from headstart.data.kinds import kind_of_suffix
from headstart.data.table_suffixes import TABLE_SUFFIXES

PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zip")
MAX_UNPACKED = 4 * 2**30  # bytes; more does not fit beside the rows made of it
CHUNK = 2**20
REFUSED: dict[str, tuple[str, str]] = {
    ".xlsx": ("an Excel workbook", "Save the sheet as 'CSV UTF-8' in the spreadsheet program and give that file"),
    ".xls": ("an Excel workbook", "Save the sheet as 'CSV UTF-8' in the spreadsheet program and give that file"),
    ".xlsm": ("an Excel workbook", "Save the sheet as 'CSV UTF-8' in the spreadsheet program and give that file"),
    ".ods": ("a spreadsheet", "Save the sheet as CSV in the spreadsheet program and give that file"),
    ".numbers": ("a spreadsheet", "Export the sheet as CSV and give that file"),
    ".tar": ("an archive", "Unpack it and give the folder: tar -xf FILE"),
    ".tgz": ("an archive", "Unpack it and give the folder: tar -xf FILE"),
    ".7z": ("an archive", "Unpack it and give the folder"),
    ".rar": ("an archive", "Unpack it and give the folder"),
    ".zst": ("a compressed file", "Unpack it first: zstd -d FILE"),
    ".npz": ("a file of arrays", "Write the pictures as PNG files in one folder per class"),
    ".npy": ("a file of arrays", "Write the pictures as PNG files in one folder per class"),
    ".mat": ("a MATLAB file", "Write the pictures as PNG files in one folder per class, or the texts as CSV"),
    ".h5": ("an HDF5 file", "Write the pictures as PNG files in one folder per class, or the table as Parquet"),
    ".hdf5": ("an HDF5 file", "Write the pictures as PNG files in one folder per class, or the table as Parquet"),
    ".pkl": ("a pickle, which can run code when it is opened", "Save the table as Parquet: frame.to_parquet(...)"),
    ".pickle": ("a pickle, which can run code when it is opened", "Save the table as Parquet: frame.to_parquet(...)"),
    ".tfrecord": ("a file of TensorFlow records", "Write the table as Parquet, or class folders"),
    ".db": ("a database", "Export the table as CSV"),
    ".sqlite": ("a database", "Export the table as CSV"),
    ".xml": ("an XML file", "Write the table as CSV or JSON lines"),
    ".yaml": ("a YAML file", "Write the table as CSV or JSON lines"),
    ".yml": ("a YAML file", "Write the table as CSV or JSON lines"),
    ".html": ("a web page", "Write the table as CSV or JSON lines"),
    ".pdf": ("a PDF document", "Write the texts as CSV or as .txt files in one folder per class"),
    ".docx": ("a Word document", "Write the texts as CSV or as .txt files in one folder per class"),
    ".doc": ("a Word document", "Write the texts as CSV or as .txt files in one folder per class"),
    ".rtf": ("a Word document", "Write the texts as CSV or as .txt files in one folder per class"),
    ".m4a": ("a sound", "Convert the sounds: ffmpeg -i FILE.m4a FILE.wav"),
    ".wma": ("a sound", "Convert the sounds: ffmpeg -i FILE.wma FILE.wav"),
    ".mp4": ("a video", "Write its frames as image files in one folder per class"),
    ".avi": ("a video", "Write its frames as image files in one folder per class"),
    ".mov": ("a video", "Write its frames as image files in one folder per class"),
    ".dcm": ("a DICOM picture", "Write the pictures as PNG files"),
    ".nii": ("a NIfTI volume", "Write the slices as PNG files"),
    ".svg": ("a vector drawing", "Write the drawings as PNG files"),
    ".dng": ("a raw photograph", "Develop the photographs to JPEG files"),
    ".cr2": ("a raw photograph", "Develop the photographs to JPEG files"),
    ".nef": ("a raw photograph", "Develop the photographs to JPEG files"),
    ".arw": ("a raw photograph", "Develop the photographs to JPEG files"),
}


def inner_suffix(path: Path) -> str:
    """Return the ending that says how a file is read: of ``a.csv.gz`` it is ``.csv``."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in PACKED_SUFFIXES else suffix


def unpacked(path: Path) -> tuple[bytes, str]:
    """Read a compressed file, or a zip file with one table in it.

    Args:
        path: Ends in one of ``PACKED_SUFFIXES``.

    Returns:
        The content, and the ending of what was inside.

    Raises:
        DataError: It is damaged, holds several files or class folders, or more than fits into memory.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".zip":
            return _from_zip(path, TABLE_SUFFIXES)
        inner = inner_suffix(path)
        if inner not in TABLE_SUFFIXES:
            unpack = "tar -xf FILE" if inner == ".tar" else "gunzip FILE"
            raise DataError(
                f"A compressed file ({inner + suffix}) is not read" if inner else f"A {suffix} file is not read",
                place=str(path),
                hint=f"Unpack it first: {unpack}",
            )
        opener: Any = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}[suffix]
        with opener(path) as stream:
            return _whole(stream, path), inner
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as e:
        raise DataError(
            f"The file cannot be unpacked ({str(e)[:80] or type(e).__name__})",
            place=str(path),
            hint="Copy it again, or unpack it yourself and give what is inside",
        ) from e


def refuse(path: Path, formats: str) -> DataError:
    """Return the error for a file of a kind that is not read."""
    suffix = path.suffix.lower()
    kind = kind_of_suffix(suffix)
    if kind is not None and kind.beside:
        hint = f"Give the folder that holds one folder of {kind.nouns} per class"
        return DataError(f"The file is {kind.one}, and a data set needs many", place=str(path), hint=hint)
    if suffix in REFUSED:
        what, hint = REFUSED[suffix]
        return DataError(f"The file is {what} ({suffix!r}), which is not read", place=str(path), hint=hint)
    return DataError(f"Files ending in {suffix or 'nothing'!r} are not read", place=str(path), hint=formats)


def _from_zip(path: Path, suffixes: tuple[str, ...]) -> tuple[bytes, str]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
        tables = [name for name in names if PurePosixPath(name).suffix.lower() in suffixes]
        if len(tables) != 1 or len(names) > 1 + sum("readme" in name.lower() for name in names):
            folders = len({str(PurePosixPath(name).parent) for name in names})
            raise DataError(
                f"A zip file with {len(names):,} file{'s' * (len(names) != 1)} in {folders:,} "
                f"folder{'s' * (folders != 1)} is not read",
                place=str(path),
                hint=f"Unpack it and give the folder: unzip {path.name}",
            )
        with archive.open(tables[0]) as stream:
            return _whole(stream, path), PurePosixPath(tables[0]).suffix.lower()


def _whole(stream: IO[bytes], path: Path) -> bytes:
    """Read to the end, but never more than memory can take: a few kilobytes can unpack to terabytes."""
    content = io.BytesIO()
    while chunk := stream.read(CHUNK):
        content.write(chunk)
        if content.tell() > MAX_UNPACKED:
            raise DataError(
                f"The file unpacks to more than {MAX_UNPACKED // 2**30} GB", place=str(path), hint="Give a part of it"
            )
    return content.getvalue()
