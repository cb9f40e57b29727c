"""Options that several commands share, or that a record has, written once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints


def expand(
    command: Callable[..., None],
    place: str,
    options: Mapping[str, Any],
    build: Callable[[dict[str, Any]], Any],
    defaults: Mapping[str, Any] | None = None,
    last: bool = False,
) -> Callable[..., None]:
    """Put options in the place of one parameter of a command.

    Args:
        command: With the parameter ``place``. An option that it defines itself is not given to it a second time.
        place: The parameter that receives what ``build`` makes of the options.
        options: Annotations for Typer by name.
        build: Called with the values by name.
        defaults: Without one the default is None.
        last: Whether the options follow all others.

    Returns:
        The same command for Typer.
    """
    hints = get_type_hints(command, include_extras=True)
    keyword, known = inspect.Parameter.KEYWORD_ONLY, defaults or {}
    own = inspect.signature(command).parameters
    shared = {
        name: inspect.Parameter(name, keyword, default=known.get(name), annotation=kind)
        for name, kind in options.items()
        if name not in own
    }
    parameters = []
    for name, parameter in own.items():
        if name != place:
            parameters.append(parameter.replace(annotation=hints.get(name, Any), kind=keyword))
        elif not last:
            parameters += shared.values()
    if last:
        parameters += shared.values()

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        taken = {name: given.pop(name) for name in shared}
        command(**given, **{place: build(taken)})

    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del wrapped.__wrapped__  # Typer would look at the command behind it
    return wrapped
