"""What a user should know about their data before any model sees it."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np

from headstart.data.findings import Finding, Severity, finding, plural
from headstart.data.labelled import LabelledData
from headstart.data.shortcuts import find_shortcuts

IMBALANCE = 3.0  # largest : smallest class; beyond it accuracy hides the small ones
MANY = 0.01  # share of copies that moves a figure by about its standard error
FEW_PER_CLASS = 10  # below it, no held-out choice of a recipe can be trusted


def check(data: LabelledData) -> tuple[Finding, ...]:
    """Examine the data.

    Args:
        data: The data.

    Returns:
        What loading found, then copies, leaks, contradictions, class sizes and shortcuts, each with figures.
    """
    return (
        *data.findings,
        *_copies(data),
        *_leaks(data),
        *_contradictions(data),
        *_class_sizes(data),
        *find_shortcuts(data),
    )


def _copies(data: LabelledData) -> list[Finding]:
    """Copies inside the part that is learnt from."""
    pool = np.flatnonzero(~data.is_test)
    exact = pool[_repeats(data.clusters.exact[pool])]
    near = np.setdiff1d(pool[_repeats(data.clusters.near[pool])], exact)
    what, what_all = data.kind.noun, data.kind.nouns
    kept = "" if data.has_test else "; copies are kept together in every split"
    findings = []
    if len(exact):
        share = len(exact) / len(pool)
        message = f"{plural(len(exact), what + ' repeats', what_all + ' repeat')} an earlier one ({share:.1%}){kept}"
        severity: Severity = "info" if share < MANY else "warning"
        findings.append(finding("duplicate", severity, message, _ids(data, exact), value=share))
    if len(near):
        share = len(near) / len(pool)
        repeat = plural(len(near), what + " repeats", what_all + " repeat")
        message = f"{repeat} an earlier one {data.kind.alike} ({share:.1%}){kept}"
        findings.append(finding("near-duplicate", "info", message, _ids(data, near), value=share))
    return findings


def _leaks(data: LabelledData) -> list[Finding]:
    """The same example, or the same group, on both sides of an official test part."""
    if not data.has_test:
        return []
    test = np.flatnonzero(data.is_test)
    pool = ~data.is_test
    what, what_all = f"test {data.kind.noun}", f"test {data.kind.nouns}"
    findings = []
    exact = test[np.isin(data.clusters.exact[test], data.clusters.exact[pool])]
    near = test[np.isin(data.clusters.near[test], data.clusters.near[pool])]
    near = np.setdiff1d(near, exact)
    if len(exact):
        share = len(exact) / len(test)
        twins = _twin_labels(data, exact)
        message = (
            f"{plural(len(exact), what + ' has', what_all + ' have')} an exact twin among the examples to learn from "
            f"({share:.1%} of the test part), {twins}"
        )
        severity: Severity = "warning" if share < MANY else "error"
        findings.append(finding("leak", severity, message, _ids(data, exact), value=share))
    if len(near):
        share = len(near) / len(test)
        message = (
            f"{plural(len(near), what + ' has', what_all + ' have')} a near twin among the examples to learn from "
            f"({share:.1%} of the test part)"
        )
        findings.append(finding("near-leak", "warning", message, _ids(data, near), value=share))
    if data.has_groups:
        shared = np.intersect1d(data.groups[test], data.groups[pool])
        straddling = test[np.isin(data.groups[test], shared)]
        if len(straddling):
            share = len(straddling) / len(test)
            message = (
                f"{plural(len(shared), 'group is', 'groups are')} on both sides of the official test part "
                f"({share:.1%} of its examples)"
            )
            findings.append(finding("group-leak", "error", message, _ids(data, straddling), value=share))
    return findings


def _contradictions(data: LabelledData) -> list[Finding]:
    """The same content under different labels."""
    order = np.lexsort((data.labels, data.clusters.exact))
    exact, labels = data.clusters.exact[order], data.labels[order]
    starts = np.flatnonzero(np.r_[True, exact[1:] != exact[:-1]])
    differs = np.minimum.reduceat(labels, starts) != np.maximum.reduceat(labels, starts)
    concerned = np.flatnonzero(np.isin(data.clusters.exact, exact[starts[differs]]))
    if not len(concerned):
        return []
    ceiling = len(concerned) / len(data)
    message = (
        f"{plural(int(differs.sum()), 'content has', 'contents have')} different labels in different places "
        f"({plural(len(concerned), 'example')}, {ceiling:.1%}): no model can be right on all of them"
    )
    return [finding("contradiction", "warning", message, _ids(data, concerned), value=ceiling)]


def _class_sizes(data: LabelledData) -> list[Finding]:
    counts = data.class_counts
    findings = []
    if data.imbalance > IMBALANCE:
        large, small = int(counts.argmax()), int(counts.argmin())
        message = (
            f"Classes differ by {data.imbalance:.1f} : 1 ({data.class_names[large]!r} {counts[large]:,}, "
            f"{data.class_names[small]!r} {counts[small]:,}); macro-F1 counts them alike"
        )
        findings.append(finding("imbalance", "warning", message, count=len(counts), value=data.imbalance))
    few = np.flatnonzero(counts < FEW_PER_CLASS)
    if len(few):
        names = ", ".join(f"{data.class_names[c]!r} {counts[c]}" for c in few[:5])
        message = (
            f"{plural(len(few), 'class has', 'classes have')} fewer than {FEW_PER_CLASS} examples to learn from "
            f"({names}{' ...' if len(few) > 5 else ''}): recipes cannot be chosen reliably"
        )
        findings.append(finding("few-examples", "warning", message, count=len(few), value=float(counts.min())))
    alike = _alike_names(data.class_names)
    if alike:
        message = f"Class names differ in case or spaces only: {', '.join(f'{a!r} and {b!r}' for a, b in alike[:3])}"
        findings.append(finding("similar-classes", "warning", message, count=len(alike)))
    if data.has_test:
        absent = np.flatnonzero(np.bincount(data.labels[data.is_test], minlength=len(counts)) == 0)
        if len(absent):
            names = ", ".join(repr(data.class_names[c]) for c in absent[:5])
            message = f"{plural(len(absent), 'class is', 'classes are')} missing from the test part: {names}"
            findings.append(finding("untested-class", "warning", message, count=len(absent)))
    return findings


def _repeats(clusters: np.ndarray) -> np.ndarray:
    """Positions of the second and later members of each cluster."""
    _, first = np.unique(clusters, return_index=True)
    return np.setdiff1d(np.arange(len(clusters)), first)


def _twin_labels(data: LabelledData, exact: np.ndarray) -> str:
    """Say whether test examples have the labels of their twins."""
    pool = np.flatnonzero(~data.is_test)
    seen = set(zip(data.clusters.exact[pool].tolist(), data.labels[pool].tolist(), strict=True))
    same = sum((int(data.clusters.exact[i]), int(data.labels[i])) in seen for i in exact)
    return "always with the same label" if same == len(exact) else f"{same:,} of them with the same label"


def _alike_names(names: tuple[str, ...]) -> list[tuple[str, str]]:
    by_form: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_form["".join(name.casefold().split())].append(name)
    return [pair for alike in by_form.values() for pair in combinations(alike, 2)]


def _ids(data: LabelledData, indices: np.ndarray) -> list[str]:
    return [data.ids[i] for i in indices]
