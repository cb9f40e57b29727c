"""Entry point of this layer: any source in, labelled data out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from headstart.core import SettingsError, did_you_mean
from headstart.data.assemble import assemble
from headstart.data.cache import cache_folder
from headstart.data.columns import ColumnChoice
from headstart.data.examples import join
from headstart.data.kinds import kind_named, kind_of_task
from headstart.data.labelled import LabelledData
from headstart.data.sources import Layout, Reading, read_source

if TYPE_CHECKING:
    import datasets
    import pandas as pd


def load(
    source: str | os.PathLike[str] | pd.DataFrame | datasets.Dataset | datasets.DatasetDict,
    task: str | None = None,
    *,
    text_column: str | Sequence[str] | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
    group_regex: str | None = None,
    layout: str | None = None,
    labels: str | os.PathLike[str] | None = None,
    test: Any = None,
    seed: int = 0,
    cache_dir: str | os.PathLike[str] | None = None,
    **unknown: Any,
) -> LabelledData:
    r"""Load labelled examples in the form people have them.

    The form and the columns are found by type, name and values, and ``found`` lists what was found. Examples that
    cannot be used (unreadable, empty, unlabelled) are set aside and listed in ``findings``; ``accounting`` has the
    sums. Where two readings are plausible and disagree, an error names both and the option that chooses.

    Args:
        source: Class folders (with or without train/validation/test folders), a CSV, TSV, JSON, JSON-lines or
            Parquet file, a folder of such files called train, validation and test, a folder that ``datasets``
            saved, a hub id ``owner/name``, a pandas DataFrame, or a data set of ``datasets``.
        task: ``"image-classification"`` or ``"text-classification"``; found from the data where it is not given.
        text_column: Name of the column with texts, or several names: they are joined in this order, a line each.
        image_column: Name of the column with images: bytes, or file names relative to the table.
        label_column: Name of the column with classes.
        group_column: Name of the column whose equal values must not be split, such as a patient.
        group_regex: Pattern on file names without ending; its first group is the example's group, as in
            ``r"^(.*)_\d+$"``.
        layout: ``"folders"`` (the outermost folders are the classes), ``"deepest"`` (the innermost ones are) or
            ``"table"``; found if not given.
        labels: The table with the labels of the files in a folder; relative to the folder, or a path.
        test: A second source, whose rows are the test part.
        seed: Accepted so that every step of a study takes the same seed. Loading makes no random choice.
        cache_dir: Where derived data is kept; by default ``$HEADSTART_CACHE``, else the user's cache.
        **unknown: Refused, with the name that was probably meant.

    Returns:
        The data.

    Raises:
        DataError: There is nothing usable, or it is unclear which column is what.
        SettingsError: An argument is wrong.
        SourceError: A hub id could not be loaded; within seconds where there is no connection.
    """
    _refuse_unknown(unknown)
    if task is not None:
        kind_of_task(task)
    if layout is not None and layout not in get_args(Layout):
        hint = did_you_mean(layout, get_args(Layout))
        raise SettingsError(f"There is no layout {layout!r}", place="--layout", hint=hint)
    text = (text_column,) if isinstance(text_column, str) else tuple(text_column or ())
    if text and image_column:
        raise SettingsError(
            "A text column and an image column were given", place="--text-column", hint="Leave one of them out"
        )
    reading = Reading(
        ColumnChoice(text, image_column, label_column, group_column),
        cast("Layout | None", layout),
        None if labels is None else Path(labels),
    )
    if (layout or labels is not None) and not (isinstance(source, (str, os.PathLike)) and Path(source).is_dir()):
        option = "--labels" if labels is not None else "--layout"
        raise SettingsError(f"{option} is for folders", place=str(source)[:80], hint="Leave it out")
    raw = read_source(source, task, reading)
    if test is not None:
        raw = join(raw, read_source(test, task, replace(reading, layout=None, labels=None)))
    kind = kind_named(raw.modality)
    if task is not None and task != kind.task:
        raise SettingsError(
            f"The task is {task}, but the data holds {kind.nouns}",
            place=f"--task ({raw.source})",
            hint=f"Leave it out, or use --task {kind.task}",
        )
    return assemble(raw, cache_folder(cache_dir), group_regex)


def _refuse_unknown(unknown: dict[str, Any]) -> None:
    """Raise for a keyword that does not exist, with the one that was probably meant."""
    for name in unknown:
        known = [key for key in signature(load).parameters if key not in ("source", "unknown", "seed", "cache_dir")]
        raise SettingsError(f"There is no option {name!r}", place=f"{name}=", hint=did_you_mean(name, known))
