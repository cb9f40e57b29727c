"""Commands about what there is already: examine data, analyse finished measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.cli.commands.kinds import Data, Json
from headstart.cli.reading_options import reads_data


@reads_data
def check(data: Data, reading: dict[str, Any], json_output: Json = False) -> None:
    """Examine DATA: broken items, duplicates, leaks, contradictions, imbalance, shortcuts."""
    from headstart.cli.checking import show_check

    show_check(data, json_output=json_output, reading=reading)


def curves(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A table: arm, n, error or accuracy, and perhaps seed, paradigm.")
    ],
    columns: Annotated[
        str | None, typer.Option(help="Your names for the columns, as in n=examples_per_class,error=test_error.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="share or percent; found by the largest value if not given.")] = None,
    scratch: Annotated[
        list[str] | None, typer.Option(help="An option that is from scratch, where no column says so; may be repeated.")
    ] = None,
    margin: Annotated[float, typer.Option(help="What difference matters, as a share: 0.01 is one point.")] = 0.01,
    horizon: Annotated[
        float, typer.Option(help="Say nothing beyond so many times the largest n; 4 is as far as was checked.")
    ] = 4.0,
    n_test: Annotated[
        int | None, typer.Option(help="Examples in the test part, so that their choice counts too.")
    ] = None,
    at: Annotated[list[float] | None, typer.Option(help="Predict every option at this n; may be repeated.")] = None,
    target: Annotated[
        list[float] | None, typer.Option(help="Labels to reach this value of the metric; may be repeated.")
    ] = None,
    label_price: Annotated[float | None, typer.Option(help="What a label costs, to price the head start.")] = None,
    chance: Annotated[
        float | None, typer.Option(help="What guessing gets; options that hardly beat it are not extrapolated.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the picture to a file: .svg or .html.")] = None,
    seed: Annotated[int, typer.Option(help="Determines every draw.")] = 0,
    json_output: Json = False,
) -> None:
    """Analyse finished measurements in FILE: learning curves, crossover, head start, what to measure next."""
    from headstart.cli.curving import many, show_curves

    show_curves(
        file,
        columns=columns,
        unit=unit,
        scratch=tuple(scratch or ()),
        margin=margin,
        horizon=horizon,
        n_test=n_test,
        at=many(at),
        targets=many(target),
        label_price=label_price,
        chance=chance,
        plot=plot,
        seed=seed,
        json_output=json_output,
    )
