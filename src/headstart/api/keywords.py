"""Wrong keywords of a function that passes column options on: one line instead of a stray TypeError."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from headstart.core import SettingsError, did_you_mean
from headstart.data import load


def column_options() -> tuple[str, ...]:
    """Keywords that :func:`headstart.data.load` takes beside those that every function has of its own."""
    own = ("source", "task", "seed", "cache_dir")
    parameters = inspect.signature(load).parameters.items()
    return tuple(name for name, one in parameters if name not in own and one.kind is not one.VAR_KEYWORD)


def check_keywords(columns: Mapping[str, Any], function: Callable[..., Any]) -> None:
    """Refuse keywords that are neither the function's own nor column options.

    Raises:
        SettingsError: There is no such keyword; the hint names the closest one.
    """
    options = column_options()
    own = [name for name in inspect.signature(function).parameters if name != "columns"]
    for name in columns:
        if name not in (*options, "cache_dir"):
            raise SettingsError(
                f"{function.__name__}() has no argument {name!r}",
                place=f"headstart.{function.__name__}",
                hint=did_you_mean(name, [*own, *options]),
            )
