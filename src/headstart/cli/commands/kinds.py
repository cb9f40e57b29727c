"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Data = Annotated[
    str, typer.Argument(metavar="DATA", help="Class folders, a table file, a folder of such files, or a hub id.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on standard output.")]
AllowCode = Annotated[
    bool, typer.Option("--allow-code", help="Run code that the model names but does not hold. Read it first.")
]
