"""Modalities by name and by task, whole."""

from __future__ import annotations

from headstart.core import SettingsError
from headstart.data.kinds import Kind, kind_named, kind_names, kind_of_task, kinds
from headstart.modalities.base import Modality

modality_names = kind_names


def get_modality(name: str) -> Modality:
    """A modality by its name, as in ``image``.

    Raises:
        SettingsError: There is none, or its package cannot be used.
    """
    return _whole(kind_named(name))


def modality_of(task: str) -> Modality:
    """The modality that a task classifies.

    Raises:
        SettingsError: None has this task.
    """
    return _whole(kind_of_task(task))


def modalities() -> tuple[Modality, ...]:
    """All modalities, the built-in ones first."""
    return tuple(_whole(kind) for kind in kinds())


def words_for(task: str) -> tuple[str, str]:
    """What examples of a task are called, and new ones on a command line; general words where nothing here knows it."""
    try:
        modality = modality_of(task)
    except SettingsError:
        return "examples", "new_examples/"
    return modality.nouns, modality.given


def _whole(kind: Kind) -> Modality:
    if not isinstance(kind, Modality):
        raise SettingsError(
            f"The modality {kind.name!r} says how it is read, not how it is learnt",
            place=type(kind).__name__,
            hint="Let its class inherit headstart.modalities.Modality",
        )
    return kind
