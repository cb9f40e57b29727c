"""Ctrl-C and SIGTERM: once, the study ends after what is running; twice, at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Catches the two signals while a study measures.

    Install it after any library that has handlers of its own, such as Ray.

    Args:
        first: Called at the first signal.

    Attributes:
        asked: Whether a signal has come.
    """

    def __init__(self, first: Callable[[], None]) -> None:
        self._first, self.asked = first, False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        try:
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._note)
        except ValueError:  # not in the main thread, where signals cannot be caught
            self._before.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._first()
