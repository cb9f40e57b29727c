"""The options that say how data is read, defined once for every command that reads data."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

OPTIONS: dict[str, Any] = {
    "task": Annotated[
        str | None, typer.Option(help="image-classification or text-classification; found if not given.")
    ],
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
        The same command for Typer, with each of ``OPTIONS`` in the place of that parameter.
    """
    hints = get_type_hints(command, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [
        parameter.replace(annotation=hints.get(name, Any), kind=keyword)
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "reading"
    ]
    options = {name: kind for name, kind in OPTIONS.items() if name not in {parameter.name for parameter in own}}
    shared = [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in options.items()]
    parameters = [*own, *shared]

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        reading = {name: given.pop(name) for name in options}
        if len(reading["text_column"] or ()) == 1:
            reading["text_column"] = reading["text_column"][0]
        command(**given, reading={name: value for name, value in reading.items() if value not in (None, [])})

    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del wrapped.__wrapped__  # Typer would look at the command behind it
    return wrapped
