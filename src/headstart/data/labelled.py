"""Labelled examples in the one form that all layers above work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from headstart.data.accounting import Accounting
from headstart.data.content import Content
from headstart.data.duplicates import Clusters, connect, number
from headstart.data.findings import Finding
from headstart.data.kinds import Kind, kind_of_task


@dataclass(eq=False)
class LabelledData:
    """N examples with their classes.

    Attributes:
        task: Of its modality, as in ``"image-classification"``.
        source: A name to display: the last part of the path, or the hub id.
        class_names: In the order of the label numbers.
        labels: (N,) int64.
        groups: (N,) int64. Examples of one group are never split; all distinct where there are none. In data that
            we split ourselves, copies and near-copies of an example are in its group.
        has_groups: Whether the user gave groups.
        ids: File name relative to the source, or ``"train.csv:12"`` for the record that starts in line 12.
        is_test: (N,) bool: in the official test part. All False if there is none.
        fingerprint: Hex digits that change with any content, label, group, id or part.
        found: What was found in the source, in sentences.
        findings: What had to be set aside or said while loading.
        content: What the N examples hold.
        clusters: Which examples are copies of each other.
        accounting: What became of every file, row and column of the source.
    """

    task: str
    source: str
    class_names: tuple[str, ...]
    labels: np.ndarray
    groups: np.ndarray
    has_groups: bool
    ids: list[str]
    is_test: np.ndarray
    fingerprint: str
    found: tuple[str, ...]
    findings: tuple[Finding, ...]
    content: Content
    clusters: Clusters
    accounting: Accounting = field(default_factory=Accounting)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        test = f", {int(self.is_test.sum()):,} of them test" if self.has_test else ""
        return f"LabelledData({self.source!r}: {len(self):,} examples{test}, {len(self.class_names)} classes)"

    @property
    def kind(self) -> Kind:
        """The modality of the examples."""
        return kind_of_task(self.task)

    @property
    def has_test(self) -> bool:
        """Whether there is an official test part."""
        return bool(self.is_test.any())

    @cached_property
    def inseparable(self) -> np.ndarray:
        """(N,) int64: groups together with the copies of their examples, which no part of ours separates.

        Beside an official test part ``groups`` itself must not hold copies: it would tie pool to test.
        """
        return connect(len(self), number(self.groups), self.clusters.near)

    @property
    def class_counts(self) -> np.ndarray:
        """Examples of each class outside the official test part, (C,) int64."""
        return np.bincount(self.labels[~self.is_test], minlength=len(self.class_names))

    @property
    def imbalance(self) -> float:
        """Largest class to smallest, outside the official test part; above 3 the metric is macro-F1."""
        counts = self.class_counts
        return float(counts.max() / max(1, counts.min()))
