"""The command that reads finished measurements and trains nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from headstart.api import curves
from headstart.core import SettingsError
from headstart.report.curve_picture import check_picture_path
from headstart.report.curve_screen import render_curves


def show_curves(file: Path, *, columns: str | None, plot: Path | None, json_output: bool, **options: Any) -> None:
    """Analyse a file of measurements; print words and a table, or one JSON document."""
    if plot is not None:
        check_picture_path(plot)
    found = curves(file, columns=column_names(columns), **options)
    if plot is not None:
        found.plot(plot)
    if json_output:
        print(json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False))
        return
    render_curves(found.analysis, Console(), saved=str(plot) if plot is not None else None)


def column_names(text: str | None) -> dict[str, str]:
    """``"n=examples_per_class,error=test_error"`` as a dict.

    Raises:
        SettingsError: A part has no name on one side.
    """
    names = {}
    for part in (text or "").split(",") if text else ():
        role, equals, name = (word.strip() for word in part.partition("="))
        if not (role and equals and name):
            raise SettingsError(
                f"{part.strip()!r} names no column", place="--columns", hint="Write --columns n=COLUMN,error=COLUMN"
            )
        names[role] = name
    return names


def many(values: Sequence[float] | None) -> tuple[float, ...]:
    """An option that may be repeated, as a tuple."""
    return tuple(values or ())
