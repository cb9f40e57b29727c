"""What training takes - operations, seconds, energy, money - before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headstart.api.advising import described_data
from headstart.api.keywords import check_keywords
from headstart.core import SettingsError, probe_hardware
from headstart.knowledge import Device, describe
from headstart.knowledge.pricing import CostTable, cost_table


def cost(
    data: Any = None,
    *,
    modality: str | None = None,
    labels: int | str | None = None,
    classes: int | None = None,
    domain: str = "",
    hardware: Sequence[str] = (),
    candidates: Sequence[str] = (),
    label_price: float | None = None,
    here: bool = False,
    at: Sequence[int] = (),
    **columns: Any,
) -> CostTable:
    """Estimate what each strategy takes on each machine. Trains nothing.

    Args:
        data: As for :func:`study`; its modality, labels and classes are read off. Leave it out to describe a case.
        modality: ``image``, ``text``, ``sound``, ``series`` and others.
        labels: Labelled examples; or the table with the labels of a folder, as for :func:`study`.
        classes: Number of classes.
        domain: What the examples show, in a few words.
        hardware: Cards by name; the whole table if not given.
        candidates: Models in mind; the first listed start if not given.
        label_price: What a label costs, in US dollars.
        here: Measure this machine's rate too, which takes under a second after torch is loaded.
        at: Other numbers of labels to price as well.
        **columns: ``task``, ``text_column`` and others, as for :func:`check`.

    Raises:
        SettingsError: A part of the description is impossible or not understood.
        DataError: The data cannot be read.
    """
    if data is not None:
        case, _ = described_data(
            data,
            modality=modality,
            labels=labels,
            classes=classes,
            columns=columns,
            domain=domain,
            candidates=candidates,
        )
    else:
        check_keywords(columns, cost)
        if modality is None:
            raise SettingsError("Neither data nor a modality was given", place="cost", hint="Give modality='image'")
        if isinstance(labels, str):
            raise SettingsError("A table of labels is for data", place="labels=", hint="Give a number, or data")
        case = describe(modality, labels, classes, domain=domain, candidates=candidates)
    return cost_table(case, hardware, label_price, this_device() if here else None, at)


def this_device() -> Device:
    """This machine, measured."""
    found = probe_hardware()
    rate = found.gflops_bfloat16 if found.dtype == "bfloat16" else found.gflops_float32
    return Device(name=f"this machine ({found.name})", gflops=rate, memory_gb=found.memory_gb, measured=True)
