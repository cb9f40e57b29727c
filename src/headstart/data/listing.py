"""One walk over a folder: every entry in it, whatever it is, so that none can be forgotten."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from headstart.core import DataError
from headstart.data.progress import progress

Kind = Literal["file", "hidden", "broken link", "linked folder", "no file", "unreadable folder"]

MAX_ENTRIES = 5_000_000  # more is no data set but somebody's disk
MAX_DEPTH = 200  # folders inside folders
FOLLOWED_DEPTH = 2  # links to folders are followed where parts and classes stand
HIDDEN_NAMES = frozenset({"__pycache__", "__MACOSX", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True)
class Entry:
    """One thing in a folder that is not itself a folder that was entered.

    Attributes:
        path: Where it is.
        inside: Names of the folders from the root down to it, and its own name.
        kind: ``"file"`` for what can be read; otherwise why not.
        size: In bytes; 0 where unknown.
    """

    path: Path
    inside: tuple[str, ...]
    kind: Kind
    size: int = 0

    @property
    def name(self) -> str:
        """Its own name."""
        return self.inside[-1]

    @property
    def suffix(self) -> str:
        """The ending in lower case, with the dot."""
        return os.path.splitext(self.inside[-1])[1].lower()

    @property
    def relative(self) -> str:
        """The path from the root, with slashes."""
        return "/".join(self.inside)


@dataclass
class Node:
    """A folder with what is in it.

    Attributes:
        name: Its name.
        inside: Names of the folders from the root down to it.
        folders: Visible folders by name, sorted.
        files: Visible readable files, sorted by name.
    """

    name: str
    inside: tuple[str, ...]
    folders: dict[str, Node] = field(default_factory=dict)
    files: list[Entry] = field(default_factory=list)

    def all_files(self) -> Iterator[Entry]:
        """Every visible readable file in it and below."""
        yield from self.files
        for folder in self.folders.values():
            yield from folder.all_files()

    def count(self, suffixes: frozenset[str]) -> int:
        """Count the files below that have one of some endings."""
        return sum(entry.suffix in suffixes for entry in self.all_files())

    def only(self, suffixes: frozenset[str]) -> list[Entry]:
        """The files directly inside that have one of some endings."""
        return [entry for entry in self.files if entry.suffix in suffixes]


@dataclass
class Listing:
    """Everything under a folder.

    Attributes:
        root: The folder.
        tree: Its visible files.
        entries: Every entry, the invisible and unreadable ones included.
        hidden: Topmost hidden files and folders, relative to the root.
    """

    root: Path
    tree: Node
    entries: list[Entry]
    hidden: list[str]


def list_folder(root: Path, limit: int = MAX_ENTRIES) -> Listing:
    """Walk over a folder.

    Links to folders are followed near the top (where parts and classes stand) and never in a circle.

    Args:
        root: The folder.
        limit: Entries to look at, at most.

    Returns:
        What is in it, in a fixed order.

    Raises:
        DataError: The folder cannot be listed, or holds more entries than any data set.
    """
    listing = Listing(root, Node(root.name, ()), [], [])
    visited = {_identity(root)}
    try:
        os.scandir(root).close()
    except OSError as error:
        raise DataError(
            f"The folder cannot be listed ({error.strerror})", place=str(root), hint="Check its permissions"
        ) from error
    waiting: list[tuple[Path, Node, bool]] = [(root, listing.tree, False)]
    with progress("listing files") as step:
        while waiting:
            folder, node, hidden = waiting.pop()
            waiting += reversed(_enter(listing, folder, node, hidden, visited))
            step(len(listing.entries))
            if len(listing.entries) > limit:
                raise DataError(
                    f"The folder holds more than {limit:,} files",
                    place=str(root),
                    hint="Give the folder that holds the examples",
                )
            if len(node.inside) > MAX_DEPTH:
                raise DataError(
                    f"Folders are nested more than {MAX_DEPTH} deep",
                    place=str(folder)[:200],
                    hint="Give the folder that holds the examples",
                )
    return listing


def _enter(
    listing: Listing, folder: Path, node: Node, hidden: bool, visited: set[tuple[int, int]]
) -> list[tuple[Path, Node, bool]]:
    """List one folder; returns the folders in it that are still to be entered."""
    try:
        with os.scandir(folder) as scan:
            found = sorted(scan, key=lambda entry: entry.name)
    except OSError:
        listing.entries.append(Entry(folder, node.inside, "unreadable folder"))
        return []
    inner: list[tuple[Path, Node, bool]] = []
    for item in found:
        inside = (*node.inside, item.name)
        unseen = hidden or _is_hidden(item.name)
        if unseen and not hidden:
            listing.hidden.append("/".join(inside))
        path = folder / item.name
        kind, size = _kind(item)
        if kind == "folder":
            is_link = item.is_symlink()
            identity = _identity(path)
            if is_link and (identity in visited or unseen or len(inside) > FOLLOWED_DEPTH):
                listing.entries.append(Entry(path, inside, "hidden" if unseen else "linked folder"))
                continue
            visited.add(identity)
            child = Node(item.name, inside)
            if not unseen:
                node.folders[item.name] = child
            inner.append((path, child, unseen))
            continue
        entry = Entry(path, inside, "hidden" if unseen else kind, size)
        listing.entries.append(entry)
        if entry.kind == "file":
            node.files.append(entry)
    return inner


def _kind(item: os.DirEntry[str]) -> tuple[Literal["folder"] | Kind, int]:
    try:
        status = item.stat()
    except OSError:
        return "broken link", 0
    if stat.S_ISDIR(status.st_mode):
        return "folder", 0
    return ("file", status.st_size) if stat.S_ISREG(status.st_mode) else ("no file", 0)


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in HIDDEN_NAMES
