"""The record of what was expected before anything was measured."""

from __future__ import annotations

from headstart.core import Record
from headstart.knowledge import Expectation


class Before(Record):
    """The expectation from published comparisons, for a general pretrained start and the compared number of labels.

    Attributes:
        n: Labels.
        expectation: Of the lead of transfer, in points.
        measured: The measured lead of transfer, in points; None where the two sides were not compared.
        contradicted: Whether the measured lead lies outside the interval, or the verdict names the side that was
            improbable.
        sentence: All of that in words.
    """

    n: int
    expectation: Expectation
    measured: float | None
    contradicted: bool
    sentence: str
