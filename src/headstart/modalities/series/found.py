"""Labelled series as raw examples, and which part a file's name means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from headstart.data.accounting import Ledger
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding
from headstart.data.labels import class_labels
from headstart.data.parts import PART_NAMES, Part, words_of
from headstart.modalities.series.items import Series

NAME = "series"


@dataclass
class Found:
    """Labelled series of one file; every list has N entries.

    Attributes:
        series: The series; None where a row holds none.
        labels: As the file writes them; None where they are missing.
        ids: Where each stands, such as ``GunPoint_TRAIN.ts:12``.
        groups: The recording of each, where the file says it.
        said: What was found, in sentences.
        findings: What a user should know of the reading.
        parts: The part of each, where the file holds several.
    """

    series: list[Series | None]
    labels: list[Any]
    ids: list[str]
    groups: list[str | None] | None = None
    said: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    parts: list[Part] | None = None


def part_in(name: str) -> Part | None:
    """The part that a file's name without ending means by its last or first word, as in ``GunPoint_TRAIN``."""
    words = words_of(name)
    for word in (*words[-1:], *words[:1]):
        if word in PART_NAMES:
            return PART_NAMES[word]
    return None


def raw_examples(source: str, found: Sequence[Found], parts: Iterable[Part]) -> RawExamples:
    """Join what files hold.

    Args:
        source: The name to display.
        found: Of each file.
        parts: The part of each file, unless it names parts itself.
    """
    labels = class_labels([label for one in found for label in one.labels], "label", source, None, [])
    grouped = any(one.groups for one in found)
    raw = RawExamples(
        source=source,
        ids=[name for one in found for name in one.ids],
        labels=labels,
        parts=[part for one, its in zip(found, parts, strict=True) for part in (one.parts or [its] * len(one.ids))],
        modality=NAME,
        items=[series for one in found for series in one.series],
        groups=[group for one in found for group in (one.groups or [None] * len(one.ids))] if grouped else None,
        found=list(dict.fromkeys(sentence for one in found for sentence in one.said)),
        findings=[finding for one in found for finding in one.findings],
        ledger=Ledger(rows_seen=sum(len(one.ids) for one in found)),
    )
    return raw
