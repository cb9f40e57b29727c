"""The options of a study, which ``headstart.study``, ``headstart.plan`` and the command line share.

Nothing heavy is imported here: the help page of the command is made from it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

READING = (
    "task",
    "text_column",
    "image_column",
    "label_column",
    "group_column",
    "group_regex",
    "layout",
    "labels",
    "test",
    "cache_dir",
)
SHOWING = ("quiet", "command", "console")


@dataclass(frozen=True)
class StudyOptions:
    """What was asked for, as it was given: nothing is checked yet.

    Attributes:
        data: Class folders, a table file, a folder of such files, a hub id, or a ``datasets`` object.
        budget: Time allowed in all, such as ``"15m"``, or seconds.
        out: The study's folder; named after the data if not given. A plan takes into account what was measured there.
        task: ``image-classification`` or ``text-classification``; found if not given.
        candidates: Models to start from; the built-in ones if none are given.
        strategies: Strategies to compare; those compared by default if none are given.
        metric: ``accuracy``, ``macro-f1`` or ``balanced-accuracy``; chosen by imbalance if not given.
        margin: What difference matters, as a share; one point, or a quarter of the error if less, if not given.
        planned_labels: How many labels you will have: the answer is for them. All that are here if not given.
        target: A value of the metric to reach; the answer names the labels it takes.
        seed: Determines every random choice.
        jobs: Trials that run at once; the cores are shared out among them.
        executor: ``inline``, ``processes``, ``ray`` or ``ray://ADDRESS``; by ``jobs`` if not given.
        planner: Which planner chooses the trials.
        quiet: Show nothing while it runs.
        command: The words to reproduce the study with, for the report.
        console: Where progress goes; standard error if not given.
        text_column: Column with the texts, or several names: they are joined in this order.
        image_column: Column with the images or their file names.
        label_column: Column with the classes.
        group_column: Column whose equal values must stay together, such as a patient.
        group_regex: Pattern on file names; its first group must stay together.
        layout: How a folder is read: ``folders``, ``deepest`` or ``table``; found if not given.
        labels: The table with the labels of the files in a folder.
        test: A separate test part, in the same form as the data.
        cache_dir: Where derived data is kept; by default ``$HEADSTART_CACHE``, else the user's cache.
    """

    data: Any
    budget: str | float = "15m"
    _: KW_ONLY
    out: str | Path | None = None
    task: str | None = None
    candidates: Sequence[str] = ()
    strategies: Sequence[str] = ()
    metric: str | None = None
    margin: float | None = None
    planned_labels: int | None = None
    target: float | None = None
    seed: int = 0
    jobs: int = 1
    executor: str | None = None
    planner: str = "contenders"
    quiet: bool = False
    command: Sequence[str] | None = None
    console: Console | None = None
    text_column: str | Sequence[str] | None = None
    image_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    group_regex: str | None = None
    layout: str | None = None
    labels: str | os.PathLike[str] | None = None
    test: Any = None
    cache_dir: str | os.PathLike[str] | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """The options of :func:`headstart.data.load` that were given."""
        given = {name: getattr(self, name) for name in READING}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def given(self) -> dict[str, Any]:
        """All fields by name: the keywords to call a function of this record with."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def python_call(self) -> str:
        """``headstart.study(...)`` without what was left at its default and without what only shows progress."""
        given = self.reading | {
            one.name: value
            for one in fields(self)
            if one.name not in (*READING, *SHOWING, "data")
            and (value := getattr(self, one.name)) is not None
            and value != one.default
        }
        source = repr(str(self.data)) if isinstance(self.data, str | Path) else type(self.data).__name__.lower()
        order = [one.name for one in fields(self)]
        shown = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
        words = [f"{name}={shown[name]!r}" for name in sorted(shown, key=order.index)]
        return f"headstart.study({', '.join([source, *words])})"
