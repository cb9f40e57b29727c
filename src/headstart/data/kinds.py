"""What reading needs to know of a modality, and where modalities are found: the entry point ``headstart.modalities``.

This layer reads files, tables and labels; what an example is belongs to :mod:`headstart.modalities`, which stands
above it. So modalities come in by name, as plug-ins do.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from headstart.core import DataError, SettingsError, did_you_mean, reason_of
from headstart.data.content import Survey
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, plural
from headstart.data.listing import Entry, Listing

if TYPE_CHECKING:
    from headstart.data.columns import ColumnChoice
    from headstart.data.table import Table

GROUP = "headstart.modalities"
SAMPLE = 200  # cells that are looked at
OWN = {
    "image": "headstart.modalities.image.modality:ImageModality",
    "text": "headstart.modalities.text.modality:TextModality",
    "sound": "headstart.modalities.sound.modality:SoundModality",
    "series": "headstart.modalities.series.modality:SeriesModality",
}


class Kind(ABC):
    """How examples of one modality are recognised, read and counted.

    Attributes:
        name: Of the modality, as in ``image``.
        task: Classification of it, as in ``image-classification``.
        noun, nouns, one: An example in words, as in ``image``, ``images`` and ``an image``.
        suffixes: Endings, with their dot, of files that hold one example each.
        alike: How near copies are the same, as in ``to the eye``.
        missing: The ledger's word for examples that cannot be used.
        beside: Whether files of it may lie beside others that describe them, so that a few win over many texts.
    """

    name: ClassVar[str]
    task: ClassVar[str]
    noun: ClassVar[str]
    nouns: ClassVar[str]
    one: ClassVar[str]
    suffixes: ClassVar[frozenset[str]] = frozenset()
    alike: ClassVar[str] = "nearly"
    missing: ClassVar[str] = "unreadable"
    beside: ClassVar[bool] = True

    @abstractmethod
    def survey(self, items: Sequence[Any], folder: Path) -> Survey:
        """Look at every raw item once.

        Args:
            items: What files, cells or :meth:`read_file` gave: M of them, None where there is none.
            folder: The cache.
        """

    def begins(self, start: bytes) -> bool:
        """Whether encoded bytes, of which these are the first 16, are an example: where no file name tells."""
        return False

    def read_entries(self, entries: Sequence[Entry | None]) -> tuple[list[Any], list[Finding]]:
        """Make raw items of files that hold one example each: their paths, unless overridden."""
        return [None if entry is None else entry.path for entry in entries], []

    def read_file(self, path: Path, chosen: ColumnChoice) -> RawExamples | None:
        """Read a file of the modality's own kind that holds many labelled examples; None where it is none.

        Args:
            path: An existing file.
            chosen: Columns or fields that the user named.

        Raises:
            DataError: It is one, and it is damaged.
        """
        return None

    def read_listing(self, listing: Listing, chosen: ColumnChoice) -> RawExamples | None:
        """Read a folder of such files, perhaps one for each part; None where it is none."""
        return None

    def read_table(self, table: Table, name: str, chosen: ColumnChoice, task: str | None) -> RawExamples | None:
        """Read a table whose cells are the examples, such as one column for each moment; None where it is none."""
        return None

    def unusable(self, problems: Sequence[str]) -> tuple[str, str]:
        """Code and message of the finding about items with problems."""
        reason, count = Counter(problems).most_common(1)[0]
        share = "" if count == len(problems) else f" ({count:,} of them)"
        return "unreadable", f"{plural(len(problems), self.noun)} cannot be read; set aside: {reason}{share}"

    def nothing_usable(self, raw: RawExamples, problems: Sequence[str]) -> DataError:
        """The error for items that all have problems."""
        reason = Counter(problems).most_common(1)[0][0]
        source = (raw.items or [None])[0]
        path = f": {source}" if isinstance(source, Path) else ""
        cell = f" (the cell is {raw.tried[0]!r})" if raw.tried and raw.tried[0] else ""
        hint = "Check the file names in the table" if "no such file" in reason else "Check the files themselves"
        return DataError(
            f"None of the {len(raw):,} {self.nouns} can be read ({reason}{path}){cell}",
            place=f"{raw.source}, for example {raw.ids[0]}",
            hint=hint,
        )

    def lost(self, problems: Sequence[str], set_aside: bool) -> str:
        """Why a class has no example left: completes ``none of its 3 examples ...``."""
        return f"can be read ({Counter(problems).most_common(1)[0][0] or 'set aside'})"


_added: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a modality known in this process; packages use the entry point ``headstart.modalities`` instead."""
    _added[kind.name] = kind


def forget(name: str) -> None:
    """Undo :func:`register`."""
    _added.pop(name, None)


def kind_names() -> tuple[str, ...]:
    """Names of all modalities, the built-in ones first."""
    return tuple(dict.fromkeys((*OWN, *sorted(_installed()), *_added)))


@functools.cache
def _installed() -> dict[str, str]:
    """Where the modalities of installed packages are, by name; looked up once, because that reads many files."""
    return {entry.name: entry.value for entry in entry_points(group=GROUP)}


def kind_named(name: str) -> Kind:
    """Load a modality by its name.

    Raises:
        SettingsError: There is none, or its package fails at import.
    """
    return _added[name] if name in _added else _load(name)


@functools.cache
def _load(name: str) -> Kind:
    found = _installed() | OWN
    if name not in found:
        names = kind_names()
        raise SettingsError(f"There is no modality {name!r}", place=GROUP, hint=did_you_mean(name, names))
    module, _, attribute = found[name].partition(":")
    try:
        kind = getattr(import_module(module), attribute)()
    except Exception as error:
        raise SettingsError(
            f"The modality {name!r} cannot be loaded: {reason_of(error, kind=True)}",
            place=found[name],
            hint="Repair or uninstall the package that brings it",
        ) from error
    if not isinstance(kind, Kind):
        raise SettingsError(
            f"The modality {name!r} is a {type(kind).__name__}, not a headstart Modality",
            place=found[name],
            hint="Let its class inherit headstart.modalities.Modality",
        )
    return kind


def clear() -> None:
    """Look installed packages up again."""
    _installed.cache_clear()
    _load.cache_clear()


def kinds() -> tuple[Kind, ...]:
    """All modalities, the built-in ones first."""
    return tuple(kind_named(name) for name in kind_names())


def kind_of_task(task: str) -> Kind:
    """The modality that a task classifies.

    Raises:
        SettingsError: None has this task.
    """
    found = {kind.task: kind for kind in kinds()}
    if task not in found:
        raise SettingsError(f"There is no task {task!r}", place="--task", hint=did_you_mean(task, tuple(found)))
    return found[task]


def kind_of_suffix(suffix: str) -> Kind | None:
    """The modality whose files end so; None for other endings."""
    return _by_suffix(kinds()).get(suffix.lower())


@functools.lru_cache(maxsize=8)
def _by_suffix(of: tuple[Kind, ...]) -> dict[str, Kind]:
    return {suffix: kind for kind in reversed(of) for suffix in kind.suffixes}


def kind_in_doubt(suffix: str) -> Kind:
    """The same, or texts, which files of any ending may hold."""
    return kind_of_suffix(suffix) or next(kind for kind in kinds() if not kind.beside)


def kind_of_cells(values: Sequence[Any]) -> Kind:
    """The modality of cells that hold files or name them; pictures where nothing tells."""
    named: Counter[str] = Counter()
    for value in values[:SAMPLE]:
        path = value.get("path") if isinstance(value, dict) else value
        content = value.get("bytes") if isinstance(value, dict) else value
        kind = kind_of_suffix(PurePath(str(path).split("?")[0]).suffix) if isinstance(path, str | PurePath) else None
        if kind is None and isinstance(content, bytes):
            kind = next((one for one in kinds() if one.begins(content[:16])), None)
        if kind is not None and kind.beside:
            named[kind.name] += 1
    return kind_named(named.most_common(1)[0][0]) if named else next(kind for kind in kinds() if kind.beside)


def nouns_read() -> str:
    """What is read, as in ``images or texts``."""
    *others, last = (kind.nouns for kind in kinds())
    return f"{', '.join(others)} or {last}" if others else last


def file_suffixes() -> frozenset[str]:
    """Endings of files that hold one example of any modality but texts, which any file might be."""
    return _file_suffixes(kinds())


@functools.lru_cache(maxsize=8)
def _file_suffixes(of: tuple[Kind, ...]) -> frozenset[str]:
    return frozenset(suffix for kind in of if kind.beside for suffix in kind.suffixes)


def problems_of(values: np.ndarray, rows: Sequence[int] | np.ndarray) -> list[str]:
    """Problems of some items as plain strings."""
    return [str(problem) for problem in values[rows].tolist()]
