"""Live progress display: one small block, or one plain line per trial."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from headstart.report import wording

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from headstart.core import Measurement, TrialSpec

Row = tuple[str, int, float | None, float | None]
BAR_WIDTH = 24
LEADERS = 3
SHOWN = 4  # running trials with a line of their own


class Progress:
    """Shows a running study; never decides.

    On a terminal a block of at most eight lines is redrawn in place. Elsewhere (a log file, a pipe) every
    finished trial is one plain line. Use it as a context manager around the run.

    Args:
        console: Where progress goes, normally ``Console(stderr=True)`` so that results keep stdout for themselves.
        budget_seconds: What the user allowed.
        quiet: Show nothing at all.
        spent_seconds: Budget used up by earlier runs of the same study.
        metric: Name of the metric, which decides whether values are shown as percentages.
    """

    def __init__(
        self,
        console: Console | None,
        budget_seconds: float,
        quiet: bool = False,
        *,
        spent_seconds: float = 0.0,
        metric: str = "accuracy",
    ) -> None:
        if console is None:
            from rich.console import Console

            console = Console(stderr=True)
        self._console, self._budget, self._quiet, self._metric = console, budget_seconds, quiet, metric
        self._start = time.monotonic() - spent_seconds
        self._stage, self._event, self._note = "", "", ""
        self._trials: dict[str, tuple[str, float, float]] = {}  # running: words, start, predicted seconds
        self._done, self._total, self._finished = 0, 0, 0
        self._leaders: list[Row] = []
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Start drawing, if this is a terminal and not quiet."""
        if not self._quiet and self._console.is_terminal and not self._console.is_dumb_terminal:
            from rich.live import Live

            self._live = Live(
                console=self._console,
                get_renderable=self._block,
                refresh_per_second=2,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the block away; the last screen follows."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    @property
    def elapsed(self) -> float:
        """Budget used so far, in seconds, earlier runs included."""
        return time.monotonic() - self._start

    def stage(self, text: str) -> None:
        """Say what the study is doing now, such as ``"Measuring"``."""
        self._stage = wording.clean(text)
        self._plain(self._stage)

    def note(self, text: str) -> None:
        """Say something a reader must know, such as a smaller batch after running out of memory."""
        self._note = wording.clean(text)
        self._plain(f"note: {self._note}")

    def trial_started(self, spec: TrialSpec, predicted_seconds: float) -> None:
        """Announce a trial and how long it should take."""
        self._trials[spec.key] = (_describe(spec), time.monotonic(), predicted_seconds)
        self._done = self._total = 0

    def steps(self, done: int, total: int) -> None:
        """Report the trial's own progress; cheap enough to call at every step."""
        self._done, self._total = done, total

    def trial_ended(self, spec: TrialSpec, measurement: Measurement, value: float, seconds: float) -> None:
        """Report what a trial showed, or the reason why it failed."""
        self._finished += 1
        self._trials.pop(spec.key, None)
        if measurement.error:
            result = f"failed: {wording.clean(measurement.error, 120)}"
        else:
            result = f"{self._metric} {wording.score(value, self._metric)}"
        self._event = f"{_describe(spec)}: {result} in {wording.duration(seconds)}"
        self._plain(self._event)

    def leaderboard(self, rows: Sequence[Row]) -> None:
        """Show the leading arms as (name, n, value, half-width of the interval)."""
        self._leaders = list(rows)[:LEADERS]

    def _plain(self, text: str) -> None:
        """Print one line where there is no block to redraw."""
        if self._live is None and not self._quiet:
            from rich.text import Text

            stamp = f"[{wording.clock(self.elapsed)} / {wording.clock(self._budget)}] "
            self._console.print(Text(stamp + text), soft_wrap=True)

    def _block(self) -> Group:
        """At most eight lines: stage, budget, trial, three leaders, last event, note."""
        from rich.console import Group
        from rich.text import Text

        done = f"  {wording.plural(self._finished, 'trial')} done"
        lines: list[Text] = [Text.assemble((self._stage or "Starting", "bold"), done)]
        lines.append(self._budget_line())
        lines += [self._trial_line(*trial) for trial in list(self._trials.values())[:SHOWN]]
        if len(self._trials) > SHOWN:
            lines.append(Text(f"       and {len(self._trials) - SHOWN} more trials running", style="dim"))
        for place, (name, n, value, half) in enumerate(self._leaders, start=1):
            figure = wording.score(value, self._metric)
            spread = "" if wording.missing(half) else f" ± {wording.score(half, self._metric)}"
            shown = wording.clean(name, 40)
            lines.append(Text(f"{place}. {shown:<40}  {figure}{spread}  at n = {wording.count(n)}"))
        if self._event:
            lines.append(Text(f"last  {self._event}", style="dim"))
        if self._note:
            lines.append(Text(f"note  {self._note}", style="yellow"))
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        return Group(*lines)

    def _budget_line(self) -> Text:
        from rich.text import Text

        left = max(0.0, self._budget - self.elapsed)
        finish = time.strftime("%H:%M", time.localtime(time.time() + left))
        share = self.elapsed / self._budget if self._budget > 0 else 1.0
        used = f"{wording.clock(self.elapsed)} / {wording.clock(self._budget)}"
        return Text.assemble("budget ", _bar(share, "cyan"), f" {used}, done by {finish} at the latest")

    def _trial_line(self, words: str, start: float, predicted: float) -> Text:
        from rich.text import Text

        seconds = time.monotonic() - start
        if self._total > 0 and len(self._trials) == 1:
            share = self._done / self._total
        else:
            share = seconds / predicted if predicted > 0 else 0.0
        times = f"{wording.clock(seconds)} of about {wording.clock(predicted)}"
        return Text.assemble("trial  ", _bar(share, "green"), f" {times}  {words}")


def _bar(share: float, style: str) -> Text:
    """A bar that also reads without colour: a solid part, a dotted part and the share in figures."""
    from rich.text import Text

    share = min(1.0, max(0.0, share))
    solid = round(share * BAR_WIDTH)
    return Text.assemble(("━" * solid, style), ("┈" * (BAR_WIDTH - solid), "dim"), f" {100 * share:3.0f} %")


def _describe(spec: TrialSpec) -> str:
    words = [wording.clean(spec.arm.name, 48), f"{spec.role} at n = {spec.n:,}"]
    words += [wording.clean(spec.recipe.label, 30)] if spec.role == "tuning" and spec.recipe.label else []
    words += [f"repeat {spec.repeat + 1}"] if spec.role == "measuring" or spec.repeat else []
    words += [f"{spec.steps_share:.0%} of its steps"] if spec.steps_share < 1 else []
    return ", ".join(words)
