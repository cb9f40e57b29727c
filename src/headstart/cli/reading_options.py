"""The options that say how data is read, defined once for every command that reads data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from headstart.cli.shared_options import expand

OPTIONS: dict[str, Any] = {
    "task": Annotated[str | None, typer.Option(help="image-, text- or series-classification; found if not given.")],
    "label_column": Annotated[str | None, typer.Option(help="Column with the classes.")],
    "text_column": Annotated[
        list[str] | None, typer.Option(help="Column with the texts; may be repeated, and is joined in this order.")
    ],
    "image_column": Annotated[str | None, typer.Option(help="Column with the images or their file names.")],
    "group_column": Annotated[
        str | None, typer.Option(help="Column whose equal values must stay together (a patient).")
    ],
    "group_regex": Annotated[
        str | None, typer.Option(help="Pattern on file names; its first group must stay together.")
    ],
    "layout": Annotated[
        str | None,
        typer.Option(
            help="How a folder is read: folders (outermost are classes), deepest, or table; found if not given."
        ),
    ],
    "labels": Annotated[Path | None, typer.Option(help="The table with the labels of the files in the folder DATA.")],
    "test": Annotated[Path | None, typer.Option(help="A separate test part, in the same form as DATA.")],
}


def reads_data(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options above; it receives what the user set as the dict ``reading``.

    Args:
        command: With a parameter ``reading``. An option that it defines itself is not given to it a second time.

    Returns:
        The same command for Typer.
    """
    return expand(command, "reading", OPTIONS, _reading, last=True)


def _reading(given: dict[str, Any]) -> dict[str, Any]:
    if len(given["text_column"] or ()) == 1:
        given["text_column"] = given["text_column"][0]
    return {name: value for name, value in given.items() if value not in (None, [])}
