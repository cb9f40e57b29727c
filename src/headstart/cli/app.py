"""The commands, and how every failure becomes one message and an exit code.

Exit codes: 0 done (decided or not: the JSON says), 1 the user can fix it, 2 usage, 3 ours, 130 stopped by the user.
Heavy imports stay inside the commands, so that a help page takes no time.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from headstart._version import __version__
from headstart.cli.reading_options import reads_data

app = typer.Typer(
    name="headstart",
    help="Measure on your data, within your budget, whether to fine-tune a pretrained model or train from scratch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

STOPPED = 130  # as shells have it for Ctrl-C; Typer makes the same of a KeyboardInterrupt

Data = Annotated[
    str, typer.Argument(metavar="DATA", help="Class folders, a table file, a folder of such files, or a hub id.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on standard output.")]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Run code that the model names but does not hold. Read it first.")
]


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    if version:
        typer.echo(f"headstart {__version__}")
        raise typer.Exit
    context.obj = {"debug": debug}
    if debug:
        os.environ["HEADSTART_DEBUG"] = "1"
    from headstart.core import limit_spinning

    limit_spinning()


@app.command()
@reads_data
def study(
    data: Data,
    reading: dict[str, Any],
    out: Annotated[Path | None, typer.Option(help="Folder of the study; named after the data if not given.")] = None,
    budget: Annotated[str, typer.Option(help="Time allowed in all: 90s, 15m, 2h.")] = "15m",
    candidate: Annotated[list[str] | None, typer.Option(help="A model to start from; may be repeated.")] = None,
    arch: Annotated[
        list[str] | None, typer.Option(help="Your own architecture, package.module:factory; may be repeated.")
    ] = None,
    strategy: Annotated[list[str] | None, typer.Option(help="A strategy to compare; may be repeated.")] = None,
    metric: Annotated[str | None, typer.Option(help="accuracy, macro-f1 or balanced-accuracy.")] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="What difference matters, as a share; 0.01 or a quarter of the error, whichever is less."),
    ] = None,
    planned_labels: Annotated[
        int | None, typer.Option(help="Labels you will have: the answer is for them; all that are here if not given.")
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="A value of the metric to reach, as in 0.95; says how many labels it takes.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Determines every random choice.")] = 0,
    jobs: Annotated[int, typer.Option(help="Trials that run at once; the cores are shared out among them.")] = 1,
    executor: Annotated[
        str | None, typer.Option(help="inline, processes, ray or ray://ADDRESS; by --jobs if not given.")
    ] = None,
    planner: Annotated[str, typer.Option(help="Which planner chooses the trials.")] = "staged",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and predict the cost; train nothing.")] = False,
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare transfer and from scratch on DATA within the budget, and save the trained winner."""
    from headstart.cli.studying import run_study

    run_study(
        data,
        out=out,
        budget=budget,
        strategies=strategy or (),
        metric=metric,
        candidates=[*(candidate or ()), *(f"arch:{path}" for path in arch or ())],
        margin=margin,
        planned_labels=planned_labels,
        target=target,
        **reading,
        seed=seed,
        jobs=jobs,
        executor=executor,
        planner=planner,
        dry_run=dry_run,
        json_output=json_output,
        quiet=quiet,
    )


@app.command()
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


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder of the study.")] = Path("headstart-demo"),
    budget: Annotated[str, typer.Option(help="Time allowed in all.")] = "2m",
    json_output: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run a small study on scikit-learn's digits; needs no data and no network."""
    from headstart.cli.studying import run_demo

    run_demo(out, budget, json_output=json_output, quiet=quiet)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="STUDY", help="Folder of a study.")], json_output: Json = False
) -> None:
    """Show a study's answer again and write its page again."""
    from headstart.cli.studying import show_report

    show_report(folder, json_output=json_output)


@app.command()
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


@app.command()
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


@app.command()
def models(
    data: Annotated[str | None, typer.Argument(metavar="DATA", help="Show the candidates for this data only.")] = None,
    json_output: Json = False,
) -> None:
    """Show the available candidates, with their facts."""
    from headstart.cli.using import show_models

    show_models(data, json_output=json_output)


@app.command()
@reads_data
def check(data: Data, reading: dict[str, Any], json_output: Json = False) -> None:
    """Examine DATA: broken items, duplicates, leaks, contradictions, imbalance, shortcuts."""
    from headstart.cli.checking import show_check

    show_check(data, json_output=json_output, reading=reading)


@app.command()
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


@app.command()
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


@app.command()
@reads_data
def advise(
    reading: dict[str, Any],
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="Read the description off this data; or describe it.")
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="image, text, sound, series, detection, video, protein and others.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="How many examples are labelled; or the table with the labels of a folder DATA.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Number of classes.")] = None,
    domain: Annotated[str, typer.Option(help="What the examples show, in a few words: 'chest x-ray'.")] = "",
    start: Annotated[
        str | None,
        typer.Option(help="How far pretraining data lie: own, near, far or none; guessed from words if not given."),
    ] = None,
    hardware: Annotated[str | None, typer.Option(help="A card by name: rtx3090, t4, a100, h100.")] = None,
    deadline: Annotated[str | None, typer.Option(help="Time until the answer is needed: 12h, 7d.")] = None,
    need: Annotated[
        list[str] | None, typer.Option(help="A limit of the model: 'latency<20ms', 'size<50mb'; may be repeated.")
    ] = None,
    candidate: Annotated[list[str] | None, typer.Option(help="A model in mind; may be repeated.")] = None,
    margin: Annotated[float, typer.Option(help="What difference matters, as a share: 0.01 is one point.")] = 0.01,
    json_output: Json = False,
) -> None:
    """Say what published results let one expect, before there is data; trains nothing and asks no network."""
    from headstart.cli.advising import run_advise

    run_advise(
        data,
        margin=margin,
        json_output=json_output,
        reading=reading,
        modality=modality,
        labels=labels,
        classes=classes,
        domain=domain,
        start=start,
        hardware=hardware,
        deadline=deadline,
        needs=tuple(need or ()),
        candidates=tuple(candidate or ()),
    )


@app.command()
@reads_data
def cost(
    reading: dict[str, Any],
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="Read the description off this data; or describe it.")
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="image, text, sound, series, detection, video, protein and others.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="How many examples are labelled; or the table with the labels of a folder DATA.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Number of classes.")] = None,
    domain: Annotated[str, typer.Option(help="What the examples show, in a few words.")] = "",
    hardware: Annotated[
        list[str] | None, typer.Option(help="A card by name; may be repeated; all of the table if not given.")
    ] = None,
    candidate: Annotated[list[str] | None, typer.Option(help="A model in mind; may be repeated.")] = None,
    label_price: Annotated[float | None, typer.Option(help="What a label costs, in US dollars.")] = None,
    here: Annotated[bool, typer.Option("--here", help="Measure this machine too.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Plan the memory of a language model from its config.json instead.")
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="With --config: full_finetune, lora, dora, qlora or linear_probe.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="With --config: examples of a step.")] = 1,
    length: Annotated[int, typer.Option(min=1, help="With --config: tokens of an example.")] = 512,
    precision: Annotated[str, typer.Option(help="With --config: bfloat16, float16 or float32.")] = "bfloat16",
    rank: Annotated[int, typer.Option(min=1, help="With --config: rank of adapters.")] = 16,
    no_checkpointing: Annotated[
        bool, typer.Option("--no-checkpointing", help="With --config: keep all activations.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Estimate seconds, energy and money of training, as ranges; or with --config the memory it takes."""
    from headstart.cli.costing import run_cost, run_memory

    if config is not None:
        run_memory(
            config,
            strategies=tuple(strategy or ()),
            hardware=tuple(hardware or ()),
            batch=batch,
            length=length,
            precision=precision,
            rank=rank,
            checkpointing=not no_checkpointing,
            json_output=json_output,
        )
        return
    run_cost(
        data,
        modality=modality,
        labels=labels,
        classes=classes,
        domain=domain,
        hardware=tuple(hardware or ()),
        candidates=tuple(candidate or ()),
        label_price=label_price,
        here=here,
        json_output=json_output,
        reading=reading,
    )


@app.command()
def strategies(json_output: Json = False) -> None:
    """Show every strategy: its idea, when it tends to win and lose, its cost and its paper."""
    from headstart.cli.using import show_strategies

    show_strategies(json_output=json_output)


@app.command()
def explain(
    term: Annotated[str, typer.Argument(metavar="TERM", help="A word of the report, or a strategy.")],
    json_output: Json = False,
) -> None:
    """Explain a word of the report, or a strategy."""
    from headstart.cli.using import explain_term

    explain_term(term, json_output=json_output)


def main() -> None:
    """Run the command line; no failure of the user's making ever shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what a terminal cannot show is written as \\x and \\u
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False, prog_name="headstart") or 0
        sys.stdout.flush()  # a closed pipe shows itself here at the latest
        if code == STOPPED:
            raise KeyboardInterrupt
        sys.exit(code)
    except SystemExit:
        raise
    except BaseException as error:  # the outermost caller: everything becomes a message and a code
        sys.exit(_report_failure(error))


def _report_failure(error: BaseException) -> int:
    from rich.console import Console

    from headstart.core import HeadstartError
    from headstart.report import render_error

    screen = Console(stderr=True)
    if isinstance(error, typer.Abort | KeyboardInterrupt):
        screen.print("Stopped by you. What was finished is stored; the same command goes on.", highlight=False)
        return STOPPED
    if isinstance(error, typer.TyperException):
        error.show()  # type: ignore[attr-defined]
        return 2
    if os.environ.get("HEADSTART_DEBUG"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, HeadstartError):
        render_error(error.fact, error.place, error.hint, screen)
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - nothing may write to the closed pipe at exit
        return 0
    render_error(
        f"{type(error).__name__}: {error}",
        None,
        "This is a fault of Headstart; run `headstart --debug ...` and report it",
        screen,
    )
    return 3
