"""Which column of a table is what: by declared type, by name, by its values. Never by guessing between two."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from headstart.core import DataError, SettingsError, did_you_mean
from headstart.data.image import IMAGE_SUFFIXES
from headstart.data.labels import class_texts, is_missing
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
PART_COLUMN_NAMES = ("split", "part", "partition", "subset", "set")
ID_NAMES = ("id", "idx", "index", "uid", "uuid", "guid", "row", "unnamed: 0", "__index_level_0__")

_SAMPLE = 2_000  # rows looked at when judging what a column holds
_MAX_CLASSES = 200  # a column without a telling name may have this many values to count as labels


@dataclass(frozen=True)
class Columns:
    """What each column was taken for.

    Attributes:
        label: The label column.
        text: The text column, for text tasks.
        image: The image column, for image tasks.
        group: The group column, where one was named.
        part: The column that names the parts, where there is one.
        found: What was found, in sentences.
    """

    label: str
    text: str | None
    image: str | None
    group: str | None
    part: str | None
    found: tuple[str, ...]


def find_columns(
    table: Table,
    place: str,
    *,
    task: str | None = None,
    text: str | None = None,
    image: str | None = None,
    label: str | None = None,
    group: str | None = None,
) -> Columns:
    """Find the columns, where the user has not named them.

    Args:
        table: The table.
        place: What error messages call it.
        task: The task, where the user has said it.
        text: Name of the text column, where the user has said it; so for the others.
        image: Name of the image column.
        label: Name of the label column.
        group: Name of the group column; never guessed.

    Returns:
        The columns.

    Raises:
        SettingsError: A named column does not exist.
        DataError: Nothing, or more than one column, could be what is looked for.
    """
    for option, chosen in (("text", text), ("image", image), ("label", label), ("group", group)):
        if chosen is not None and chosen not in table.columns:
            raise SettingsError(
                f"There is no column {chosen!r}",
                place=f"--{option}-column ({place})",
                hint=did_you_mean(chosen, table.columns),
            )
    found: list[str] = []
    part = _part_column(table, {text, image, label, group})
    taken = {name for name in (text, image, label, group, part) if name}
    if task != "text-classification" and text is None and image is None:
        image = _image_column(table, place, taken, required=task == "image-classification")
    if image is None:
        label_hint = label or _named_label(table, taken, place)
        text = text or _text_column(table, place, taken | ({label_hint} if label_hint else set()))
    content = {name for name in (text, image, group, part) if name}
    if label is None:
        label = _label_column(table, place, content, found)
    if text is not None:
        found.append(f"Texts are in the column {text!r}, labels in {label!r}")
    else:
        found.append(f"Images are in the column {image!r}, labels in {label!r}")
    if group is not None:
        found.append(f"Groups are in the column {group!r}")
    if part is not None:
        found.append(f"Parts are named in the column {part!r}")
    return Columns(label=label, text=text, image=image, group=group, part=part, found=tuple(found))


def _part_column(table: Table, taken: set[str | None]) -> str | None:
    from headstart.data.parts import folder_part

    for name in table.columns:
        if name.lower() in PART_COLUMN_NAMES and name not in taken:
            values = {str(value).strip() for value in table.columns[name]}
            if values and all(folder_part(value) for value in values):
                return name
    return None


def _image_column(table: Table, place: str, taken: set[str], required: bool) -> str | None:
    candidates = [name for name in table.columns if name in table.images and name not in taken]
    if not candidates:
        candidates = [name for name in table.columns if name not in taken and _holds_images(table.columns[name])]
    if len(candidates) > 1:
        candidates = [name for name in candidates if name.lower() in IMAGE_NAMES] or candidates
    if len(candidates) > 1:
        raise _ambiguous(candidates, "image", place)
    if not candidates and required:
        raise DataError(
            f"No column holds images ({_listing(table)})",
            place=place,
            hint="Name the one with file names or bytes: --image-column X",
        )
    return candidates[0] if candidates else None


def _text_column(table: Table, place: str, taken: set[str]) -> str:
    open_columns = [name for name in table.columns if name not in taken and name.lower() not in ID_NAMES]
    named = sorted(
        (name for name in open_columns if name.lower() in TEXT_NAMES and _holds_strings(table.columns[name])),
        key=lambda name: TEXT_NAMES.index(name.lower()),
    )
    if len(named) == 1 or (named and named[0].lower() in ("text", "texts")):
        return named[0]
    candidates = named or [name for name in open_columns if _holds_sentences(table.columns[name])]
    if len(candidates) > 1:
        raise _ambiguous(candidates, "text", place)
    if not candidates:
        raise DataError(
            f"No column looks like texts or images ({_listing(table)})",
            place=place,
            hint="Name it: --text-column X or --image-column X",
        )
    return candidates[0]


def _label_column(table: Table, place: str, taken: set[str], found: list[str]) -> str:
    declared = [name for name in table.class_names if name not in taken]
    if len(declared) == 1:
        return declared[0]
    named = _named_label(table, taken, place)
    if named is not None:
        return named
    candidates = declared or [
        name
        for name in table.columns
        if name not in taken and name.lower() not in ID_NAMES and _could_be_labels(table.columns[name])
    ]
    candidates = _without_twins(table, candidates)
    if len(candidates) > 1:
        raise _ambiguous(candidates, "label", place)
    if not candidates:
        raise DataError(
            f"No column looks like labels ({_listing(table)})", place=place, hint="Name it: --label-column X"
        )
    found.append(f"The column {candidates[0]!r} has few distinct values and was taken for the labels")
    return candidates[0]


def _named_label(table: Table, taken: Iterable[str], place: str) -> str | None:
    named = [name for name in table.columns if name not in taken and name.lower() in LABEL_NAMES]
    named = _without_twins(table, [name for name in named if not _all_missing(table.columns[name])])
    if len(named) > 1:
        raise _ambiguous(named, "label", place)
    return named[0] if named else None


def _without_twins(table: Table, names: list[str]) -> list[str]:
    """Drop columns that say the same as another in numbers, as ``label`` and ``label_text`` often do."""
    kept: list[str] = []
    for name in sorted(names, key=lambda name: _is_numeric(table.columns[name])):
        if not any(_one_to_one(table.columns[name], table.columns[other]) for other in kept):
            kept.append(name)
    return [name for name in names if name in kept]


def _one_to_one(left: Sequence[Any], right: Sequence[Any]) -> bool:
    pairs = {(str(a), str(b)) for a, b in zip(left, right, strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _is_numeric(values: Sequence[Any]) -> bool:
    present = [value for value in values[:_SAMPLE] if not is_missing(value)]
    try:
        return bool(present) and all(math.isfinite(float(value)) for value in present)
    except (TypeError, ValueError):
        return False


def _all_missing(values: Sequence[Any]) -> bool:
    return all(is_missing(value) for value in values)


def _holds_images(values: Sequence[Any]) -> bool:
    sample = [value for value in values if not is_missing(value)][:_SAMPLE]
    return bool(sample) and sum(_is_image_cell(value) for value in sample) >= 0.9 * len(sample)


def _is_image_cell(value: Any) -> bool:
    if isinstance(value, bytes):
        return True
    if isinstance(value, dict):
        return "bytes" in value or "path" in value
    if isinstance(value, (str, PurePath)):
        text = str(value)
        return len(text) < 1024 and "\n" not in text and Path(text).suffix.lower() in IMAGE_SUFFIXES
    return hasattr(value, "convert") and hasattr(value, "resize")  # a Pillow image


def _holds_strings(values: Sequence[Any]) -> bool:
    sample = [value for value in values if not is_missing(value)][:_SAMPLE]
    return bool(sample) and sum(isinstance(value, str) for value in sample) >= 0.9 * len(sample)


def _holds_sentences(values: Sequence[Any]) -> bool:
    """Strings that are mostly different and mostly of several words."""
    sample = [value for value in values if isinstance(value, str)][:_SAMPLE]
    if not sample or len(sample) < 0.5 * min(len(values), _SAMPLE):
        return False
    several = sum(len(value.split()) > 1 for value in sample)
    return several >= 0.5 * len(sample) and len(set(sample)) > 0.3 * len(sample)


def _could_be_labels(values: Sequence[Any]) -> bool:
    """Few distinct short values, at least two of each on average."""
    present = [value for value in values if not is_missing(value)]
    if not present or any(isinstance(value, (list, dict, bytes)) for value in present[:_SAMPLE]):
        return False
    distinct = {str(value) for value in present}
    if not 2 <= len(distinct) <= min(_MAX_CLASSES, len(present) / 2):
        return False
    return not any("\n" in value or len(value) > 100 for value in distinct) and class_texts(present) is not None


def _ambiguous(names: Sequence[str], what: str, place: str) -> DataError:
    listing = " and ".join(repr(name) for name in names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
    hint = f"Choose one: --{what}-column {names[0]}"
    return DataError(f"{len(names)} columns could be the {what}: {listing}", place=place, hint=hint)


def _listing(table: Table) -> str:
    names = list(table.columns)
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return "columns: " + ", ".join(names[:12]) + more
