"""Entry point of this layer: any source in, labelled data out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, get_args

from headstart.core import SettingsError, Task, did_you_mean
from headstart.data.assemble import assemble
from headstart.data.cache import cache_folder
from headstart.data.examples import join
from headstart.data.labelled import LabelledData
from headstart.data.sources import ColumnChoice, read_source

if TYPE_CHECKING:
    import datasets
    import pandas as pd


def load(
    source: str | os.PathLike[str] | pd.DataFrame | datasets.Dataset | datasets.DatasetDict,
    task: str | None = None,
    *,
    text_column: str | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    group_column: str | None = None,
    group_regex: str | None = None,
    test: Any = None,
    seed: int = 0,
    cache_dir: str | os.PathLike[str] | None = None,
) -> LabelledData:
    r"""Load labelled examples in the form people have them.

    Columns are found by type, name and values, and what was found is said in ``found``. Examples that cannot be
    used (unreadable, empty, unlabelled) are set aside and listed in ``findings``.

    Args:
        source: Class folders (with or without train/validation/test folders), a CSV, TSV, JSON, JSON-lines or
            Parquet file, a folder of such files called train, validation and test, a folder that ``datasets``
            saved, a hub id ``owner/name``, a pandas DataFrame, or a data set of ``datasets``.
        task: ``"image-classification"`` or ``"text-classification"``; told from the data where it is not given.
        text_column: Name of the column with texts.
        image_column: Name of the column with images: bytes, or file names relative to the table.
        label_column: Name of the column with classes.
        group_column: Name of the column whose equal values must not be split, such as a patient.
        group_regex: Pattern on file names without ending; its first group is the example's group, as in
            ``r"^(.*)_\d+$"``.
        test: A second source, whose rows are the test part.
        seed: Accepted so that every step of a study takes the same seed. Loading makes no random choice.
        cache_dir: Where derived data is kept; by default ``$HEADSTART_CACHE``, else the user's cache.

    Returns:
        The data.

    Raises:
        DataError: There is nothing usable, or it is unclear which column is what.
        SettingsError: An argument is wrong.
        SourceError: A hub id could not be loaded; within seconds where there is no connection.
    """
    tasks = get_args(Task)
    if task is not None and task not in tasks:
        raise SettingsError(f"There is no task {task!r}", place="--task", hint=did_you_mean(task, tasks))
    if text_column and image_column:
        raise SettingsError(
            "A text column and an image column were given", place="--text-column", hint="Leave one of them out"
        )
    chosen = ColumnChoice(text_column, image_column, label_column, group_column)
    raw = read_source(source, task, chosen)
    if test is not None:
        raw = join(raw, read_source(test, task, chosen))
    has = "text-classification" if raw.images is None else "image-classification"
    if task is not None and task != has:
        raise SettingsError(
            f"The task is {task}, but the data holds {'texts' if raw.images is None else 'images'}",
            place=f"--task ({raw.source})",
            hint=f"Leave it out, or use --task {has}",
        )
    return assemble(raw, cache_folder(cache_dir), group_regex)
