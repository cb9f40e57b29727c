"""Records of published results, sorted by what their examples are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class _OfModality(Protocol):
    @property
    def modality(self) -> str: ...


T = TypeVar("T", bound=_OfModality)


def by_modality(records: Iterable[T]) -> dict[str, list[T]]:
    """Records by their modality, in their order."""
    found: dict[str, list[T]] = {}
    for record in records:
        found.setdefault(record.modality, []).append(record)
    return found
