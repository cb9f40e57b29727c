"""What is known before anything is measured: of a description, or of data that is read but not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headstart.api.keywords import check_keywords
from headstart.core import SettingsError
from headstart.data import load as load_data
from headstart.knowledge import Advice, Description, advise_on, describe
from headstart.knowledge.prior import MARGIN


def advise(
    data: Any = None,
    *,
    modality: str | None = None,
    labels: int | str | None = None,
    classes: int | None = None,
    domain: str = "",
    start: str | None = None,
    hardware: str | None = None,
    deadline: str | None = None,
    needs: Sequence[str] = (),
    candidates: Sequence[str] = (),
    margin: float = MARGIN / 100,
    **columns: Any,
) -> Advice:
    """Say what published results let one expect of a case, and what would settle it. Trains nothing.

    Args:
        data: As for :func:`study`; its modality, labels and classes are read off. Leave it out to describe a case.
        modality: ``image``, ``text``, ``sound``, ``series``, ``detection`` and others.
        labels: Labelled examples; or the table with the labels of a folder, as for :func:`study`.
        classes: Number of classes.
        domain: What the examples show, in a few words.
        start: How far the pretraining data lie: ``own``, ``near``, ``far`` or ``none``; guessed if not given.
        hardware: A card by name.
        deadline: Such as ``7d``.
        needs: Limits such as ``latency<20ms``.
        candidates: Models in mind.
        margin: What difference matters, as a share.
        **columns: ``task``, ``text_column`` and others, as for :func:`check`.

    Raises:
        SettingsError: A part of the description is impossible or not understood.
        DataError: The data cannot be read.
    """
    more = dict(domain=domain, start=start, hardware=hardware, deadline=deadline, needs=needs, candidates=candidates)
    if data is not None:
        case, name = described_data(data, modality=modality, labels=labels, classes=classes, columns=columns, **more)
        return advise_on(case, margin=checked_margin(margin), data=name)
    if columns:
        check_keywords(columns, advise)
    if modality is None:
        raise SettingsError("Neither data nor a modality was given", place="advise", hint="Give modality='image'")
    if isinstance(labels, str):
        raise SettingsError("A table of labels is for data", place="labels=", hint="Give a number, or data")
    return advise_on(describe(modality, labels, classes, **more), margin=checked_margin(margin))  # type: ignore[arg-type]


def checked_margin(margin: float) -> float:
    """A margin in points.

    Raises:
        SettingsError: It is no share.
    """
    if not 0 <= margin < 1:
        raise SettingsError(f"A margin of {margin:g} is no share", place="--margin", hint="0.01 is one point")
    return 100 * margin


def described_data(
    data: Any, *, modality: str | None, labels: Any, classes: int | None, columns: dict[str, Any], **more: Any
) -> tuple[Description, str]:
    """A description read off data, and the data's name. What the user states goes before what was found."""
    task, count = columns.pop("task", None), labels if isinstance(labels, int) else None
    if labels is not None and count is None:
        columns["labels"] = labels
    check_keywords(columns, advise)
    found = load_data(data, task, **columns)
    case = describe(
        modality or found.kind.name,
        int((~found.is_test).sum()) if count is None else count,
        len(found.class_names) if classes is None else classes,
        **more,
    )
    return case, str(data) if isinstance(data, str) else found.source
