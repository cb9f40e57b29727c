"""A line of progress for whoever reads large data: silent unless a caller asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Show = Callable[[str, int, int | None], None]

INTERVAL = 0.2  # seconds between two reports of one step

_shown: ContextVar[Show | None] = ContextVar("shown progress", default=None)


@contextmanager
def showing(show: Show) -> Iterator[None]:
    """Receive the progress of everything that is read inside the block.

    Args:
        show: Called with what is done, how much of it, and of how many (None where unknown).
    """
    token = _shown.set(show)
    try:
        yield
    finally:
        _shown.reset(token)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Report one step.

    Args:
        what: What is done, such as ``"reading images"``.
        total: How many items there are.

    Yields:
        A function to call with the number of items done; it may be called often, and from several threads.
    """
    show = _shown.get()
    if show is None:
        yield lambda done: None
        return
    last = 0.0

    def step(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= INTERVAL:
            last = now
            show(what, done, total)

    show(what, 0, total)
    yield step
