"""The data of a study as every renderer shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headstart.core import Record
from headstart.data import Finding

if TYPE_CHECKING:
    from headstart.studies import Evidence


class DataCard(Record):
    """What was learnt from and tested on.

    Attributes:
        test_kind: ``rotating``, ``official`` or ``set aside``.
        groups: What stays together, in words; None without groups.
        found: How the source was understood, in sentences.
    """

    source: str
    task: str
    n_pool: int
    n_test: int
    test_kind: str
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    groups: str | None
    found: tuple[str, ...]
    findings: tuple[Finding, ...]
    fingerprint: str


def describe_data(evidence: Evidence, findings: Sequence[Finding]) -> DataCard:
    """Describe the data that a study has read."""
    data = evidence.data
    return DataCard(
        source=data.source,
        task=data.task,
        n_pool=evidence.pool_size,
        n_test=len(evidence.splits[0].test),
        test_kind="rotating" if evidence.rotating else "official" if data.has_test else "set aside",
        class_names=tuple(data.class_names),
        class_counts=tuple(int(count) for count in data.class_counts),
        groups="given groups stay whole" if data.has_groups else None,
        found=tuple(data.found),
        findings=tuple(findings),
        fingerprint=data.fingerprint,
    )
