"""What a study reports while it runs."""

from __future__ import annotations

from typing import Protocol

from headstart.core import Measurement, TrialSpec


class Observer(Protocol):
    """Receives what happens; the terminal's progress block is one."""

    def stage(self, text: str) -> None:
        """A new part of the work begins."""

    def trial_started(self, spec: TrialSpec, predicted_seconds: float) -> None:
        """A trial begins."""

    def trial_ended(self, spec: TrialSpec, measurement: Measurement, value: float, seconds: float) -> None:
        """A trial has ended and is stored; ``value`` is its metric on the examples that may guide the study."""

    def steps(self, done: int, total: int) -> None:
        """Progress inside a trial."""

    def note(self, text: str) -> None:
        """Something worth a line."""

    def leaderboard(self, rows: list[tuple[str, int, float, float]]) -> None:
        """Arms with size, value and half the width of the interval, the best first."""
