"""Commands that train: a study, one option of it, and the demonstration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.cli.commands.kinds import Data, Json, Quiet
from headstart.cli.reading_options import reads_data
from headstart.cli.study_options import chooses_study
from headstart.options import StudyOptions


@reads_data
@chooses_study
def study(
    data: Data,
    chosen: dict[str, Any],
    reading: dict[str, Any],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and predict the cost; train nothing.")] = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare transfer and from scratch on DATA within the budget, and save the trained winner."""
    from headstart.cli.studying import run_study

    options = StudyOptions(data, **chosen, **reading, quiet=quiet, command=["headstart", *sys.argv[1:]])
    run_study(options, dry_run=dry_run, json_output=json_output)


@reads_data
def fit(
    data: Data,
    reading: dict[str, Any],
    candidate: Annotated[
        str | None, typer.Option(help="The model to start from; the built-in one if not given.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="How to train it; `headstart strategies` lists the ways.")] = (
        "full_finetune"
    ),
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="A value of the recipe, as in lr=3e-4; may be repeated.")
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="Labels to learn from; all if not given.")] = None,
    budget: Annotated[str | None, typer.Option(help="Shorten the schedule to fit: 60s, 5m.")] = None,
    from_study: Annotated[
        Path | None, typer.Option("--from", metavar="STUDY", help="Train the winner of this study on every label.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the model.")] = None,
    metric: Annotated[str | None, typer.Option(help="accuracy, macro-f1 or balanced-accuracy.")] = None,
    seed: Annotated[int, typer.Option(help="Determines every random choice.")] = 0,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train one option on DATA outside a study, measure it on the test part, and save it."""
    from headstart.cli.fitting import run_fit

    run_fit(
        data,
        candidate=candidate,
        strategy=strategy,
        values=setting or [],
        n=n,
        budget=budget,
        from_study=from_study,
        out=out,
        metric=metric,
        **reading,
        seed=seed,
        json_output=json_output,
        quiet=quiet,
    )


def demo(
    out: Annotated[Path, typer.Option(help="Folder of the study.")] = Path("headstart-demo"),
    budget: Annotated[str, typer.Option(help="Time allowed in all.")] = "2m",
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a small study on scikit-learn's digits; needs no data and no network."""
    from headstart.cli.studying import run_demo

    run_demo(out, budget, json_output=json_output, quiet=quiet)


def report(
    folder: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of a study.")], json_output: Json = False
) -> None:
    """Show a study's answer again and write its page again."""
    from headstart.cli.studying import show_report

    show_report(folder, json_output=json_output)
