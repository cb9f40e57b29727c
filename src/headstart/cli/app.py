"""The command line, and how every failure becomes one message and an exit code.

Exit codes: 0 done (decided or not: the JSON says), 1 the user can fix it, 2 usage, 3 ours, 130 stopped by the user.
Heavy imports stay inside the commands, so that a help page takes no time.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from headstart._version import __version__
from headstart.cli.commands import COMMANDS

app = typer.Typer(
    name="headstart",
    help="Measure on your data, within your budget, whether to fine-tune a pretrained model or train from scratch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

STOPPED = 130  # as shells have it for Ctrl-C; Typer makes the same of a KeyboardInterrupt


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


for command in COMMANDS:
    app.command()(command)


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
