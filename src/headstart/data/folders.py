"""Class folders: the folder's name is the label."""

from __future__ import annotations

from collections import Counter

import numpy as np

from headstart.core import DataError
from headstart.data.accounting import Ledger
from headstart.data.annotations import labels_from_list
from headstart.data.class_folders import ClassFolders, Example, find_classes
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, Severity, finding, plural
from headstart.data.kinds import Kind, file_suffixes, kind_in_doubt, kinds, nouns_read
from headstart.data.listing import Entry, Listing
from headstart.data.listing import Kind as EntryKind
from headstart.data.packed import PACKED_SUFFIXES, REFUSED
from headstart.data.parts import Part
from headstart.data.table import FORMATS_HINT

FEW_BESIDE = 0.2  # of the texts: figures beside documents
ARCHIVES = frozenset({".zip", ".tar", ".tgz", ".gz", ".7z", ".rar"})  # may hold any number of examples
MANY_SKIPPED = 0.05  # of the files, from which other kinds are a warning
KINDS: dict[EntryKind, str] = {
    "hidden": "hidden",
    "broken link": "broken links",
    "linked folder": "links to folders",
    "no file": "neither files nor folders",
    "unreadable folder": "unreadable folders",
}


def kind_in(listing: Listing) -> Kind:
    """The modality of a folder's files: the one of most of them, unless these are few beside many texts."""
    beside = [kind for kind in kinds() if kind.beside]
    counts = [listing.tree.count(kind.suffixes) for kind in beside]
    most = int(np.argmax(counts))
    others = [kind for kind in kinds() if not kind.beside]
    rest = [listing.tree.count(kind.suffixes) for kind in others]
    if counts[most] and counts[most] >= FEW_BESIDE * max(rest):
        return beside[most]
    return others[int(np.argmax(rest))]


def class_folders_of(listing: Listing, *, deepest: bool | None = None) -> ClassFolders:
    """Read a folder as class folders of the files that most of it holds, or of texts where that gives nothing.

    Args:
        listing: The folder.
        deepest: Whether the innermost folders are the classes; None where it is to be found.
    """
    found = kind_in(listing)
    reading = find_classes(listing.tree, found.suffixes, str(listing.root), deepest=deepest)
    if not reading.examples and found.beside:
        for other in kinds():
            if not other.beside and listing.tree.count(other.suffixes):
                texts = find_classes(listing.tree, other.suffixes, str(listing.root), deepest=deepest)
                reading = texts if len(texts.classes) > 1 else reading
    return reading


def read_class_folders(listing: Listing, name: str, reading: ClassFolders | None = None) -> RawExamples:
    """Read folders of files that hold an example each: one for each class, perhaps with part folders above them.

    Args:
        listing: The folder; a single folder inside it that holds the class folders is entered.
        name: The name to display.
        reading: Which folders are classes, where that is known.

    Returns:
        The examples; images are only listed here, not opened (text files are read).

    Raises:
        DataError: There are no class folders, or no files in them that could be examples.
    """
    reading = reading or class_folders_of(listing)
    if not reading.examples:
        raise nothing_found(listing, reading)
    kind = kind_in_doubt(reading.examples[0][0].suffix)
    suffixes, what = kind.suffixes, kind.noun
    lists = _label_unlabelled(listing, reading, kind)
    examples = reading.examples
    ledger = Ledger(rows_seen=len(examples))
    found = [
        *reading.found,
        f"{plural(len(examples), what)} in {plural(len(reading.classes), 'class folder')}{_part_counts(examples)}",
    ]
    findings = _account(listing, reading, ledger, suffixes, lists, what)
    items, more = kind.read_entries([entry for entry, _, _ in examples])
    findings += more
    return RawExamples(
        source=name,
        ids=[entry.relative for entry, _, _ in examples],
        labels=[label for _, label, _ in examples],
        parts=[part for _, _, part in examples],
        modality=kind.name,
        items=items,
        file_names=[entry.name for entry, _, _ in examples],
        found=found,
        findings=findings,
        ledger=ledger,
    )


def account_entries(listing: Listing, ledger: Ledger) -> list[Finding]:
    """Name what can be no example whatever the reading is: hidden, broken, special entries.

    Args:
        listing: The folder.
        ledger: Counts every entry as seen, and these as named.

    Returns:
        Findings about them.
    """
    ledger.files_seen += len(listing.entries)
    findings = []
    if listing.hidden:
        message = f"{plural(len(listing.hidden), 'hidden file or folder', 'hidden files or folders')} left out"
        findings.append(finding("skipped-hidden", "info", message, sorted(listing.hidden)))
    odd = [entry for entry in listing.entries if entry.kind not in ("file", "hidden")]
    for entry in listing.entries:
        if entry.kind != "file":
            ledger.files_named[KINDS[entry.kind]] += 1
    if odd:
        counts = Counter(KINDS[entry.kind] for entry in odd)
        listing_of = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        message = f"{plural(len(odd), 'entry', 'entries')} cannot be read; left out: {listing_of}"
        findings.append(finding("no-file", "warning", message, [entry.relative for entry in odd]))
    return findings


def skipped_files(entries: list[Entry], what: str, total: int) -> Finding | None:
    """Name files of other kinds, by their endings.

    Args:
        entries: The files.
        what: What they are not.
        total: Files of the right kind.
    """
    if not entries:
        return None
    kinds = Counter(entry.suffix or "no ending" for entry in entries).most_common(4)
    listing = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    known = [REFUSED[kind] for kind, _ in kinds if kind in REFUSED]
    hint = f"; {known[0][1]}" if known and len(entries) > MANY_SKIPPED * total else ""
    message = f"{plural(len(entries), 'file is', 'files are')} no {what} and left out ({listing}){hint}"
    loud = len(entries) > MANY_SKIPPED * max(total, 20) or any(entry.suffix in ARCHIVES for entry in entries)
    severity: Severity = "warning" if loud else "info"
    return finding("skipped-files", severity, message, _names(entries))


def _account(
    listing: Listing, reading: ClassFolders, ledger: Ledger, suffixes: frozenset[str], lists: set[Entry], what: str
) -> list[Finding]:
    findings = account_entries(listing, ledger)
    used = {entry for entry, _, _ in reading.examples} | lists
    media = {entry: reason for reason, entries in reading.named.items() for entry in entries}
    for part, entries in reading.unlabelled.items():
        media |= dict.fromkeys(entries, "without labels")
        left = [entry for entry in entries if entry not in used]
        if left:
            has = "has no label and is" if len(left) == 1 else "have no label and are"
            message = f"{plural(len(left), what)} of the {part} part {has} left out (not in class folders)"
            findings.append(finding("unlabelled-files", "warning", message, _names(left)))
    other: list[Entry] = []
    for entry in listing.entries:
        if entry.kind != "file":
            continue
        if entry in used:
            ledger.files_used += 1
        elif entry.suffix not in suffixes:
            ledger.files_named["other kinds"] += 1
            other.append(entry)
        else:
            ledger.files_named[media.get(entry, "outside the class folders")] += 1
    for reason, entries in reading.named.items():
        if entries and reason not in ("copies", "classes unknown to the train part"):
            lie = f"{what} lies" if len(entries) == 1 else f"{what}s lie"
            place = "outside the class folders" if reason == "without labels" else f"in folders for {reason}"
            message = (
                f"{len(entries):,} {lie} {'beside the parts' if reason == 'beside the parts' else place}; left out"
            )
            findings.append(finding("unlabelled-files", "warning", message, _names(entries)))
    if skipped := skipped_files(other, what, len(reading.examples)):
        findings.append(skipped)
    findings += reading.findings
    if reading.empty:
        message = f"{plural(len(reading.empty), 'class folder is', 'class folders are')} empty: " + ", ".join(
            reading.empty[:5]
        )
        findings.append(finding("empty-class", "warning", message, reading.empty))
    for name, count in reading.unread.items():
        files = plural(count, "file")
        message = f"The class {name!r} is lost: none of its {files} is one of the {nouns_read()} that are read"
        findings.append(finding("lost-class", "error", message, [name], count=count))
    return findings


def _label_unlabelled(listing: Listing, reading: ClassFolders, kind: Kind) -> set[Entry]:
    """Label the loose files of a part from a list beside them; returns the lists that were used."""
    used: set[Entry] = set()
    classes = set(reading.classes)
    others = [entry for entry in listing.tree.all_files() if entry.suffix not in file_suffixes()]
    for part, loose in list(reading.unlabelled.items()):
        if not loose:
            continue
        near = {entry.inside[:1] for entry in loose}
        lists = [entry for entry in others if entry.size and entry not in used and kind.beside]
        lists.sort(key=lambda entry: (entry.inside[:1] not in near, part[:3] not in entry.name.lower(), entry.relative))
        found = labels_from_list(loose, lists, classes)
        if found is None:
            continue
        entry, labels = found
        used.add(entry)
        added: list[Example] = [(file, labels[file], part) for file in loose if file in labels]
        reading.examples = sorted(
            reading.examples + added, key=lambda example: (_order(example[2]), example[1], example[0].inside)
        )
        reading.unlabelled[part] = [file for file in loose if file not in labels]
        reading.found.append(f"Labels of {plural(len(added), 'file')} of the {part} part are in {entry.relative}")
    return used


def _order(part: Part) -> int:
    return ("test", "train", "validation").index(part)


def _part_counts(files: list[Example]) -> str:
    counts = Counter(part for _, _, part in files)
    if set(counts) == {"train"}:
        return ""
    return ": " + ", ".join(f"{counts[part]:,} {part}" for part in ("train", "validation", "test") if counts[part])


def _names(entries: list[Entry]) -> list[str]:
    return sorted(entry.relative for entry in entries)


def nothing_found(listing: Listing, reading: ClassFolders) -> DataError:
    """Return the error for a folder without examples, saying what is in it."""
    root = str(listing.root)
    loose = [entry for entries in (*reading.named.values(), *reading.unlabelled.values()) for entry in entries]
    if loose:
        noun = kind_in_doubt(loose[0].suffix).noun
        return DataError(
            f"{plural(len(loose), noun)} but no class folders",
            place=root,
            hint="Make one folder per class, or give a table with the columns file_name,label: --labels FILE",
        )
    files = [entry for entry in listing.entries if entry.kind == "file"]
    if not files:
        hidden = f" but for {plural(len(listing.entries), 'hidden entry', 'hidden entries')}" if listing.entries else ""
        folders = [name for name, node in listing.tree.folders.items() if not node.folders]
        if folders:
            fact = f"The folder holds {plural(len(folders), 'empty folder')} ({', '.join(folders[:4])}) and no files"
            return DataError(fact, place=root, hint=FORMATS_HINT)
        return DataError(f"The folder is empty{hidden}", place=root, hint=FORMATS_HINT)
    kinds = Counter(entry.suffix or "no ending" for entry in files)
    found = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(4))
    main = kinds.most_common(1)[0][0]
    endless = "Give the files an ending, such as .jpg or .txt: without one they are not read"
    packed = [entry for entry in files if entry.suffix in PACKED_SUFFIXES]
    hint = FORMATS_HINT
    if packed and len(packed) >= 0.5 * len(files):
        hint = f"Unpack them first, such as {packed[0].relative}"
    elif main in REFUSED:
        hint = REFUSED[main][1]
    elif main == "no ending":
        hint = endless
    where = "in the class folders" if any(len(entry.inside) > 1 for entry in files) else "in the folder"
    return DataError(f"No {nouns_read()} {where} (found {found})", place=root, hint=hint)
