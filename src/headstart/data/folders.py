"""Class folders: the folder's name is the label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from headstart.core import DataError
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, finding, plural
from headstart.data.image import IMAGE_SUFFIXES
from headstart.data.parts import Part, folder_part
from headstart.data.table import FORMATS_HINT
from headstart.data.text import as_text

TEXT_SUFFIXES = frozenset({".txt", ".text"})


def subfolders(folder: Path) -> list[Path]:
    """Folders directly inside, sorted by name, without hidden ones."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not _hidden(path.name))


def read_class_folders(root: Path, name: str) -> RawExamples:
    """Read folders of images (or of .txt files), one for each class, with or without part folders above them.

    Args:
        root: The folder; a single folder inside it that holds the class folders is entered.
        name: The name to display.

    Returns:
        The examples; files are only listed here, not opened (text files are read).

    Raises:
        DataError: There are no class folders, or no files in them that could be examples.
    """
    found: list[str] = []
    base = root
    while True:
        folders = subfolders(base)
        if len(folders) == 1 and not folder_part(folders[0].name) and subfolders(folders[0]):
            base = folders[0]
            found.append(f"The folders are inside {base.relative_to(root).as_posix()!r}")
            continue
        break
    parts = {path: part for path in folders if (part := folder_part(path.name))}
    files: list[tuple[Path, str, Part]] = []
    if parts:
        for folder, part in parts.items():
            files += _labelled_files(folder, part)
        outside = sorted(path.name for path in folders if path not in parts)
        if outside:
            found.append(f"Folders beside the parts were left out: {', '.join(outside[:5])}")
    else:
        files = _labelled_files(base, "train")
    suffixes = IMAGE_SUFFIXES
    chosen = [item for item in files if item[0].suffix.lower() in suffixes]
    if not chosen:
        suffixes = TEXT_SUFFIXES
        chosen = [item for item in files if item[0].suffix.lower() in suffixes]
    if not chosen:
        raise _nothing_found(root, base, files)
    is_text = suffixes is TEXT_SUFFIXES
    what = "text" if is_text else "image"
    classes = sorted({label for _, label, _ in chosen})
    found.append(f"{plural(len(chosen), what)} in {plural(len(classes), 'class folder')}{_part_counts(chosen)}")
    return RawExamples(
        source=name,
        ids=[path.relative_to(root).as_posix() for path, _, _ in chosen],
        labels=[label for _, label, _ in chosen],
        parts=[part for _, _, part in chosen],
        texts=[_read(path) for path, _, _ in chosen] if is_text else None,
        images=None if is_text else [path for path, _, _ in chosen],
        file_names=[path.name for path, _, _ in chosen],
        found=found,
        findings=_left_out(root, base, suffixes, what),
    )


def _labelled_files(folder: Path, part: Part) -> list[tuple[Path, str, Part]]:
    return [(path, child.name, part) for child in subfolders(folder) for path in _visible_files(child)]


def _visible_files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(_hidden(piece) for piece in path.relative_to(folder).parts)
    )


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in {"__pycache__", "__MACOSX"}


def _read(path: Path) -> str | None:
    try:
        return as_text(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def _part_counts(files: list[tuple[Path, str, Part]]) -> str:
    counts = Counter(part for _, _, part in files)
    if set(counts) == {"train"}:
        return ""
    return ": " + ", ".join(f"{counts[part]:,} {part}" for part in ("train", "validation", "test") if counts[part])


def _left_out(root: Path, base: Path, suffixes: frozenset[str], what: str) -> list[Finding]:
    """Say which files and hidden folders were not read."""
    findings = []
    hidden = [path.relative_to(root).as_posix() for path in _walk_hidden(root)]
    if hidden:
        message = f"{plural(len(hidden), 'hidden file or folder', 'hidden files or folders')} left out"
        findings.append(finding("skipped-hidden", "info", message, sorted(hidden)))
    visible = [path for path in _visible_files(root)]
    other = [path for path in visible if path.suffix.lower() not in suffixes]
    loose = [path for path in base.iterdir() if path.is_file() and path.suffix.lower() in suffixes]
    if other:
        names = [path.relative_to(root).as_posix() for path in other]
        message = f"{plural(len(names), 'file is', 'files are')} no {what} and left out"
        findings.append(finding("skipped-files", "info", message, names))
    if loose:
        names = sorted(path.relative_to(root).as_posix() for path in loose)
        message = f"{plural(len(names), what + ' lies', what + 's lie')} outside the class folders and left out"
        findings.append(finding("unlabelled-files", "warning", message, names))
    return findings


def _walk_hidden(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if _hidden(path.name):
            yield path
        elif path.is_dir():
            yield from _walk_hidden(path)


def _nothing_found(root: Path, base: Path, files: list[tuple[Path, str, Part]]) -> DataError:
    loose = [path for path in base.iterdir() if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES]
    if loose:
        return DataError(
            f"{plural(len(loose), 'image')} but no class folders",
            place=str(root),
            hint="Make one folder per class, or give a table with the columns file_name,label",
        )
    if files:
        kinds = Counter(path.suffix.lower() or "no ending" for path, _, _ in files)
        listing = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(3))
        fact = f"No images or texts in the class folders (found {listing})"
        return DataError(fact, place=str(root), hint=FORMATS_HINT)
    if not any(not _hidden(path.name) for path in root.iterdir()):
        return DataError("The folder is empty", place=str(root), hint=FORMATS_HINT)
    return DataError("No examples were found in the folder", place=str(root), hint=FORMATS_HINT)
