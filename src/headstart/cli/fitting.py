"""The command that trains one arm."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from headstart.api.fitting import Fit, fit, parse_setting


def run_fit(data: str, *, values: list[str], json_output: bool, quiet: bool, **options: Any) -> None:
    """Train, then print what came out and where it lies."""
    chosen = dict(parse_setting(text) for text in values)
    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("loading", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, description="training", completed=done, total=total)

        result = fit(data, recipe=chosen, on_step=show, **options)
    if json_output:
        print(json.dumps(result.to_dict(), indent=2, ensure_ascii=False))
        return
    _print_fit(result, Console())


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
