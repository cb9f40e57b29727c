"""Examples as a source gave them, before anything is judged or numbered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from headstart.data.accounting import Ledger
from headstart.data.findings import Finding
from headstart.data.listing import Entry
from headstart.data.parts import Part


@dataclass(eq=False)
class RawExamples:
    """N rows of a source; every list has N entries.

    Attributes:
        source: The name to display.
        ids: See :class:`~headstart.data.labelled.LabelledData`.
        labels: Class names; None where the label is missing.
        parts: Which part each row is in.
        modality: What the items are, as in ``image``.
        items: What each row holds in the form that the modality reads; None in it where there is nothing.
        groups: What the user's group column says; None in it where it says nothing.
        file_names: The name of the file behind each example, for group patterns; None where there is none.
        class_order: Class names in the order a ClassLabel gave them.
        found: What was found, in sentences.
        findings: What was left out on the way.
        set_aside: Why a row is no example whatever it holds; None for the others.
        ledger: What became of the files, rows and columns.
        tried: What stands in the table, where a file was looked for.
        used_files: Entries of the source that the rows name.
        row_files: The entry that each row names, where files were looked for.
    """

    source: str
    ids: list[str]
    labels: list[str | None]
    parts: list[Part]
    modality: str = ""
    items: list[Any] | None = None
    groups: list[str | None] | None = None
    file_names: list[str | None] | None = None
    class_order: tuple[str, ...] | None = None
    found: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    set_aside: list[str | None] | None = None
    ledger: Ledger = field(default_factory=Ledger)
    tried: list[str | None] | None = None
    used_files: set[Entry] = field(default_factory=set)
    row_files: list[Entry | None] | None = None

    def __len__(self) -> int:
        return len(self.ids)


def join(first: RawExamples, test: RawExamples) -> RawExamples:
    """Add an explicit test part.

    Args:
        first: What may be learnt from; a test part that it has itself joins the rest.
        test: Every row of it becomes a test example.

    Returns:
        Both, with the kinds of content of ``first``.
    """
    parts: list[Part] = ["train" if part == "test" else part for part in first.parts]
    order = tuple(dict.fromkeys((first.class_order or ()) + (test.class_order or ())))

    def both(name: str) -> list[Any] | None:
        left, right = getattr(first, name), getattr(test, name)
        if left is None and right is None:
            return None
        return (left or [None] * len(first)) + (right or [None] * len(test))

    same = {test.modality: test.items}.get(first.modality)
    return RawExamples(
        source=first.source,
        ids=first.ids + [f"test:{name}" for name in test.ids],
        labels=first.labels + test.labels,
        parts=parts + ["test"] * len(test),
        modality=first.modality,
        items=(first.items or [None] * len(first)) + (same or [None] * len(test)),
        groups=both("groups"),
        file_names=both("file_names"),
        class_order=order if first.class_order and test.class_order else None,
        found=[*first.found, f"The test part is {test.source!r} ({len(test):,} rows)", *test.found],
        findings=first.findings + test.findings,
        set_aside=both("set_aside"),
        ledger=first.ledger + test.ledger,
        tried=both("tried"),
    )
