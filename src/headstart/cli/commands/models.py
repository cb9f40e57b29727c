"""Commands about models: predict and export with saved ones, list and rank those to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.cli.commands.kinds import AllowCode, Data, Json, Quiet
from headstart.cli.reading_options import reads_data


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a saved model, or of its study.")],
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Tables, folders, files of lines, image files, texts, or - for the lines of standard input.",
        ),
    ],
    text_column: Annotated[
        list[str] | None,
        typer.Option(help="Column of a table with the texts; the study's if not given. May be repeated."),
    ] = None,
    image_column: Annotated[str | None, typer.Option(help="Column of a table with image files.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the predictions to a .csv, .tsv or .jsonl file.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the most probable classes to print.")] = 1,
    allow_code: AllowCode = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Classify INPUTs with a saved model; prints each with its class and probability."""
    from headstart.cli.predicting import Wanted, run_predict

    columns = tuple(text_column or ()) or ((image_column,) if image_column else ())
    wanted = Wanted(columns=columns, out=out, top=top, json_output=json_output, quiet=quiet)
    run_predict(model, inputs, wanted, allow_code=allow_code)


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of a saved model, or of its study.")],
    onnx: Annotated[bool, typer.Option("--onnx", help="As an ONNX file, with the extra `onnx`.")] = False,
    out: Annotated[Path | None, typer.Option(help="The file; model.onnx in the model's folder if not given.")] = None,
    allow_code: AllowCode = False,
    json_output: Json = False,
) -> None:
    """Write a saved network in a form that other runtimes read, and check that they compute the same."""
    from headstart.cli.exporting import run_export

    run_export(model, onnx=onnx, out=out, allow_code=allow_code, json_output=json_output)


def models(
    data: Annotated[str | None, typer.Argument(metavar="DATA", help="Show the candidates for this data only.")] = None,
    json_output: Json = False,
) -> None:
    """Show the available candidates, with their facts."""
    from headstart.cli.using import show_models

    show_models(data, json_output=json_output)


@reads_data
def rank(
    data: Data,
    reading: dict[str, Any],
    candidate: Annotated[list[str] | None, typer.Option(help="A model to rank; may be repeated.")] = None,
    keep: Annotated[int, typer.Option(help="How many to shortlist; what any score puts first comes on top.")] = 3,
    examples: Annotated[int, typer.Option(help="Labelled examples to look at, at most.")] = 1000,
    seed: Annotated[int, typer.Option(help="Determines which examples.")] = 0,
    json_output: Json = False,
) -> None:
    """Shortlist pretrained candidates by scores on DATA, without training; says how far the scores agree."""
    from headstart.cli.using import show_ranking

    show_ranking(
        data, tuple(candidate or ()), json_output=json_output, keep=keep, examples=examples, seed=seed, **reading
    )
