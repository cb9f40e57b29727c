"""Published comparisons of transfer with training from scratch, and their sources.

``comparisons.csv`` has a row for each pair of arms of one source, data set, size and metric; ``scripts/knowledge.py``
makes it and says what it leaves out. Where a source lists several pretrained models, the row holds their median: the
best of many on the test part would favour transfer.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Literal

from headstart.core import Record

Start = Literal["own", "near", "far"]
ArmKind = Literal["finetune", "probe", "peft"]


class Source(Record):
    """Where figures stand.

    Attributes:
        key: Short name in the tables.
        read: ``paper``, ``repository`` (result files of the authors), or ``second-hand`` (somebody's summary).
        where: Tables or sections.
    """

    key: str
    authors: str
    title: str
    year: str
    read: Literal["paper", "repository", "second-hand"]
    link: str
    where: str


class Comparison(Record):
    """Two arms of one source, on one data set, at one size.

    Attributes:
        n: Labelled examples; None where the source does not say.
        detail: Schedule or method, where a source compares several.
        start: Pretraining data: the task's own unlabelled examples, near ones, or far ones.
        points: Lead of the arm over its rival in points of the metric, always so that more is better.
        best_points: The same for the best of each side on test, which favours the side with more entries.
        models: Pretrained models behind the median.
        rivals: Models of the rival behind its median.
        matched: Whether both sides have the same architecture.
        use: ``fit`` for the prior, ``strategy`` for comparisons within transfer, ``shown`` for neither.
    """

    source: str
    modality: str
    domain: str
    dataset: str
    n: int | None
    classes: int | None
    metric: str
    detail: str
    start: Start
    arm: ArmKind
    rival: Literal["scratch", "finetune"]
    arm_value: float
    rival_value: float
    points: float
    best_points: float
    models: int
    rivals: int
    matched: bool
    use: Literal["fit", "strategy", "shown"]


class PublishedCost(Record):
    """What a published training run took.

    Attributes:
        hours: Wall-clock or device-hours, as the note says.
        usd: As published, at the prices of that year.
    """

    source: str
    year: int
    what: str
    hardware: str | None
    hours: float | None
    usd: float | None
    note: str


def _rows(name: str) -> list[dict[str, str | None]]:
    text = files("headstart.knowledge").joinpath(name).read_text(encoding="utf-8")
    return [{key: value or None for key, value in row.items()} for row in csv.DictReader(text.splitlines())]


@cache
def comparisons() -> tuple[Comparison, ...]:
    """All published comparisons."""
    return tuple(Comparison.model_validate(row | {"detail": row["detail"] or ""}) for row in _rows("comparisons.csv"))


@cache
def sources() -> dict[str, Source]:
    """Sources by key."""
    found = (Source.model_validate({name: value or "" for name, value in row.items()}) for row in _rows("sources.csv"))
    return {source.key: source for source in found}


@cache
def published_costs() -> tuple[PublishedCost, ...]:
    """What published training runs took."""
    return tuple(PublishedCost.model_validate(row | {"note": row["note"] or ""}) for row in _rows("costs.csv"))
