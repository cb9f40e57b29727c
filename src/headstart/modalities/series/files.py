"""Files of many series, and folders of them: which there are, and which part each is."""

from __future__ import annotations

import re
from pathlib import Path

from headstart.core import DataError
from headstart.data.examples import RawExamples
from headstart.data.findings import finding
from headstart.data.listing import Entry, Listing
from headstart.data.parts import Part
from headstart.modalities.series.arff_file import is_arff, read_arff
from headstart.modalities.series.array_file import is_array_file, labels_beside, read_npy, read_npz
from headstart.modalities.series.found import Found, part_in, raw_examples
from headstart.modalities.series.headless import mark_of, read_headless
from headstart.modalities.series.ts_file import is_ts, read_ts

FORMATS = (".ts", ".arff", ".npz", ".npy", ".tsv", ".csv", ".txt", ".dat", ".data", ".tab")  # the best first
OF_ONE_CHANNEL = re.compile(r"Dimension\d+(_|$)")  # files of single channels beside those of all
RECORDINGS = {".edf": "EDF", ".bdf": "BDF", ".hea": "WFDB", ".gdf": "GDF", ".mat": "Matlab"}


def read_file(path: Path) -> RawExamples | None:
    """Read one file of series; None where it is none.

    Raises:
        DataError: It is one that is not read, or a damaged one.
    """
    refuse_recording(path)
    found = read_found(path)
    if found is None:
        return None
    for other in _siblings(path):
        found.said.append(f"{other.name} lies beside it and was not read: give the folder to have both parts")
    return raw_examples(path.name, [found], ["train"])


def read_folder(listing: Listing) -> RawExamples | None:
    """Read the files of series at the top of a folder; None where there are none.

    One format is read: the others hold the same. Files that mean a part by their name are that part.
    """
    top = [entry for entry in listing.entries if entry.kind == "file" and len(entry.inside) == 1]
    own = [entry for entry in top if entry.suffix in FORMATS and not OF_ONE_CHANNEL.search(entry.path.stem)]
    for suffix in FORMATS:
        some = [entry for entry in own if entry.suffix == suffix]
        some = [entry for entry in some if suffix != ".npy" or labels_beside(entry.path) is not None]
        read = [(entry, found) for entry in some if (found := read_found(entry.path)) is not None]
        if read:
            return _joined(listing, read, own)
    for entry in top:
        if not own and entry.suffix in RECORDINGS:
            refuse_recording(entry.path)
    return None


def refuse_recording(path: Path) -> None:
    """Raise for recordings of medical devices and Matlab's files.

    Raises:
        DataError: It is one.
    """
    kind = RECORDINGS.get(path.suffix.lower())
    if kind is not None:
        reader = {"WFDB": "wfdb.rdsamp", "Matlab": "scipy.io.loadmat"}.get(kind, "pyedflib or mne.io.read_raw_edf")
        raise DataError(
            f"{kind} files are not read",
            place=str(path),
            hint=f"Cut windows with {reader}, and save them: numpy.savez('windows.npz', x=..., y=..., groups=...)",
        )


def _joined(listing: Listing, read: list[tuple[Entry, Found]], own: list[Entry]) -> RawExamples:
    """Examples of all files that were read; those that mean no part beside others that do are left out."""
    parts: dict[Entry, Part | None] = {entry: part_in(entry.path.stem) for entry, _ in read}
    if any(parts.values()):
        kept = [(entry, found) for entry, found in read if parts[entry]]
    elif len(read) > 1:
        listed = ", ".join(entry.name for entry, _ in read[:4])
        raise DataError(
            f"{len(read)} files of series, none of them called train or test ({listed})",
            place=str(listing.root),
            hint=f"Give one of them, such as {read[0][0].path}, or name them NAME_TRAIN and NAME_TEST",
        )
    else:
        kept = read
    raw = raw_examples(
        listing.root.resolve().name, [found for _, found in kept], [parts[e] or "train" for e, _ in kept]
    )
    used = {entry for entry, _ in kept}
    labels = {beside.name for entry, _ in kept if entry.suffix == ".npy" and (beside := labels_beside(entry.path))}
    used |= {entry for entry in own if entry.name in labels}
    raw.used_files = used
    raw.found.insert(0, f"Read {', '.join(entry.name for entry, _ in kept)}")
    copies = [entry for entry in own if entry not in used and entry.path.stem in {one.path.stem for one in used}]
    if copies:
        message = f"{', '.join(entry.name for entry in copies[:4])} was taken for the same in another format"
        raw.findings.append(finding("table-copy", "info", message, [entry.relative for entry in copies]))
    return raw


def read_found(path: Path) -> Found | None:
    """What a file of many series holds; None where it is none."""
    if is_ts(path):
        return read_ts(path)
    if is_arff(path):
        return read_arff(path)
    if is_array_file(path):
        return read_npz(path)
    if path.suffix.lower() == ".npy":
        labels = labels_beside(path)
        if labels is not None:
            return read_npy(path, labels)
        return None
    mark = mark_of(path)
    return None if mark is None else read_headless(path, mark)


def _siblings(path: Path) -> list[Path]:
    """The files of other parts beside one, such as ``GunPoint_TEST.ts`` beside ``GunPoint_TRAIN.ts``."""
    part = part_in(path.stem)
    if part is None:
        return []
    rest = re.sub(r"(?i)train(ing)?|test|val(id(ation)?)?", "", path.stem)
    return [
        other
        for other in sorted(path.parent.iterdir())
        if other.suffix == path.suffix
        and other != path
        and part_in(other.stem) not in (None, part)
        and re.sub(r"(?i)train(ing)?|test|val(id(ation)?)?", "", other.stem) == rest
    ]
