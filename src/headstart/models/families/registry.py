"""Families by name: a table of the built-in ones, and the entry point ``headstart.families``."""

from __future__ import annotations

import functools
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from headstart.core import SettingsError, did_you_mean, reason_of

if TYPE_CHECKING:
    from headstart.models.families.base import Family

GROUP = "headstart.families"
# In this order names are tried and listed: what has weights comes first, folders and hub ids last.
OWN = {
    "transformers": "headstart.models.families.transformers:TransformersFamily",
    "packaged": "headstart.models.families.packaged:PackagedFamily",
    "timm": "headstart.models.families.timm:TimmFamily",
    "own": "headstart.models.families.own:OwnFamily",
    "tfidf": "headstart.models.families.tfidf:TfidfFamily",
    "logmel": "headstart.models.families.logmel:LogMelFamily",
    "spectrograms": "headstart.models.families.spectrograms:SpectrogramFamily",
    "minirocket": "headstart.models.families.minirocket:MiniRocketFamily",
    "drawings": "headstart.models.families.drawings:DrawingFamily",
    "compact": "headstart.models.families.compact:CompactFamily",
}
_added: dict[str, Family] = {}


def register_family(family: Family) -> None:
    """Make a family known in this process; packages use the entry point ``headstart.families`` instead."""
    _added[family.name] = family


def forget_family(name: str) -> None:
    """Undo :func:`register_family`."""
    _added.pop(name, None)


def family_names() -> tuple[str, ...]:
    """Names of all families, the built-in ones first."""
    return tuple(dict.fromkeys((*OWN, *sorted(_installed()), *_added)))


@functools.cache
def _installed() -> dict[str, str]:
    """Where the families of installed packages are, by name; looked up once, because that reads many files."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


def get_family(name: str) -> Family:
    """Load a family by its name.

    Raises:
        SettingsError: There is none, or its package fails at import.
    """
    return _added[name] if name in _added else _load(name)


def families() -> tuple[Family, ...]:
    """All families, in the order in which names are tried."""
    return tuple(get_family(name) for name in family_names())


@functools.cache
def _load(name: str) -> Family:
    from headstart.models.families.base import Family

    found = _installed() | OWN
    if name not in found:
        raise SettingsError(
            f"There is no family of models {name!r}", place=GROUP, hint=did_you_mean(name, family_names())
        )
    module, _, attribute = found[name].partition(":")
    try:
        family = getattr(import_module(module), attribute)()
    except Exception as error:
        raise SettingsError(
            f"The family {name!r} cannot be loaded: {reason_of(error, kind=True)}",
            place=found[name],
            hint="Repair or uninstall the package that brings it",
        ) from error
    if not isinstance(family, Family):
        raise SettingsError(
            f"The family {name!r} is a {type(family).__name__}, not a headstart Family",
            place=found[name],
            hint="Let its class inherit headstart.models.families.Family",
        )
    return family
