"""Which column of a table is what: by declared type, by name, by its values. Never by guessing between two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headstart.core import DataError, SettingsError, did_you_mean
from headstart.data.column_kinds import (
    all_missing,
    could_be_labels,
    encoded_as,
    holds_addresses,
    holds_images,
    holds_sentences,
    holds_strings,
    is_numeric,
    numbers_a_cell,
    one_to_one,
    present,
)
from headstart.data.findings import Finding, finding
from headstart.data.kinds import Kind, kind_in_doubt, kind_of_cells, kind_of_task
from headstart.data.label_forms import one_hot
from headstart.data.part_columns import PartColumn, find_part_column
from headstart.data.table import Table

LABEL_NAMES = (
    "label",
    "labels",
    "class",
    "classes",
    "category",
    "target",
    "y",
    "cls",
    "class_name",
    "label_name",
    "label_text",
    "class_label",
    "category_name",
)
TEXT_NAMES = (
    "text",
    "texts",
    "sentence",
    "content",
    "message",
    "review",
    "tweet",
    "document",
    "body",
    "comment",
    "question",
    "utterance",
    "sms",
    "headline",
    "title",
)
IMAGE_NAMES = ("image", "img", "picture", "photo", "file_name", "filename", "file", "path", "image_path", "filepath")
PAIRS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("text_a", "text_b"),
    ("text1", "text2"),
    ("question1", "question2"),
    ("question", "sentence"),
    ("question", "answer"),
    ("question", "passage"),
    ("query", "passage"),
    ("query", "document"),
)  # texts that are judged together, in this order
ID_NAMES = ("id", "idx", "index", "uid", "uuid", "guid", "row", "unnamed: 0", "__index_level_0__")
MANY_NUMBERS = 20  # columns of numbers, from which a table holds measurements


@dataclass(frozen=True)
class ColumnChoice:
    """Columns that the user named; None (or nothing) where they are to be found.

    Attributes:
        text: Text columns, in the order they are joined.
        image: The column with pictures or their file names.
        label: The column with classes.
        group: The column whose equal values stay together.
    """

    text: tuple[str, ...] = ()
    image: str | None = None
    label: str | None = None
    group: str | None = None

    def named(self) -> list[tuple[str, str]]:
        """Each option with the column that it names."""
        singles = (("image", self.image), ("label", self.label), ("group", self.group))
        return [("text", name) for name in self.text] + [(option, name) for option, name in singles if name is not None]


@dataclass(frozen=True)
class Columns:
    """What each column was taken for.

    Attributes:
        label: The label column.
        text: The text columns in the order they are joined, for text tasks.
        image: The column with pictures, or with files of another modality; None for texts.
        kind: Name of the modality of what that column holds.
        group: The group column, where one was named.
        part: The column that names the parts, where there is one.
        unused: The other columns.
        found: What was found, in sentences.
        findings: What a user should know about them.
    """

    label: str
    text: tuple[str, ...]
    image: str | None
    group: str | None
    part: PartColumn | None
    kind: str
    unused: tuple[str, ...]
    found: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def used(self) -> dict[str, str]:
        """What each used column is used for."""
        roles = {name: "text" for name in self.text}
        for role, name in ((self.kind, self.image), ("label", self.label), ("group", self.group)):
            if name is not None:
                roles[name] = role
        return roles | ({self.part.name: "part"} if self.part else {})


def find_columns(table: Table, place: str, chosen: ColumnChoice, *, task: str | None = None) -> Columns:
    """Find the columns, where the user has not named them.

    Args:
        table: The table.
        place: What error messages call it.
        chosen: Those that the user named; a group is never guessed.
        task: The task, where the user has said it.

    Returns:
        The columns.

    Raises:
        SettingsError: A named column does not exist.
        DataError: Nothing, or more than one column, could be what is looked for.
    """
    for option, name in chosen.named():
        if name not in table.columns:
            raise SettingsError(
                f"There is no column {name!r}",
                place=f"--{option}-column ({place})",
                hint=did_you_mean(name, table.columns),
            )
    found: list[str] = []
    text, image, label, group = chosen.text, chosen.image, chosen.label, chosen.group
    named = {name for _, name in chosen.named()}
    part, findings = find_part_column(table.columns, table.ids, named)
    taken = named | ({part.name} if part else set())
    wanted = kind_of_task(task) if task else None
    if (wanted is None or wanted.beside) and not text and image is None:
        image = _image_column(table, place, taken, wanted)
    if image is None:
        label_hint = label or _named_label(table, taken, place)
        text = text or _text_columns(table, place, taken | ({label_hint} if label_hint else set()))
    kind = kind_of_cells(table.columns[image]) if image else kind_in_doubt("")
    content = {name for name in (*text, image, group, part.name if part else None) if name}
    if label is None:
        label = _label_column(table, place, content, found)
    if text:
        findings += _numbers_as_text(table, text)
        found.insert(0, _text_sentence(text, label))
    else:
        found.insert(0, f"{kind.nouns.capitalize()} are in the column {image!r}, labels in {label!r}")
    if group is not None:
        found.append(f"Groups are in the column {group!r}")
    if part is not None:
        found.append(f"Parts are named in the column {part.name!r}")
        findings += part.findings
    used = {*text, image, label, group, part.name if part else None}
    unused = tuple(name for name in table.columns if name not in used)
    return Columns(label, text, image, group, part, kind.name, unused, tuple(found), tuple(findings))


def _text_sentence(text: tuple[str, ...], label: str) -> str:
    if len(text) == 1:
        return f"Texts are in the column {text[0]!r}, labels in {label!r}"
    return f"Texts are the columns {', '.join(map(repr, text))} joined in this order, labels are in {label!r}"


def _numbers_as_text(table: Table, text: tuple[str, ...]) -> list[Finding]:
    counts = {name: count for name in text if (count := numbers_a_cell(table.columns[name]))}
    return [
        finding("numbers-as-text", "warning", f"The text column {name!r} holds {count:,} numbers a cell", count=count)
        for name, count in counts.items()
    ]


def _image_column(table: Table, place: str, taken: set[str], wanted: Kind | None) -> str | None:
    candidates = [name for name in table.columns if name in table.images and name not in taken]
    if not candidates:
        candidates = [name for name in table.columns if name not in taken and holds_images(table.columns[name])]
    if len(candidates) > 1:
        candidates = [name for name in candidates if _plain(name) in IMAGE_NAMES] or candidates
    if len(candidates) > 1:
        raise _ambiguous(candidates, "image", place)
    if not candidates:
        addressed = [
            name
            for name in table.columns
            if name not in taken and holds_addresses(table.columns[name]) and (wanted or _plain(name) in IMAGE_NAMES)
        ]
        candidates = addressed[:1]
    if not candidates and wanted:
        raise DataError(
            f"No column holds {wanted.nouns} ({_listing(table)})",
            place=place,
            hint="Name the one with file names or bytes: --image-column X",
        )
    return candidates[0] if candidates else None


def _text_columns(table: Table, place: str, taken: set[str]) -> tuple[str, ...]:
    open_columns = [name for name in table.columns if name not in taken and _plain(name) not in ID_NAMES]
    by_name = {_plain(name): name for name in reversed(open_columns) if holds_strings(table.columns[name])}
    usable = {plain: name for plain, name in by_name.items() if not numbers_a_cell(table.columns[name])}
    named = sorted((plain for plain in usable if plain in TEXT_NAMES), key=TEXT_NAMES.index)
    if named and named[0] in ("text", "texts"):
        return (usable[named[0]],)
    for first, second in PAIRS:
        if first in usable and second in usable:
            return (usable[first], usable[second])
    if len(named) == 1:
        return (usable[named[0]],)
    candidates = [usable[plain] for plain in named] or [
        name for name in open_columns if holds_sentences(table.columns[name])
    ]
    if len(candidates) > 1:
        raise _ambiguous(candidates, "text", place)
    if not candidates:
        raise _no_text(table, open_columns, place)
    return (candidates[0],)


def _no_text(table: Table, open_columns: list[str], place: str) -> DataError:
    """Say what the columns are, where none is a text or an image."""
    for name in open_columns:
        if count := numbers_a_cell(table.columns[name]):
            side = round(count**0.5)
            square = f" (grey values of {side} x {side} pixels?)" if side * side == count else ""
            return DataError(
                f"The column {name!r} holds {count:,} numbers a cell{square}: they are no texts",
                place=place,
                hint="Write each row's picture to an image file, in one folder per class or named in a column. "
                "If they are series: --task series-classification",
            )
    numeric = [name for name in open_columns if is_numeric(table.columns[name])]
    if len(numeric) >= MANY_NUMBERS:
        return DataError(
            f"The table has {len(numeric):,} columns of numbers ({numeric[0]}, {numeric[1]}, ... {numeric[-1]}) "
            "and no texts: tables of measurements are not supported",
            place=place,
            hint="If they are pixels, write each row to an image file, in one folder per class. "
            "If they are moments of series: --task series-classification",
        )
    for name in open_columns:
        if form := encoded_as(table.columns[name]):
            hint = "Write the files themselves, and their names into the column; or bytes into a Parquet file"
            return DataError(f"The column {name!r} holds {form}, which are not decoded", place=place, hint=hint)
        if holds_addresses(table.columns[name]):
            return addresses_error(table, name, place)
    return DataError(
        f"No column looks like texts or images ({_listing(table)})",
        place=place,
        hint="Name it: --text-column X or --image-column X",
    )


def addresses_error(table: Table, name: str, place: str) -> DataError:
    """Return the error for a column of web addresses."""
    example = str(present(table.columns[name])[0])
    return DataError(
        f"The column {name!r} holds web addresses ({example[:80]}), which are not downloaded",
        place=place,
        hint="Download the files first, and write their names into the column",
    )


def _label_column(table: Table, place: str, taken: set[str], found: list[str]) -> str:
    declared = [name for name in table.class_names if name not in taken]
    if len(declared) == 1:
        return declared[0]
    named = _named_label(table, taken, place)
    if named is not None:
        return named
    open_columns = [name for name in table.columns if name not in taken and _plain(name) not in ID_NAMES]
    if not declared and (apart := one_hot(table.columns, open_columns)):
        raise _labels_apart(*apart, place)
    candidates = declared or [name for name in open_columns if could_be_labels(table.columns[name])]
    candidates = _without_twins(table, candidates)
    if len(candidates) > 1:
        raise _ambiguous(candidates, "label", place)
    if not candidates:
        raise DataError(
            f"No column looks like labels ({_listing(table)})", place=place, hint="Name it: --label-column X"
        )
    found.append(f"The column {candidates[0]!r} has few distinct values and was taken for the labels")
    return candidates[0]


def _labels_apart(flags: list[str], single: bool, place: str) -> DataError:
    listing = ", ".join(flags[:6]) + (" ..." if len(flags) > 6 else "")
    if single:
        listed = repr(flags) if len(flags) <= 6 else "[the columns]"
        return DataError(
            f"The label is spread over {len(flags)} columns of 0 and 1, one of them 1 in each row ({listing})",
            place=place,
            hint=f"Write the name of the column that is 1 into one column: frame[{listed}].idxmax(axis=1)",
        )
    return DataError(
        f"{len(flags)} columns of 0 and 1 are several labels a row ({listing}): not supported yet",
        place=place,
        hint=f"Choose one of them: --label-column {flags[0]}",
    )


def _named_label(table: Table, taken: Iterable[str], place: str) -> str | None:
    named = [name for name in table.columns if name not in taken and _plain(name) in LABEL_NAMES]
    named = _without_twins(table, [name for name in named if not all_missing(table.columns[name])])
    if len(named) > 1:
        raise _ambiguous(named, "label", place)
    return named[0] if named else None


def _without_twins(table: Table, names: list[str]) -> list[str]:
    """Drop columns that say the same as another in numbers, as ``label`` and ``label_text`` often do."""
    kept: list[str] = []
    for name in sorted(names, key=lambda name: is_numeric(table.columns[name])):
        if not any(one_to_one(table.columns[name], table.columns[other]) for other in kept):
            kept.append(name)
    return [name for name in names if name in kept]


def _plain(name: str) -> str:
    """A name as it is compared: lower case, one kind of mark between words."""
    return (
        re.sub(r"[\s\-_]+", "_", name.strip().lower())
        if not name.lower().startswith(("unnamed", "_"))
        else name.lower()
    )


def _ambiguous(names: Sequence[str], what: str, place: str) -> DataError:
    listing = " and ".join(repr(name) for name in names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
    hint = f"Choose one: --{what}-column {names[0]}"
    if what == "text":
        hint += f"; or join them: --text-column {names[0]} --text-column {names[1]}"
    return DataError(f"{len(names)} columns could be the {what}: {listing}", place=place, hint=hint)


def _listing(table: Table) -> str:
    names = list(table.columns)
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return "columns: " + ", ".join(names[:12]) + more
