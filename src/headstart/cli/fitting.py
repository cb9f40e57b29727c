"""The command that trains one arm."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from headstart.api.fitting import Fit, fit, parse_setting

SECONDS_BETWEEN_LINES = 10.0


def run_fit(data: str, *, values: list[str], json_output: bool, quiet: bool, **options: Any) -> None:
    """Train, then print what came out and where it lies."""
    chosen = dict(parse_setting(text) for text in values)
    screen = Console(stderr=True)
    if quiet or not screen.is_terminal:
        result = fit(data, recipe=chosen, on_step=None if quiet else lines_of_progress(screen), **options)
    else:
        with Progress(console=screen, transient=True) as progress:
            task = progress.add_task("loading", total=None)

            def show(done: int, total: int) -> None:
                progress.update(task, description="training", completed=done, total=total)

            result = fit(data, recipe=chosen, on_step=show, **options)
    if json_output:
        print(json.dumps(result.to_dict(), indent=2, ensure_ascii=False))
        return
    _print_fit(result, Console())


def lines_of_progress(screen: Console) -> Callable[[int, int], None]:
    """A line now and then, where a bar cannot be drawn: in a log, or a pipe."""
    began = last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done in (1, total) or now - last >= SECONDS_BETWEEN_LINES:
            last = now
            screen.print(f"training: step {done:,} of {total:,} after {now - began:.0f} s", highlight=False)

    return show


def _print_fit(result: Fit, screen: Console) -> None:
    measured = result.measurement
    recipe = result.recipe
    steps = "closed form"
    if recipe.steps:
        steps = f"{measured.steps:,} steps of {recipe.batch_size}, rate {recipe.learning_rate:g}"
    share = 100 * measured.trainable_parameters / max(measured.parameters, 1)
    lines = [
        ("Arm", result.arm.name),
        ("Result", f"{result.metric} {100 * result.value:.1f} on {measured.n_test:,} test examples"),
        ("Learnt", f"from {measured.n_realised:,} labels in {measured.seconds:.0f} s ({steps})"),
        ("Size", f"{measured.parameters:,} weights, {share:.3g} % of them trained"),
        *(("Note", note) for note in measured.notes),
        ("Saved", f"{result.model_dir}"),
        ("Next", f"headstart predict {result.model_dir} INPUT"),
    ]
    for name, text in lines:
        screen.print(Text.assemble((f"{name:<9}", "bold"), text))
