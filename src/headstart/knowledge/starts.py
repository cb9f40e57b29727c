"""Pretrained models to start from, by modality and domain: named, with licence and place."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

from headstart.core import Record
from headstart.knowledge.description import Description
from headstart.knowledge.domains import words_of
from headstart.knowledge.kinds import by_modality
from headstart.knowledge.published import Start


class StartingPoint(Record):
    """A pretrained model.

    Attributes:
        modality: As in the table of published results.
        domain: Beginning of a word of the domains it is for; empty for all.
        parameters_m: Weights, in millions.
        forward_gflop: Operations to predict one usual input, in 1e9; a multiply-add counts as two.
        start: How far its pretraining data lie from the modality's usual data.
        offline: Whether its weights come inside a package.
    """

    modality: str
    domain: str
    name: str
    parameters_m: float
    forward_gflop: float
    licence: str
    where: str
    start: Start
    offline: bool
    note: str

    @property
    def restricted(self) -> bool:
        """Whether its licence needs reading before use in a product."""
        return bool(re.search(r"NC|other|see", self.licence))


@cache
def starting_points() -> tuple[StartingPoint, ...]:
    """The whole list."""
    text = files("headstart.knowledge").joinpath("starts.csv").read_text(encoding="utf-8")
    return tuple(StartingPoint.model_validate(row) for row in csv.DictReader(text.splitlines()))


def starts_for(case: Description) -> tuple[StartingPoint, ...]:
    """Models for a case, the user's own candidates first, then those of its domain."""
    words = words_of(f"{case.domain} {case.stated}")
    ours = by_modality(starting_points()).get(case.modality, [])
    fitting = [one for one in ours if not one.domain or any(word.startswith(one.domain) for word in words)]
    named = [one for one in ours if any(_same(one.name, name) for name in case.candidates)]
    named.sort(key=lambda one: len(one.name))  # "densenet121" is the plain one, not one that somebody trained further
    ordered = [*named, *sorted(fitting, key=lambda one: not one.domain)]
    return tuple(dict.fromkeys(ordered))


def _same(name: str, wanted: str) -> bool:
    own, other = (re.sub(r"[^a-z0-9]", "", text.lower()) for text in (name, wanted.removeprefix("timm:")))
    return other in own
