"""Seconds that no budget counts: waiting for downloads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_waited = 0.0


@contextmanager
def waiting() -> Iterator[None]:
    """Count what happens inside as waiting rather than work, if it brings what was waited for.

    A wait that ends in an error counts as work: the user allowed a time, and nothing came of this part of it.
    """
    global _waited
    start = time.monotonic()
    yield
    _waited += time.monotonic() - start


def seconds_waited() -> float:
    """Seconds that this process has waited so far."""
    return _waited
