"""From raw examples to labelled data: set aside what cannot be used, number the rest, tie copies together."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np

from headstart.core import DataError, SettingsError
from headstart.data.content import Survey
from headstart.data.duplicates import Clusters, connect, number
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, finding, plural
from headstart.data.kinds import Kind, kind_named, problems_of
from headstart.data.labelled import LabelledData
from headstart.data.labels import ordered
from headstart.data.parts import Part

MIN_PER_CLASS = 2  # one to learn from and one to judge by
MAX_LOST = 20  # lost classes that are named one by one
PATTERN_SECONDS = 10.0


def assemble(raw: RawExamples, folder: Path, group_regex: str | None = None) -> LabelledData:
    """Judge every raw example once and build the data that all layers above work with.

    Args:
        raw: What a source gave.
        folder: The cache.
        group_regex: Pattern on file names without their ending; its first group names the example's group.

    Returns:
        The data.

    Raises:
        DataError: Nothing usable is left, or one class only.
        SettingsError: The pattern is no pattern, or fits no file.
    """
    raw.labels = [None if label is None else _as_text(label) for label in raw.labels]
    raw.class_order = raw.class_order and tuple(_as_text(name) for name in raw.class_order)
    raw.ids = [_as_text(name) for name in raw.ids]
    findings = list(raw.findings)
    found = list(raw.found)
    if set(raw.parts) == {"test"}:
        raw.parts = ["train"] * len(raw)
        found.append("There is only a test part; it is used as if it had no name")
    given_groups = _groups_by_name(raw, group_regex, found) if group_regex else raw.groups
    kind = kind_named(raw.modality)
    survey = kind.survey(raw.items or [], folder)
    keep = _usable(raw, kind, survey, findings)
    is_test = np.array([part == "test" for part in raw.parts])
    keep = _with_enough_per_class(raw, kind, survey, keep, is_test, findings)
    if is_test.any() and not is_test[keep].any():
        message = "Nothing of the test part can be used, so a test part is taken from the rest"
        findings.append(finding("lost-part", "error", message, _ids(raw, is_test)))
    names = {raw.labels[i] for i in keep}
    class_names = tuple(name for name in raw.class_order or ordered(names) if name in names)
    index = {name: i for i, name in enumerate(class_names)}
    labels = np.array([index[raw.labels[i]] for i in keep], dtype=np.int64)
    is_test, ids = is_test[keep], [raw.ids[i] for i in keep]
    content = survey.keep(keep)
    clusters = content.clusters(folder)
    findings += content.findings(ids)
    groups = _numbered_groups(given_groups, keep)
    found.append(_sizes(raw.parts, keep, class_names))
    return LabelledData(
        task=kind.task,
        source=raw.source,
        class_names=class_names,
        labels=labels,
        groups=groups if is_test.any() else _with_copies(groups, clusters, found),
        has_groups=given_groups is not None,
        ids=ids,
        is_test=is_test,
        fingerprint=_fingerprint(class_names, labels, groups, is_test, ids, list(content.identity())),
        found=tuple(found),
        findings=tuple(findings),
        content=content,
        clusters=clusters,
        accounting=raw.ledger.close(len(keep)),
    )


def _as_text(name: str) -> str:
    """A name that every file and screen can hold: folders of old archives have bytes that are no text."""
    return name.encode("utf-8", "backslashreplace").decode()


def _usable(raw: RawExamples, kind: Kind, survey: Survey, findings: list[Finding]) -> np.ndarray:
    """Indices of examples that have content and a label; the rest becomes findings."""
    unlabelled = np.array([label is None for label in raw.labels])
    aside = np.zeros(len(raw), dtype=bool)
    if raw.set_aside is not None:  # reported by whoever set them aside
        aside = np.array([reason is not None for reason in raw.set_aside])
        raw.ledger.rows_named += Counter(reason for reason in raw.set_aside if reason is not None)
    broken = (survey.problems != "") & ~aside
    if broken.any():
        code, message = kind.unusable(problems_of(survey.problems, broken))
        findings.append(finding(code, "warning", message, _ids(raw, broken)))
        raw.ledger.rows_named[kind.missing] += int(broken.sum())
    missing = unlabelled & ~broken & ~aside
    if missing.any():
        message = f"{plural(int(missing.sum()), 'example has', 'examples have')} no label; set aside"
        findings.append(finding("missing-label", "warning", message, _ids(raw, missing)))
        raw.ledger.rows_named["no label"] += int(missing.sum())
    keep = np.flatnonzero(~broken & ~unlabelled & ~aside)
    if not len(keep):
        raise _nothing_left(raw, kind, survey, broken, unlabelled)
    return keep


def _nothing_left(
    raw: RawExamples, kind: Kind, survey: Survey, broken: np.ndarray, unlabelled: np.ndarray
) -> DataError:
    if broken.all():
        return kind.nothing_usable(raw, problems_of(survey.problems, broken))
    if unlabelled.all():
        column = next((name for name, role in raw.ledger.columns.items() if role == "label"), None)
        where = f"{raw.source}, column {column!r}" if column else raw.source
        hint = "Choose another column: --label-column X" if column else "Put each into a folder of its class"
        return DataError(f"None of the {len(raw):,} examples has a label", place=where, hint=hint)
    return DataError(
        f"None of the {len(raw):,} rows has both a label and content ({int(unlabelled.sum()):,} have no label, "
        f"{int(broken.sum()):,} no content)",
        place=raw.source,
        hint="Check the rows of the table",
    )


def _with_enough_per_class(
    raw: RawExamples, kind: Kind, survey: Survey, keep: np.ndarray, is_test: np.ndarray, findings: list[Finding]
) -> np.ndarray:
    """Leave out classes that nothing can be learnt about; report those that are lost altogether."""
    findings += _lost_classes(raw, kind, survey, keep)
    if is_test[keep].any() and not is_test[keep].all():
        learnable = keep[~is_test[keep]]
    else:
        learnable = keep
    counts = Counter(raw.labels[i] for i in learnable)
    small = sorted({str(raw.labels[i]) for i in keep if counts[raw.labels[i]] < MIN_PER_CLASS})
    if small:
        tiny = set(small)
        left_out = [i for i in keep if str(raw.labels[i]) in tiny]
        shown = ", ".join(small[:5]) + (" ..." if len(small) > 5 else "")
        message = (
            f"{plural(len(small), 'class has', 'classes have')} fewer than {MIN_PER_CLASS} examples to learn from; "
            f"set aside: {shown}"
        )
        findings.append(finding("tiny-class", "warning", message, [raw.ids[i] for i in left_out], count=len(small)))
        raw.ledger.rows_named["class too small"] += len(left_out)
        keep = np.array([i for i in keep if str(raw.labels[i]) not in tiny], dtype=np.int64)
    names = {raw.labels[i] for i in keep}
    if len(names) == 1:
        set_aside = len(raw) - len(keep)
        after = f" after {plural(set_aside, 'example was', 'examples were')} set aside" if set_aside else ""
        raise DataError(
            f"There is only one class, {names.pop()!r}{after}",
            place=raw.source,
            hint="Classification needs at least two: add examples of another class",
        )
    if not names:
        raise DataError(
            "No class has two examples", place=raw.source, hint="Label more examples, at least two of each class"
        )
    return keep


def _lost_classes(raw: RawExamples, kind: Kind, survey: Survey, keep: np.ndarray) -> list[Finding]:
    """Classes of which no example is left."""
    left = {raw.labels[i] for i in keep}
    lost: dict[str, list[int]] = {}
    for i, label in enumerate(raw.labels):
        if label is not None and label not in left:
            lost.setdefault(label, []).append(i)
    found = []
    for label, rows in list(lost.items())[:MAX_LOST]:
        aside = raw.set_aside is not None and all(raw.set_aside[i] for i in rows)
        reason = kind.lost(problems_of(survey.problems, rows), aside)
        message = f"The class {label!r} is lost: none of its {plural(len(rows), 'example')} {reason}"
        found.append(finding("lost-class", "error", message, [raw.ids[i] for i in rows]))
    return found


def _groups_by_name(raw: RawExamples, pattern: str, found: list[str]) -> list[str | None]:
    option = f"--group-regex {pattern!r}"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        hint = "See docs.python.org/3/library/re for patterns"
        raise SettingsError(f"The pattern is not valid ({error})", place=option, hint=hint) from error
    if compiled.groups < 1:
        hint = r"Put brackets around the part that names the group, as in '^(.*)_\d+$'"
        raise SettingsError("The pattern has no group", place=option, hint=hint)
    if raw.groups is not None:
        raise SettingsError("A group column and a group pattern were given", place=option, hint="Leave one of them out")
    names = raw.file_names
    if names is None or not any(names):
        raise SettingsError(
            "The examples have no file names to match", place=option, hint="Name a column instead: --group-column X"
        )
    groups = _first_groups(pattern, names, option)
    matched = [group for group in groups if group is not None]
    if not matched:
        raise SettingsError(
            f"The pattern fits none of the {len(names):,} file names (such as {Path(names[0] or '').stem!r})",
            place=option,
            hint=r"Try it on that name; '^(.*)_\d+$' takes all before the last number",
        )
    found.append(
        f"The group pattern fits {len(matched):,} of {len(names):,} file names ({len(matched) / len(names):.0%}) "
        f"and gives {plural(len(set(matched)), 'group')}; the others are groups of their own"
    )
    return groups


def _first_groups(pattern: str, names: list[str | None], option: str) -> list[str | None]:
    """What the first group of a pattern matches; some patterns take longer than the universe on some names."""
    import regex

    limited = regex.compile(pattern)
    until = time.monotonic() + PATTERN_SECONDS
    groups: list[str | None] = []
    for name in names:
        left = until - time.monotonic()
        try:
            match = limited.search(Path(name).stem, timeout=max(left, 0.001)) if name else None
        except TimeoutError:
            raise SettingsError(
                f"The pattern takes more than {PATTERN_SECONDS:.0f} s (at {str(name)[:60]!r})",
                place=option,
                hint="Repetitions inside repetitions, as in '(a+)+', take that long: write it without",
            ) from None
        groups.append(match.group(1) if match else None)
    return groups


def _numbered_groups(given: list[str | None] | None, keep: np.ndarray) -> np.ndarray:
    """Group numbers from 0; examples without a group are groups of their own."""
    if given is None:
        return np.arange(len(keep), dtype=np.int64)
    names: dict[object, int] = {}
    keys: list[object] = [given[i] if given[i] is not None else int(i) for i in keep]
    return np.array([names.setdefault(key, len(names)) for key in keys], dtype=np.int64)


def _with_copies(groups: np.ndarray, clusters: Clusters, found: list[str]) -> np.ndarray:
    """Put copies of an example into its group, so that no split of ours separates them."""
    merged = connect(len(groups), number(groups), clusters.near)
    copies = len(clusters.near) - len(np.unique(clusters.near))
    if copies:
        what = plural(copies, "copy or near-copy stays", "copies and near-copies stay")
        found.append(f"{what} on the side of the original in every split")
    return merged


def _fingerprint(
    class_names: tuple[str, ...],
    labels: np.ndarray,
    groups: np.ndarray,
    is_test: np.ndarray,
    ids: list[str],
    content: list[bytes],
) -> str:
    digest = hashlib.blake2b(digest_size=12)
    texts = ("\x1f".join(class_names), "\x1f".join(ids))
    for text in texts:
        piece = text.encode("utf-8", "surrogateescape")
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    length = sum(map(len, content)) + max(0, len(content) - 1)
    digest.update(length.to_bytes(8, "big"))
    for i, piece in enumerate(content):  # one after the other: joined they would need their memory twice
        digest.update(b"\x1f" + piece if i else piece)
    for array in (labels, groups, is_test):
        digest.update(array.tobytes())
    return digest.hexdigest()


def _sizes(parts: list[Part], keep: np.ndarray, class_names: tuple[str, ...]) -> str:
    counts = Counter(parts[i] for i in keep)
    what = f"{plural(len(keep), 'example')} in {plural(len(class_names), 'class', 'classes')}"
    pieces = [f"{counts[part]:,} {part}" for part in ("train", "validation", "test") if counts[part]]
    if len(pieces) > 1:
        what += f" ({', '.join(pieces)}{'; validation joins the pool' if counts['validation'] else ''})"
    return what


def _ids(raw: RawExamples, mask: np.ndarray) -> list[str]:
    return [raw.ids[i] for i in np.flatnonzero(mask)]
