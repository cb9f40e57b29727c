"""Every error that a user can cause, in one tree and in one form: fact, place, next step.

::

    HeadstartError            exit code 1: the user can fix it
    |-- DataError             the data cannot be used as it is
    |-- SettingsError         an option or argument is wrong
    |-- SourceError           a model or data source cannot be reached
    |-- BudgetError           the time allowed does not suffice
    `-- BundleError           a saved study or model cannot be read or written
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LISTED = 12  # options that one hint names at most
LONGEST_REASON = 200  # characters of an error that others raise


class HeadstartError(Exception):
    """An error whose message says what to do next.

    Args:
        fact: What was found, one clause without a full stop.
        place: Where (file, column, class, option); shown on its own line.
        hint: What to do next, if possible a command.
    """

    exit_code = 1

    def __init__(self, fact: str, *, place: str | None = None, hint: str | None = None) -> None:
        self.fact, self.place, self.hint = fact, place, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        parts = [self.fact]
        if self.place:
            parts.append(f"in {self.place}")
        if self.hint:
            parts.append(self.hint)
        return "; ".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, which exceptions with keyword arguments do not by themselves."""
        return _rebuild, (type(self), self.fact, self.place, self.hint)


class DataError(HeadstartError):
    """The data cannot be used as it is."""


class SettingsError(HeadstartError):
    """An option or argument is wrong."""


class SourceError(HeadstartError):
    """A model or data source cannot be reached or is not acceptable."""


class BudgetError(HeadstartError):
    """The time allowed does not suffice for any answer."""


class BundleError(HeadstartError):
    """A saved study or model cannot be read or written."""


def _rebuild(kind: type[HeadstartError], fact: str, place: str | None, hint: str | None) -> HeadstartError:
    return kind(fact, place=place, hint=hint)


def reason_of(error: BaseException, *, kind: bool = False) -> str:
    """The first line of any error, fit for a message of one line.

    Args:
        error: With a message of any length, or none.
        kind: Begin with the error's class, where the message alone would not be understood.
    """
    text = str(error).strip()
    first = text.splitlines()[0][:LONGEST_REASON] if text else ""
    name = type(error).__name__
    return f"{name}: {first or 'no reason given'}" if kind else first or name


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Name the closest option, or list the first few.

    Args:
        word: What the user wrote.
        options: What would have been accepted.

    Returns:
        A sentence to use as the hint of an error.
    """
    known = list(options)
    by_lower_case = {option.lower(): option for option in known}
    close = difflib.get_close_matches(word.lower(), list(by_lower_case), n=1, cutoff=0.5)
    if close:
        return f"Did you mean {by_lower_case[close[0]]!r}?"
    if not known:
        return "Nothing is available to choose from"
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return f"Choose one of: {', '.join(known[:LISTED])}{more}"


def safe_name(text: str) -> str:
    """A text as the name of a file or folder: other characters become dashes."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in text)
