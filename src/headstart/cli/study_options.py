"""The options of a study as the command line has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.cli.shared_options import expand
from headstart.options import StudyOptions

OPTIONS: dict[str, Any] = {
    "out": Annotated[Path | None, typer.Option(help="Folder of the study; named after the data if not given.")],
    "budget": Annotated[str, typer.Option(help="Time allowed in all: 90s, 15m, 2h.")],
    "candidate": Annotated[list[str] | None, typer.Option(help="A model to start from; may be repeated.")],
    "arch": Annotated[
        list[str] | None, typer.Option(help="Your own architecture, package.module:factory; may be repeated.")
    ],
    "strategy": Annotated[list[str] | None, typer.Option(help="A strategy to compare; may be repeated.")],
    "metric": Annotated[str | None, typer.Option(help="accuracy, macro-f1 or balanced-accuracy.")],
    "margin": Annotated[
        float | None,
        typer.Option(help="What difference matters, as a share; 0.01 or a quarter of the error, whichever is less."),
    ],
    "planned_labels": Annotated[
        int | None, typer.Option(help="Labels you will have: the answer is for them; all that are here if not given.")
    ],
    "target": Annotated[
        float | None, typer.Option(help="A value of the metric to reach, as in 0.95; says how many labels it takes.")
    ],
    "seed": Annotated[int, typer.Option(help="Determines every random choice.")],
    "jobs": Annotated[int, typer.Option(help="Trials that run at once; the cores are shared out among them.")],
    "executor": Annotated[
        str | None, typer.Option(help="inline, processes, ray or ray://ADDRESS; by --jobs if not given.")
    ],
    "planner": Annotated[str, typer.Option(help="Which planner chooses the trials.")],
}
LISTS = {"candidate": "candidates", "strategy": "strategies"}  # an option that may be repeated, and its field
DEFAULTS = {one.name: one.default for one in fields(StudyOptions)}


def chooses_study(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options above; it receives them as the dict ``chosen``, by field of StudyOptions."""
    return expand(command, "chosen", OPTIONS, _chosen, {name: DEFAULTS.get(name) for name in OPTIONS})


def _chosen(given: dict[str, Any]) -> dict[str, Any]:
    own = [f"arch:{path}" for path in given.pop("arch") or ()]
    chosen = {LISTS.get(name, name): value for name, value in given.items()}
    chosen["candidates"] = [*(chosen["candidates"] or ()), *own]
    chosen["strategies"] = chosen["strategies"] or ()
    return chosen
