"""What every way to train begins with: data, splits, metric and candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headstart.data import Finding, LabelledData, Split, make_splits
from headstart.data import check as check_data
from headstart.data import load as load_data
from headstart.models import Candidate, builtin_names, get_family, resolve
from headstart.studies import choose_metric, find_candidates

USUAL_SIZE = 32  # of the data, which candidates without a size of their own assume where it has none


@dataclass(frozen=True)
class Setup:
    """Data and candidates, examined.

    Attributes:
        metric_reason: Why this metric, in words.
        skipped: (what, why) pairs of candidates that are not available.
    """

    data: LabelledData
    splits: tuple[Split, ...]
    findings: tuple[Finding, ...]
    metric: str
    metric_reason: str
    candidates: dict[str, Candidate]
    skipped: tuple[tuple[str, str], ...]


def set_up(
    data: Any,
    *,
    task: str | None = None,
    candidates: Sequence[str] = (),
    first: bool = False,
    metric: str | None = None,
    seed: int = 0,
    health: bool = True,
    **columns: Any,
) -> Setup:
    """Load data, split it, and resolve candidates.

    Args:
        data: As for :func:`headstart.study`.
        task: Found if not given.
        candidates: Names; the built-in ones if none are given.
        first: Resolve one candidate alone: the first that was asked for, or the first built-in one.
        metric: Chosen by imbalance if not given.
        seed: Of the splits.
        health: Whether to examine the data.
        **columns: As for :func:`headstart.data.load`.

    Raises:
        HeadstartError: Anything the user can fix; the message says how.
    """
    labelled = load_data(data, task, seed=seed, **columns)
    findings = check_data(labelled) if health else labelled.findings
    labelled.findings = findings
    name, why = choose_metric(metric, [int(count) for count in labelled.class_counts])
    native = labelled.content.native_size or USUAL_SIZE
    if first:
        name_of = candidates[0] if candidates else builtin_names(labelled.task)[0]
        found = {name_of: resolve(name_of, labelled.task, native_size=native)}
        skipped: list[tuple[str, str]] = []
    else:
        found, skipped = find_candidates(candidates, labelled.task, native)
    for candidate in found.values():
        get_family(candidate.family).check(candidate, len(labelled.class_names))
    return Setup(labelled, make_splits(labelled, seed), findings, name, why, found, tuple(skipped))
