"""What training each option once on all labels takes, here and on machines one can rent: rows of the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from headstart.advice import study_costs
from headstart.knowledge import Cost, find_device
from headstart.knowledge.ranges import dollars, span
from headstart.report import wording

if TYPE_CHECKING:
    from headstart.report.summary import Summary

CARDS = ("T4", "RTX 4090", "H100 SXM")  # an old one, a desktop's, a data centre's


@dataclass(frozen=True)
class PriceRow:
    """One option.

    Attributes:
        name: Of the option.
        expected: Metric that is expected with all labels, and its interval.
        here: Time of one run on the study's machine.
        elsewhere: Time and money for each of :data:`CARDS`; empty where operations were not counted.
    """

    name: str
    expected: str
    here: str
    elsewhere: tuple[str, ...]


def price_rows(summary: Summary) -> tuple[list[PriceRow], str]:
    """A row for each option about which something is said with all labels, the cheapest first; the prices' date."""
    answer = summary.recommendation
    found = study_costs(answer, summary.data.n_pool, machines=[find_device(name) for name in CARDS])
    rows = [
        PriceRow(
            way.name,
            wording.score_with_interval(way.value, way.value_low, way.value_high, answer.metric.name),
            wording.duration(way.seconds),
            tuple(_elsewhere(cost) for cost in way.elsewhere),
        )
        for way in found.ways
    ]
    return rows, found.dated


def _elsewhere(cost: Cost) -> str:
    return span(cost.seconds) + (f", {dollars(cost.usd)}" if cost.usd else "")
