"""Which folders are classes: names of parts, containers, masks and copies are not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from headstart.core import DataError
from headstart.data.findings import Finding, finding, plural
from headstart.data.listing import Entry, Node
from headstart.data.parts import Part, folder_part, is_container, is_side_folder, is_unlabelled, parts_among, words_of

Example = tuple[Entry, str, Part]

ALIKE = 0.9  # share of inner folders that occur in one outer folder only, from which either could be the classes


@dataclass
class ClassFolders:
    """One reading of a tree as class folders.

    Attributes:
        base: The folder that holds the classes or the parts.
        examples: File, class and part.
        named: Other files of the same kind, by the reason that they are no examples.
        unlabelled: Those of them that are in a part, and could be labelled by a table.
        empty: Names of class folders without any file.
        unread: Class folders with files of other kinds only, and how many.
        found: What was found, in sentences.
        findings: What a user should know.
    """

    base: Node
    examples: list[Example] = field(default_factory=list)
    named: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    unlabelled: dict[Part, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    empty: list[str] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        """Names of the classes, sorted."""
        return sorted({label for _, label, _ in self.examples})


def find_classes(tree: Node, suffixes: frozenset[str], root: str, *, deepest: bool | None = None) -> ClassFolders:
    """Read a tree of folders as classes, with or without parts above or below them.

    Args:
        tree: The folder.
        suffixes: Endings of the files that are examples.
        root: The folder's path, for messages.
        deepest: Whether the innermost folders are the classes; None where it is to be found.

    Returns:
        The reading; it may be without any example.

    Raises:
        DataError: Two readings are equally plausible.
    """
    base = _enter(tree, suffixes)
    reading = ClassFolders(base)
    if base is not tree:
        reading.found.append(f"The folders are inside {'/'.join(base.inside)!r}")
    finder = _Finder(reading, suffixes, root, deepest)
    finder.read()
    _meet(reading)
    return reading


class _Finder:
    def __init__(self, reading: ClassFolders, suffixes: frozenset[str], root: str, deepest: bool | None) -> None:
        self.reading, self.suffixes, self.root, self.deepest = reading, suffixes, root, deepest

    def read(self) -> None:
        base = self.reading.base
        folders = self._without_copies(dict(base.folders))
        parts = parts_among(folders)
        parts = {name: part for name, part in parts.items() if not self._is_vehicle(name, part, folders, parts)}
        if not parts:
            self._classes(folders, "train")
            self._loose(base, None)
            return
        others = {name: folder for name, folder in folders.items() if name not in parts and folder.count(self.suffixes)}
        if "train" not in parts.values() and len(others) > 1:
            self._classes(others, "train")
        else:
            for name, folder in others.items():
                reason = "without labels" if self._is_unlabelled(name, parts) else "beside the parts"
                self._name(reason, folder)
            if others:
                self.reading.found.append(f"Folders beside the parts were left out: {', '.join(list(others)[:5])}")
        for name, part in parts.items():
            if not folders[name].count(self.suffixes):
                message = f"The folder {name!r} holds nothing of the {part} part that is read"
                self.reading.findings.append(finding("lost-part", "error", message, [name]))
            node = _inner(folders[name], self.suffixes)
            self._classes(node.folders, part, inside=True)
            self._loose(node, part)
        self._loose(base, None)

    def _classes(self, folders: dict[str, Node], part: Part, inside: bool = False) -> None:
        """Take folders as classes, but for those whose names say that they are something else."""
        holding = {name: folder for name, folder in folders.items() if folder.count(self.suffixes)}
        plain = {name: folder for name, folder in holding.items() if not is_side_folder(name)}
        if not plain:
            plain = holding
        chosen: dict[str, Node] = {}
        for name, folder in holding.items():
            if name not in plain:
                self._name("masks and the like", folder)
            elif is_unlabelled(name) and len(plain) > 1:
                self._name("without labels", folder)
            elif is_container(name) and (inside or len(plain) > 1) and not self._all_containers(plain):
                entries = list(folder.all_files())
                kept = [entry for entry in entries if entry.suffix in self.suffixes]
                if inside:
                    self.reading.unlabelled[part] += kept
                else:
                    self.reading.named["without labels"] += kept
            else:
                chosen[name] = folder
        for name, folder in folders.items():
            if name in holding or is_side_folder(name) or is_container(name):
                continue
            count = sum(1 for _ in folder.all_files())
            if count and len(chosen) > 1 and not folder.folders:
                self.reading.unread["/".join(folder.inside)] = count
            elif not count and not folder.folders:
                self.reading.empty.append("/".join(folder.inside))
        below = self._parts_below(chosen)
        if below is None and self._use_deepest(chosen):
            for folder in chosen.values():
                self._deepest(folder, part)
            return
        for name, folder in chosen.items():
            if below is not None:
                for inner, inner_part in below.items():
                    if inner in folder.folders:
                        self._take(folder.folders[inner], name, inner_part)
                self.reading.named["beside the parts"] += folder.only(self.suffixes)
            else:
                self._take(folder, name, part)

    def _all_containers(self, folders: dict[str, Node]) -> bool:
        """Whether all names mean "files are in here": then they can only be classes, such as photos and pictures."""
        return len(folders) > 1 and all(is_container(name) for name in folders)

    def _parts_below(self, chosen: dict[str, Node]) -> dict[str, Part] | None:
        """Parts inside each class folder, as in ``cat/train``."""
        if len(chosen) < 2:
            return None
        parts: dict[str, Part] = {}
        for folder in chosen.values():
            inner = [name for name, node in folder.folders.items() if node.count(self.suffixes)]
            if not inner or any(folder_part(name) is None for name in inner):
                return None
            parts |= {name: part for name in inner if (part := folder_part(name))}
        return parts

    def _use_deepest(self, chosen: dict[str, Node]) -> bool:
        """Whether folders inside the class folders are the classes; two plausible readings are an error."""
        if self.deepest is not None:
            return self.deepest
        inner = {
            name: [
                node.name
                for node in folder.folders.values()
                if node.count(self.suffixes) > 1 and not is_container(node.name) and not is_side_folder(node.name)
            ]
            for name, folder in chosen.items()
        }
        if len(chosen) < 2 or any(
            len(inner[name]) < 2 or folder.only(self.suffixes) for name, folder in chosen.items()
        ):
            return False
        names = [name for found in inner.values() for name in found]
        once = sum(names.count(name) == 1 for name in names) if len(names) < 5_000 else 0
        numbered = sum(any(character.isdigit() for character in name) for name in names)
        if once < ALIKE * len(names) or numbered > 0.5 * len(names):
            return False  # the same sessions or numbered patients in every class
        outer = ", ".join(list(chosen)[:3])
        deep = ", ".join(names[:4])
        raise DataError(
            f"The classes could be the {len(chosen)} outer folders ({outer}) or the {len(names)} inner ones ({deep})",
            place=self.root,
            hint="Choose: --layout folders for the outer ones, --layout deepest for the inner ones",
        )

    def _deepest(self, folder: Node, part: Part) -> None:
        for node in folder.folders.values():
            if node.count(self.suffixes):
                self._deepest(node, part)
        own = folder.only(self.suffixes)
        name = folder.inside[-2] if is_container(folder.name) and len(folder.inside) > 1 else folder.name
        self.reading.examples += [(entry, name, part) for entry in own]

    def _take(self, folder: Node, label: str, part: Part) -> None:
        """All files of a class, without the masks that lie beside the pictures."""
        containers = [name for name in folder.folders if is_container(name)]
        files: list[Entry] = []
        for name, node in folder.folders.items():
            mine = [entry for entry in node.all_files() if entry.suffix in self.suffixes]
            if containers and is_side_folder(name):
                self.reading.named["masks and the like"] += mine
            else:
                files += mine
        files += folder.only(self.suffixes)
        self.reading.examples += [(entry, label, part) for entry in sorted(files, key=lambda entry: entry.inside)]

    def _loose(self, node: Node, part: Part | None) -> None:
        loose = node.only(self.suffixes)
        if part is None:
            self.reading.named["without labels"] += loose
        else:
            self.reading.unlabelled[part] += loose

    def _name(self, reason: str, folder: Node) -> None:
        self.reading.named[reason] += [entry for entry in folder.all_files() if entry.suffix in self.suffixes]

    def _is_vehicle(self, name: str, part: Part, folders: dict[str, Node], parts: dict[str, Part]) -> bool:
        """A folder called train with pictures in it, beside others such as car and plane: the vehicle."""
        others = [folder for other, folder in folders.items() if other not in parts and folder.only(self.suffixes)]
        node = folders[name]
        inner = any(child.count(self.suffixes) for child in node.folders.values())
        return part == "train" and len(parts) == 1 and bool(node.only(self.suffixes)) and not inner and bool(others)

    def _is_unlabelled(self, name: str, parts: dict[str, Part]) -> bool:
        return is_unlabelled(name) or any(
            is_unlabelled(" ".join(word for word in words_of(name) if word not in words_of(other))) for other in parts
        )

    def _without_copies(self, folders: dict[str, Node]) -> dict[str, Node]:
        """Leave out a folder that holds the others once more."""
        for name, folder in list(folders.items()):
            inner = {child.name for child in folder.folders.values() if child.count(self.suffixes)}
            others = {other for other, node in folders.items() if other != name and node.count(self.suffixes)}
            if folder_part(name) or len(others) < 2 or not others <= inner:
                continue
            nested = {(entry.inside[len(folder.inside) :], entry.size) for entry in self._of(folder)}
            depth = len(self.reading.base.inside)
            outer = {(entry.inside[depth:], entry.size) for other in others for entry in self._of(folders[other])}
            if not nested <= outer:
                raise DataError(
                    f"The folder {name!r} holds the folders beside it once more, with other files",
                    place=self.root,
                    hint=f"Give the one to use, such as {self.root}/{'/'.join(folder.inside)}",
                )
            self._name("copies", folder)
            message = (
                f"The folder {name!r} is a copy of the folders beside it; its {plural(len(nested), 'file')} left out"
            )
            self.reading.findings.append(finding("nested-copy", "warning", message, count=len(nested)))
            del folders[name]
        return folders

    def _of(self, folder: Node) -> list[Entry]:
        return [entry for entry in folder.all_files() if entry.suffix in self.suffixes]


def _enter(tree: Node, suffixes: frozenset[str]) -> Node:
    """Go down while there is nothing but one folder that holds folders."""
    base = tree
    while True:
        holding = [folder for folder in base.folders.values() if folder.count(suffixes)]
        empty = any(not folder.folders and not folder.files for folder in base.folders.values())
        if len(holding) != 1 or empty or base.only(suffixes) or folder_part(holding[0].name):
            return base
        if not any(folder.count(suffixes) for folder in holding[0].folders.values()):
            return base
        base = holding[0]


def _inner(part: Node, suffixes: frozenset[str]) -> Node:
    """Go down from a part to the folder that holds its classes, as in ``train/images/cat``."""
    node = part
    while True:
        holding = [folder for folder in node.folders.values() if folder.count(suffixes)]
        if len(holding) != 1 or node.only(suffixes):
            return node
        only = holding[0]
        named = is_container(only.name) or folder_part(only.name) or words_of(only.name) == words_of(part.name)
        if not named or not any(folder.count(suffixes) for folder in only.folders.values()):
            return node
        node = only


def _meet(reading: ClassFolders) -> None:
    """Compare the classes of the parts: other spellings are read as one, foreign ones are no classes."""
    of_train = {label for _, label, part in reading.examples if part == "train"}
    if not of_train:
        return
    by_key: dict[str, list[str]] = defaultdict(list)
    for label in of_train:
        by_key[_key(label)].append(label)
    renamed: dict[tuple[str, Part], str] = {}
    for part in ("validation", "test"):
        mine = {label for _, label, own in reading.examples if own == part}
        if not mine:
            continue
        for label in sorted(mine - of_train):
            found = by_key.get(_key(label), [])
            if len(found) == 1 and found[0] not in mine:
                renamed[label, part] = found[0]
        if not {renamed.get((label, part), label) for label in mine} & of_train:
            _set_aside(reading, part, sorted(mine))
    if renamed:
        concerned = [entry for entry, label, part in reading.examples if (label, part) in renamed]
        pairs = ", ".join(f"{old!r} as {new!r}" for (old, _), new in list(renamed.items())[:4])
        names = f"{len(renamed)} class name{'s are' if len(renamed) > 1 else ' is'}"
        message = f"{names} spelled otherwise outside the train part; read {pairs}"
        reading.findings.append(
            finding("spelling", "warning", message, [entry.relative for entry in concerned], count=len(renamed))
        )
        reading.examples = [(entry, renamed.get((label, part), label), part) for entry, label, part in reading.examples]


def _set_aside(reading: ClassFolders, part: Part, labels: list[str]) -> None:
    concerned = [entry for entry, _, own in reading.examples if own == part]
    reading.examples = [example for example in reading.examples if example[2] != part]
    reading.named["classes unknown to the train part"] += concerned
    message = (
        f"The {part} part has none of the classes of the train part (but {', '.join(labels[:4])}); "
        f"its {plural(len(concerned), 'file')} set aside"
    )
    reading.findings.append(finding("foreign-part", "error", message, [entry.relative for entry in concerned]))


def _key(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum()) or label
