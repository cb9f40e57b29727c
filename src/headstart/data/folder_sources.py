"""A folder in the reading that explains most of it: class folders, tables, or a table of the files beside it.

Where two readings explain it and disagree, both are named with the option that chooses between them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from headstart.core import DataError, HeadstartError, SettingsError, did_you_mean
from headstart.data import hub
from headstart.data.accounting import Ledger
from headstart.data.class_folders import ClassFolders
from headstart.data.column_kinds import one_to_one
from headstart.data.columns import ColumnChoice
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, finding, plural
from headstart.data.folders import account_entries, class_folders_of, read_class_folders, skipped_files
from headstart.data.kinds import file_suffixes, kind_named, kinds
from headstart.data.listing import Entry, Listing, list_folder
from headstart.data.parts import Part, folder_part, part_of, parts_among
from headstart.data.table import concatenate, is_table, read_table
from headstart.data.table_examples import examples_from_table
from headstart.data.table_suffixes import TABLE_SUFFIXES

LISTED = 0.8  # share of a table's rows whose files are in the folder, from which it is about them
AGREE = 0.95  # share of those rows whose label is the file's folder in other words
COMPARED_BYTES = 2**28  # larger tables are not read just to compare them with class folders
COMPARED_TABLES = 5
OWN_ROWS = 20  # a table with texts of its own and so many rows is a data set of its own
FORMATS = (".parquet", ".arrow", ".feather", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")


@dataclass(frozen=True)
class ChosenTables:
    """Tables that are read together.

    Attributes:
        files: Each with its part.
        copies: Tables of the same name in another format.
        others: Tables that are not read.
    """

    files: tuple[tuple[Entry, Part], ...]
    copies: tuple[Entry, ...]
    others: tuple[Entry, ...]


def read_folder(
    folder: Path, task: str | None, chosen: ColumnChoice, layout: str | None = None, labels: Path | None = None
) -> RawExamples:
    """Read a folder.

    Args:
        folder: The folder.
        task: The task, where the user has said it.
        chosen: The columns that the user named.
        layout: ``"folders"``, ``"deepest"`` or ``"table"``, where the user has said it.
        labels: The table with the labels, where the user has said it.

    Returns:
        The examples, with every file of the folder accounted for.

    Raises:
        DataError: There is nothing usable, or two readings are equally plausible.
        SettingsError: An option does not fit the folder.
    """
    name = folder.resolve().name
    listing = list_folder(folder)
    for kind in kinds():
        own = kind.read_listing(listing, chosen) if labels is None and layout is None else None
        if own is not None:
            return _account(own, listing, set(), ())
    if hub.is_saved_dataset(folder):
        raw = examples_from_table(hub.table_from_disk(folder), name, chosen, task=task)
        return _account(raw, listing, {entry for entry in listing.entries if entry.kind == "file"}, ())
    if labels is not None:
        return _from_labels(listing, name, task, chosen, labels)
    if layout in ("folders", "deepest"):
        return read_class_folders(listing, name, class_folders_of(listing, deepest=layout == "deepest"))
    tables = [entry for entry in listing.entries if entry.kind == "file" and is_table(entry.path)]
    if layout == "table" or not tables:
        if not tables and layout == "table":
            raise SettingsError(
                "There is no table in the folder", place=f"--layout table ({folder})", hint=_kinds_hint()
            )
        if not tables:
            return read_class_folders(listing, name)
        return _from_tables(listing, name, task, chosen, _choose(listing, tables))
    return _compete(listing, name, task, chosen, tables)


def _compete(listing: Listing, name: str, task: str | None, chosen: ColumnChoice, tables: list[Entry]) -> RawExamples:
    """Weigh class folders against tables."""
    described = [entry for entry in tables if len(entry.inside) == 1 and entry.path.stem.lower() == "metadata"]
    try:
        folders = class_folders_of(listing)
    except DataError:
        if not described:
            raise
        folders = ClassFolders(listing.tree)
    plausible = len(folders.classes) > 1 and bool(folders.examples)
    has_files = plausible and folders.examples[0][0].suffix in file_suffixes()
    if not plausible or (described and has_files):
        try:
            return _from_tables(listing, name, task, chosen, _choose(listing, tables))
        except DataError:
            if plausible and not described:
                return read_class_folders(listing, name, folders)
            if not plausible and folders.examples and not any(len(entry.inside) == 1 for entry in tables):
                return read_class_folders(listing, name, folders)
            raise
    for entry in tables[:COMPARED_TABLES]:
        if entry.size <= COMPARED_BYTES:
            _refuse_conflict(listing, name, task, chosen, folders, entry)
    return read_class_folders(listing, name, folders)


def _refuse_conflict(
    listing: Listing, name: str, task: str | None, chosen: ColumnChoice, folders: ClassFolders, entry: Entry
) -> None:
    """Raise where a table beside class folders says something else than they do."""
    try:
        raw = examples_from_table(read_table(entry.path, entry.relative), name, chosen, task=task, listing=listing)
    except HeadstartError:
        return  # it is no table of examples
    of_folder = {file: label for file, label, _ in folders.examples}
    rows = [(label, file) for label, file in zip(raw.labels, raw.row_files or (), strict=False) if file in of_folder]
    both = len(folders.classes)
    outer = ", ".join(folders.classes[:3])
    inner = ", ".join(sorted({str(label) for label in raw.labels if label})[:3])
    if raw.row_files is not None and rows:
        if len(rows) < LISTED * len(raw):
            return
        labels = [str(label) for label, _ in rows]
        kept = [of_folder[file] for _, file in rows if file is not None]
        if one_to_one(labels, kept) or _agreement(labels, kept) >= AGREE:
            return
        said = f"the {both} class folders ({outer}) and {entry.relative} ({inner})"
    elif not kind_named(raw.modality).beside and len(raw) >= OWN_ROWS and len(raw) >= 0.1 * len(folders.examples):
        said = f"the {both} class folders ({outer}) and the texts in {entry.relative} ({inner})"
    else:
        return
    raise DataError(
        f"The folder can be read in two ways that disagree: {said}",
        place=str(listing.root),
        hint=f"Choose: --layout folders for the folders, --labels {entry.relative} for the table",
    )


def _agreement(left: list[str], right: list[str]) -> float:
    """Share of rows whose label is the one that is usual for their folder."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for a, b in zip(left, right, strict=True):
        counts[b][a] += 1
    usual = {folder: max(found, key=lambda label: found[label]) for folder, found in counts.items()}
    if len(set(usual.values())) < len(usual):
        return 0.0
    return sum(usual[b] == a for a, b in zip(left, right, strict=True)) / len(left)


def _choose(listing: Listing, tables: list[Entry]) -> ChosenTables:
    """Choose the tables: those that are parts by name, else the described or the only one."""
    by_folder: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in tables:
        by_folder[entry.inside[:-1]].append(entry)
    shallow = min(len(folder) for folder in by_folder)
    near = [folder for folder in by_folder if len(folder) == shallow]
    if () not in by_folder and ("data",) in by_folder:
        near = [("data",)]  # the layout of data repositories on the hub
    of_parts = [folder for folder in near if folder and folder_part(folder[-1])]
    if len(near) > 1 and len(of_parts) == len(near):
        mine = [entry for folder in near for entry in by_folder[folder]]
        kept, copies = _without_formats(mine)
        files = tuple((entry, folder_part(entry.inside[-2]) or "train") for entry in kept)
        return _chosen(files, copies, tables)
    if len(near) > 1:
        listed = ", ".join("/".join(folder) for folder in near[:5])
        raise DataError(
            f"{len(near)} folders hold tables ({listed})",
            place=str(listing.root),
            hint=f"Give one of them, such as {listing.root}/{'/'.join(near[0])}",
        )
    kept, copies = _without_formats(by_folder[near[0]])
    stems = {entry: _stem(entry) for entry in kept}
    siblings = parts_among(stems.values())
    by_part = tuple((entry, part) for entry in kept if (part := part_of(stems[entry]) or siblings.get(stems[entry])))
    if by_part:
        return _chosen(by_part, copies, tables)
    chosen = [entry for entry in kept if stems[entry].lower() == "metadata"]
    if len(chosen) != 1 and len(kept) > 1:
        chosen = [entry for entry in kept if _has_labels(entry, listing)]
    if len(chosen) == 1 or len(kept) == 1:
        return _chosen((((chosen or kept)[0], "train"),), copies, tables)
    listing_of = ", ".join(entry.name for entry in kept[:5])
    raise DataError(
        f"{len(kept)} tables, none of them called train or test ({listing_of})",
        place=str(listing.root),
        hint=f"Give one of them, such as {kept[0].path}, or name the one with the labels: --labels {kept[0].relative}",
    )


def _chosen(files: tuple[tuple[Entry, Part], ...], copies: list[Entry], tables: list[Entry]) -> ChosenTables:
    read = {entry for entry, _ in files}
    others = tuple(entry for entry in tables if entry not in read and entry not in copies)
    return ChosenTables(files, tuple(copies), others)


def _has_labels(entry: Entry, listing: Listing) -> bool:
    """Whether a table can be read as examples by itself: tells labels from lists of sizes and names."""
    try:
        raw = examples_from_table(read_table(entry.path, entry.name), entry.name, ColumnChoice(), listing=listing)
    except HeadstartError:
        return False
    return len({label for label in raw.labels if label is not None}) > 1


def _without_formats(tables: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Keep one of the tables that differ in nothing but their format."""
    by_stem: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in tables:
        by_stem[(*entry.inside[:-1], _stem(entry))].append(entry)
    kept: set[Entry] = set()
    for same in by_stem.values():
        kept.add(min(same, key=lambda entry: FORMATS.index(entry.suffix) if entry.suffix in FORMATS else len(FORMATS)))
    return [entry for entry in tables if entry in kept], [entry for entry in tables if entry not in kept]


def _stem(entry: Entry) -> str:
    name = entry.name
    while Path(name).suffix.lower() in (*TABLE_SUFFIXES, ".gz", ".bz2", ".xz", ".zip"):
        name = Path(name).stem
    return name


def _from_tables(
    listing: Listing, name: str, task: str | None, chosen: ColumnChoice, tables: ChosenTables
) -> RawExamples:
    read = [read_table(entry.path, _id_name(entry, tables), part) for entry, part in tables.files]
    table = concatenate(read)
    names = [entry.name for entry, _ in tables.files]
    table.found.append(f"Read {', '.join(names[:6])}{' ...' if len(names) > 6 else ''}")
    for entry in tables.copies:
        message = f"{entry.relative} has the name of another table in another format and was taken for a copy of it"
        table.findings.append(finding("table-copy", "warning", message, [entry.relative]))
    raw = examples_from_table(table, name, chosen, task=task, listing=listing)
    return _account(raw, listing, {entry for entry, _ in tables.files}, tables.copies)


def _id_name(entry: Entry, tables: ChosenTables) -> str:
    names = [other.name for other, _ in tables.files]
    return entry.name if names.count(entry.name) == 1 else entry.relative


def _from_labels(listing: Listing, name: str, task: str | None, chosen: ColumnChoice, labels: Path) -> RawExamples:
    """Read the files of a folder with the labels of one table, which may lie anywhere."""
    path = next((path for path in (listing.root / labels, labels.expanduser()) if path.is_file()), None)
    if path is None:
        tables = [entry.relative for entry in listing.entries if is_table(entry.path)]
        raise SettingsError(
            f"There is no table {str(labels)!r}", place="--labels", hint=did_you_mean(str(labels), tables)
        )
    raw = examples_from_table(read_table(path, path.name), name, chosen, task=task, listing=listing)
    return _account(raw, listing, {entry for entry in listing.entries if entry.path == path}, ())


def _account(raw: RawExamples, listing: Listing, tables: set[Entry], copies: tuple[Entry, ...]) -> RawExamples:
    """Account for every file of the folder: tables that were read, files that rows name, and all others."""
    ledger: Ledger = raw.ledger
    findings: list[Finding] = account_entries(listing, ledger)
    kind = kind_named(raw.modality)
    unlisted: list[Entry] = []
    other: list[Entry] = []
    for entry in listing.entries:
        if entry.kind != "file":
            continue
        if entry in tables or entry in raw.used_files:
            ledger.files_used += 1
        elif entry in copies:
            ledger.files_named["copies"] += 1
        elif raw.used_files and entry.suffix in kind.suffixes:
            unlisted.append(entry)
            ledger.files_named["not in the table"] += 1
        else:
            other.append(entry)
            ledger.files_named["other kinds"] += 1
    what = kind.noun
    if unlisted:
        places = ", ".join(dict.fromkeys("/".join(entry.inside[:-1]) or "." for entry in unlisted[:1000]))
        is_or_are = f"{what} is" if len(unlisted) == 1 else f"{kind.nouns} are"
        message = f"{len(unlisted):,} {is_or_are} not in the table, without a label and left out (in {places[:60]})"
        findings.append(finding("unlabelled-files", "warning", message, [entry.relative for entry in unlisted]))
    others = [entry for entry in other if is_table(entry.path)]
    if others:
        message = f"{plural(len(others), 'table was', 'tables were')} not read: "
        message += ", ".join(entry.relative for entry in others[:4])
        findings.append(finding("skipped-tables", "info", message, [entry.relative for entry in others]))
    strange = [entry for entry in other if entry not in others and not _is_about(entry)]
    if skipped := skipped_files(strange, what, len(raw)):
        findings.append(skipped)
    raw.findings += findings
    return raw


def _is_about(entry: Entry) -> bool:
    """Whether a file describes the data rather than holding any, such as a README."""
    return entry.suffix in (".md", ".rst") or entry.name.lower().startswith(
        ("readme", "license", "licence", "citation")
    )


def _kinds_hint() -> str:
    return f"Tables end in {', '.join(TABLE_SUFFIXES[:6])}; leave --layout out to have the form found"
