"""Examples as a source gave them, before anything is judged or numbered."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headstart.data.findings import Finding
from headstart.data.parts import Part


@dataclass(eq=False)
class RawExamples:
    """N rows of a source; every list has N entries.

    Attributes:
        source: The name to display.
        ids: See :class:`~headstart.data.labelled.LabelledData`.
        labels: Class names; None where the label is missing.
        parts: Which part each row is in.
        texts: Texts for text tasks; None where there is nothing to read.
        images: Encoded bytes or files for image tasks; None where there is none.
        groups: What the user's group column says; None in it where it says nothing.
        file_names: The name of the file behind each example, for group patterns; None where there is none.
        class_order: Class names in the order a ClassLabel gave them.
        found: What was found, in sentences.
        findings: What was left out on the way.
    """

    source: str
    ids: list[str]
    labels: list[str | None]
    parts: list[Part]
    texts: list[str | None] | None = None
    images: list[bytes | Path | None] | None = None
    groups: list[str | None] | None = None
    file_names: list[str | None] | None = None
    class_order: tuple[str, ...] | None = None
    found: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

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

    return RawExamples(
        source=first.source,
        ids=first.ids + [f"test:{name}" for name in test.ids],
        labels=first.labels + test.labels,
        parts=parts + ["test"] * len(test),
        texts=both("texts"),
        images=both("images"),
        groups=both("groups"),
        file_names=both("file_names"),
        class_order=order if first.class_order and test.class_order else None,
        found=[*first.found, f"The test part is {test.source!r} ({len(test):,} rows)", *test.found],
        findings=first.findings + test.findings,
    )
