"""A case in a user's words, checked: what it is, how much of it is labelled, on what it must run."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal, cast, get_args

from headstart.core import Record, SettingsError, did_you_mean
from headstart.knowledge.devices import Device, find_device
from headstart.knowledge.domains import ALIASES, WITHOUT_START, hints_for
from headstart.knowledge.published import Start

MOST_LABELS = 10**10
LONGEST_DOMAIN = 120  # characters
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
Limit = Literal["latency", "memory", "size"]
LIMIT_UNITS = {"latency": {"ms": 1.0, "s": 1000.0}, "memory": {"gb": 1.0, "mb": 1e-3}, "size": {"mb": 1.0, "gb": 1e3}}


class Need(Record):
    """A limit that the finished model must keep.

    Attributes:
        of: ``latency`` in milliseconds, ``memory`` in GB, or ``size`` of the file in MB.
        below: The limit.
    """

    of: Limit
    below: float


class Description(Record):
    """A described case.

    Attributes:
        modality: As in the table of published results.
        stated: As the user wrote it.
        labels: Labelled examples; None if not known.
        classes: None if not known.
        domain: In the user's words; may be empty.
        start: How far usual pretraining data lie from it.
        start_reason: Why, where that was guessed; empty where it was stated.
        has_start: Whether any pretrained model of such data is known.
        device: The hardware, as stated.
        deadline: Seconds; None if there is none.
        needs: Limits on the finished model.
        candidates: Models that the user has in mind.
    """

    modality: str
    stated: str
    labels: int | None = None
    classes: int | None = None
    domain: str = ""
    start: Start = "near"
    start_reason: str = ""
    has_start: bool = True
    device: Device | None = None
    deadline: float | None = None
    needs: tuple[Need, ...] = ()
    candidates: tuple[str, ...] = ()

    @property
    def per_class(self) -> float | None:
        """Labels a class."""
        return self.labels / self.classes if self.labels and self.classes else None


def describe(
    modality: str,
    labels: int | None = None,
    classes: int | None = None,
    *,
    domain: str = "",
    start: str | None = None,
    hardware: str | None = None,
    deadline: str | None = None,
    needs: Sequence[str] = (),
    candidates: Sequence[str] = (),
) -> Description:
    """Check a description and read what its words say.

    Args:
        modality: ``image``, ``text``, ``sound``, ``series``, ``detection`` or another of the known ones.
        labels: Labelled examples.
        classes: Number of classes.
        domain: What the examples show, in a few words.
        start: ``own``, ``near``, ``far`` or ``none``: how far the pretraining data lie; guessed if not given.
        hardware: A card by name, such as ``rtx3090``.
        deadline: Such as ``7d`` or ``12h``.
        needs: Limits such as ``latency<20ms``.
        candidates: Models in mind.

    Raises:
        SettingsError: A part is impossible or not understood.
    """
    word = re.sub(r"[\s_]+", " ", modality.strip().lower())
    kind = ALIASES.get(word) or ALIASES.get(word.replace(" ", "-"))
    if kind is None:
        shown = list(dict.fromkeys(["image", "text", "sound", "series", *ALIASES]))
        raise SettingsError(f"There is no modality {modality!r}", place="--modality", hint=did_you_mean(word, shown))
    _check_counts(labels, classes)
    domain = _check_domain(domain)
    allowed = (*get_args(Start), "none")
    if start is not None and start not in allowed:
        raise SettingsError(f"There is no start {start!r}", place="--start", hint=did_you_mean(start, allowed))
    distance: Start = "far" if kind in WITHOUT_START else "near"
    reason = "no general model of such signals is known" if kind in WITHOUT_START else "taken as near: nothing says far"
    for hint in hints_for(kind, domain):
        kind, distance, reason = hint.modality or kind, hint.start, hint.reason
        break
    else:
        if domain and kind not in WITHOUT_START:
            reason = (
                f"{domain!r} names nothing that is known, so the data is taken as near to what models were trained on"
            )
        elif kind in ("medical image", "remote sensing"):
            distance, reason = "far", "such pictures lie far from the photographs that general models were trained on"
    if start in get_args(Start):
        distance, reason = cast("Start", start), ""
    return Description(
        modality=kind,
        stated=modality.strip(),
        labels=labels,
        classes=classes,
        domain=domain,
        start="far" if start == "none" else distance,
        start_reason="" if start == "none" else reason,
        has_start=start != "none" and (start is not None or kind not in WITHOUT_START),
        device=None if hardware is None else find_device(hardware),
        deadline=None if deadline is None else seconds_of(deadline),
        needs=tuple(_need(text) for text in needs),
        candidates=tuple(_candidate(name) for name in candidates),
    )


def seconds_of(text: str) -> float:
    """``7d``, ``12h``, ``30m`` or ``2w`` in seconds.

    Raises:
        SettingsError: It is none of these.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])(?:ec|in|ours?|ays?|eeks?)?\s*", text.lower())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not 0 < seconds < 10 * 365 * 86400:
        raise SettingsError(f"{text!r} is no length of time", place="--deadline", hint="Write 12h, 7d or 2w")
    return seconds


def _check_counts(labels: int | None, classes: int | None) -> None:
    if labels is not None and labels < 0:
        raise SettingsError(f"{labels:,} labels are not possible", place="--labels", hint="Give 0 or more")
    if labels is not None and labels > MOST_LABELS:
        raise SettingsError(
            f"{labels:,} labels are more than any data set has", place="--labels", hint="Count examples"
        )
    if classes is not None and classes < 2:
        hint = "Give 2 or more; with one class there is nothing to distinguish"
        raise SettingsError(f"{classes} classes are not possible", place="--classes", hint=hint)
    if labels and classes and classes > labels:
        raise SettingsError(
            f"{classes:,} classes are more than {labels:,} labels",
            place="--classes",
            hint="Every class needs an example",
        )


def _check_domain(domain: str) -> str:
    text = " ".join(domain.split())
    if not text:
        return ""
    if len(text) > LONGEST_DOMAIN:
        raise SettingsError(
            f"The domain has {len(text):,} characters", place="--domain", hint="A few words do, such as 'chest x-ray'"
        )
    if sum(letter.isalpha() for letter in text) < 2 or not text.isprintable():
        raise SettingsError(f"{text!r} is no domain", place="--domain", hint="Write a few words, such as 'chest x-ray'")
    return text


def _need(text: str) -> Need:
    found = re.fullmatch(r"\s*([a-z]+)\s*<=?\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", text.lower())
    if found is None:
        hint = "Write latency<20ms, memory<4gb or size<50mb"
        raise SettingsError(f"{text!r} is no limit", place="--need", hint=hint)
    units = LIMIT_UNITS.get(found[1])
    if units is None:
        raise SettingsError(f"There is no limit {found[1]!r}", place="--need", hint=did_you_mean(found[1], LIMIT_UNITS))
    value = float(found[2]) * units.get(found[3], math.nan)
    if not value > 0:
        raise SettingsError(f"{text!r} has no amount", place="--need", hint=f"Use one of {', '.join(units)}")
    return Need(of=cast("Limit", found[1]), below=value)


def _candidate(name: str) -> str:
    if not re.fullmatch(r"[\w./:@ -]{2,120}", name.strip()):
        raise SettingsError(
            f"{name!r} is no model's name", place="--candidate", hint="Write a name such as densenet121"
        )
    return name.strip()
