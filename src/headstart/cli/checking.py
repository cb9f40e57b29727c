"""The command that examines data, and the line of progress while it is read."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.status import Status

FIRST_LINE = 1.0  # seconds without a terminal, after which a line says what takes time
NEXT_LINE = 10.0


def show_check(data: str, *, json_output: bool, reading: dict[str, Any]) -> None:
    """Print how the data was understood, and the findings of the health check."""
    with reading_progress(data):
        from headstart.data import check, load

        labelled = load(data, **reading)
        findings = check(labelled)
    test = int(labelled.is_test.sum())
    if json_output:
        card = {
            "source": labelled.source,
            "task": labelled.task,
            "n_pool": len(labelled) - test,
            "n_test": test,
            "test_kind": "official" if test else "none",
            "class_names": list(labelled.class_names),
            "class_counts": [int(count) for count in labelled.class_counts],
            "found": list(labelled.found),
            "findings": [finding.model_dump() for finding in findings],
            "accounting": labelled.accounting.model_dump(),
        }
        print(json.dumps(card, indent=2, ensure_ascii=False))
        return
    from headstart.report import render_data
    from headstart.report.data_card import DataCard

    shown = DataCard(
        source=labelled.source,
        task=labelled.task,
        n_pool=len(labelled) - test,
        n_test=test,
        test_kind="official" if test else "none",
        class_names=labelled.class_names,
        class_counts=tuple(int(count) for count in labelled.class_counts),
        groups=None,
        found=("; ".join(labelled.found), labelled.accounting.sentence()),
        findings=findings,
        fingerprint=labelled.fingerprint,
    )
    render_data(shown, Console(), most=len(findings))


@contextmanager
def reading_progress(data: str) -> Iterator[None]:
    """Show on standard error what is being read: at once in a terminal, otherwise when it takes long.

    Args:
        data: What is read.
    """
    screen = Console(stderr=True)
    if screen.is_terminal:
        with Status(f"reading {data[:60]}", console=screen) as status:
            from headstart.data.progress import showing  # after the first line: it imports much

            with showing(lambda what, done, total: status.update(_line(what, done, total))):
                yield
        return
    with slow_reading(data):
        yield


@contextmanager
def slow_reading(data: str) -> Iterator[None]:
    """Print plain lines on standard error while reading takes more than two seconds.

    Args:
        data: What is read.
    """
    started, shown = time.monotonic(), 0.0
    from headstart.data.progress import showing

    def show(what: str, done: int, total: int | None) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - started > FIRST_LINE and now - shown > NEXT_LINE:
            shown = now
            print(_line(what, done, total), file=sys.stderr, flush=True)

    with showing(show):
        yield


def _line(what: str, done: int, total: int | None) -> str:
    return f"{what}: {done:,}" + (f" of {total:,}" if total else "")
