"""Functions whose keywords are the fields of a record: one list for signature, documentation and checks."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from headstart.core import SettingsError, did_you_mean

P = ParamSpec("P")
Given = TypeVar("Given")
Result = TypeVar("Result")


def keywords_of(record: Callable[P, Given]) -> Callable[[Callable[[Given], Result]], Callable[P, Result]]:
    """Let a function of a record be called with the record's fields.

    Args:
        record: A dataclass; its ``Attributes`` become the function's ``Args``.

    Returns:
        A decorator. A keyword that is no field raises a :class:`SettingsError` which names the closest one.
    """

    def decorate(function: Callable[[Given], Result]) -> Callable[P, Result]:
        signature = inspect.signature(record)
        name = function.__name__

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> Result:
            for word in kwargs:
                if word not in signature.parameters:
                    fact = f"{name}() has no argument {word!r}"
                    hint = did_you_mean(word, list(signature.parameters))
                    raise SettingsError(fact, place=f"headstart.{name}", hint=hint)
            return function(record(*args, **kwargs))

        shown: Any = call
        shown.__signature__ = signature.replace(return_annotation=inspect.signature(function).return_annotation)
        shown.__doc__ = _with_arguments(inspect.getdoc(function) or "", inspect.getdoc(record) or "")
        del shown.__wrapped__  # else its own one parameter would be shown
        return call

    return decorate


def _with_arguments(said: str, record: str) -> str:
    """A docstring with the attributes of a record as its arguments, before what it returns."""
    listed = record.partition("Attributes:\n")[2].rstrip()
    before, returns, after = said.partition("Returns:\n")
    return f"{before}Args:\n{listed}\n\n{returns}{after}"
