"""The names that people give to the parts of a data set, to containers of files, and to what has no labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Part = Literal["train", "validation", "test"]

PART_NAMES: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "trainset": "train",
    "traindata": "train",
    "learn": "train",
    "val": "validation",
    "valid": "validation",
    "validate": "validation",
    "validation": "validation",
    "valset": "validation",
    "dev": "validation",
    "devel": "validation",
    "development": "validation",
    "devset": "validation",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "testset": "test",
    "testdata": "test",
    "eval": "test",
    "evaluation": "test",
    "holdout": "test",
    "heldout": "test",
}
SHORT_NAMES: dict[str, Part] = {"tr": "train", "va": "validation", "te": "test"}  # in a column of parts only
_FILLERS = frozenset(
    "a all annotation annotations clean cleaned csv data dataset datasets dir dirs example examples file files final "
    "folder full image images img imgs jpeg jpg label labeled labelled labels list my new of part photo photos pic "
    "pics picture pictures png processed raw resized sample samples set sets split splits subset text texts the txt "
    "version".split()
)
_CONTAINERS = frozenset("images imgs jpegimages pictures photos pics files image img jpg jpeg png raw".split())
_SIDE_FOLDERS = frozenset(
    "mask masks segmentation segmentations groundtruth gt annotation annotations label labels bbox bboxes boxes depth "
    "thumbnail thumbnails thumbs preview previews xml json csv metadata meta".split()
)
_UNLABELLED = frozenset(
    "unsup unsupervised unlabeled unlabelled nolabel nolabels pred prediction predictions predict submission".split()
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


def words_of(name: str) -> tuple[str, ...]:
    """Split a name into words in lower case: at marks, at digits, and where capitals begin (``PublicTest``)."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def part_of(name: str) -> Part | None:
    """Return which part a file or split name means.

    Args:
        name: Such as ``"Training"``, ``"valid"``, ``"train-00000-of-00002"`` or ``"test_final"``.

    Returns:
        The part, or None where the name starts with none of the usual words.
    """
    words = re.split(r"[^a-z]+", name.lower())
    return (PART_NAMES.get(words[0]) if words else None) or folder_part(name)


def folder_part(name: str) -> Part | None:
    """Return which part a folder means; every word of its name must be a part or a filler, as in ``train_images``.

    A class may well be called ``test_tube`` or ``train-station``.

    Args:
        name: The folder's name.

    Returns:
        The part, or None.
    """
    words = words_of(name)
    parts = {PART_NAMES[word] for word in words if word in PART_NAMES}
    if len(parts) != 1 or any(word not in PART_NAMES and word not in _FILLERS for word in words):
        return None
    return parts.pop()


def parts_among(names: Iterable[str], short: bool = False) -> dict[str, Part]:
    """Find the parts among names that stand side by side.

    Beside names that mean a part by themselves, names that differ in nothing but the word for the part are parts:
    ``seg_train`` and ``seg_test``, ``fold_train`` and ``fold_test``. Where there is a private test part, the public
    one is for validation.

    Args:
        names: Names of folders, files without ending, or values of a column.
        short: Whether ``tr``, ``va`` and ``te`` count.

    Returns:
        The part of each name that has one.
    """
    listed = list(dict.fromkeys(names))
    found = {name: part for name in listed if (part := folder_part(name))}
    if short:
        found |= {name: SHORT_NAMES[name.strip().lower()] for name in listed if name.strip().lower() in SHORT_NAMES}
    families: dict[tuple[str, ...], dict[str, Part]] = {}
    for name in listed:
        words = words_of(name)
        parts = {PART_NAMES[word] for word in words if word in PART_NAMES}
        if len(parts) == 1:
            rest = tuple(word for word in words if word not in PART_NAMES and word not in _FILLERS)
            families.setdefault(rest, {})[name] = parts.pop()
    for rest, family in families.items():
        if rest and len(set(family.values())) > 1:
            found |= family
    public = [name for name in listed if set(words_of(name)) >= {"public", "test"}]
    private = [name for name in listed if set(words_of(name)) >= {"private", "test"}]
    if public and private:
        for name in listed:
            if name in public or name in private:
                found[name] = "validation" if name in public else "test"
    return found


def is_container(name: str) -> bool:
    """Whether a folder's name says only that there are files in it, such as ``images``."""
    return "".join(words_of(name)) in _CONTAINERS


def is_side_folder(name: str) -> bool:
    """Whether a folder's name says that it holds no examples but something about them, such as ``masks``."""
    return "".join(words_of(name)) in _SIDE_FOLDERS


def is_unlabelled(name: str) -> bool:
    """Whether a folder's name says that what is in it has no labels, such as ``unsup`` or ``seg_pred``."""
    words = words_of(name)
    plain = [word for word in words if word not in _FILLERS and word not in PART_NAMES]
    if "".join(plain) in ("un", "no", "unlabeled", "unlabelled", "withoutlabels", "nolabel"):
        return "label" in " ".join(words)
    return bool(plain) and all(word in _UNLABELLED for word in plain)
