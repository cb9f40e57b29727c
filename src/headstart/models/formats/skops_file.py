"""Fitted pipelines, such as TF-IDF with logistic regression, in the form of skops, which holds no pickle."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from headstart.core import BundleError
from headstart.models.card import Card
from headstart.models.families import get_family
from headstart.models.families.base import Pipeline

FILE = "model.skops"
LARGEST = 4 * 2**30  # bytes unpacked; 120,000 features of 2,000 classes have half of it


def write_skops(pipeline: Any, card: Card, folder: Path) -> None:
    """Write a fitted pipeline."""
    import skops.io

    skops.io.dump(_family(card).packed(pipeline), folder / FILE, compression=zipfile.ZIP_DEFLATED)


def read_skops(card: Card, folder: Path, allow_code: bool = False) -> Any:
    """Read a fitted pipeline; types that skops does not know are refused whatever the user allows.

    Raises:
        BundleError: The file holds other types, or another pipeline than Headstart writes.
    """
    import skops.io

    family, file = _family(card), folder / FILE
    with zipfile.ZipFile(file) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise ValueError(f"{FILE} unpacks to more than {LARGEST // 2**30} GiB")
    unknown = [name for name in skops.io.get_untrusted_types(file=file) if name not in family.trusted]
    if unknown:
        raise BundleError(
            f"the file holds types that are not trusted: {', '.join(unknown)}",
            place=str(file),
            hint="It was not written by Headstart; do not load it",
        )
    pipeline = skops.io.load(file, trusted=list(family.trusted))
    family.check_pipeline(pipeline, len(card.class_names))
    return pipeline


def _family(card: Card) -> Pipeline:
    family = get_family(card.candidate.family)
    assert isinstance(family, Pipeline)  # a card of another family was refused when it was read
    return family
