"""``headstart predict``: classify inputs in parts, and write a line, a row or an object for each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.cli.given import Given, InputReader
from headstart.cli.lines import Screen, as_json, one_line
from headstart.cli.writing import Prediction, Writer, check_target, open_writer
from headstart.core import DataError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from headstart.models import FittedModel

CHUNK = 512  # inputs that are predicted at once: memory for one part at a time


@dataclass(frozen=True)
class Wanted:
    """How predictions are to be made and written.

    Attributes:
        columns: Columns of tables; empty for those of the study.
        out: File to write to; standard output if None.
        top: Classes of each input.
    """

    columns: tuple[str, ...] = ()
    out: Path | None = None
    top: int = 1
    json_output: bool = False
    quiet: bool = False


def run_predict(folder: Path, words: Sequence[str], wanted: Wanted, *, allow_code: bool = False) -> None:
    """Classify inputs with the model in a folder.

    Raises:
        HeadstartError: The model or an input cannot be used.
    """
    from headstart.models import load

    check_target(wanted.out, words)
    model = load(folder, allow_code=allow_code)
    note = (lambda _text: None) if wanted.quiet else _note
    inputs = InputReader(model.card, wanted.columns, note).all(words)
    present = [given for given in inputs if given.item is not None]
    missing = [given for given in inputs if given.item is None]
    if missing:
        where = ", ".join(one_line(given.row) for given in missing[:3]) + (", ..." if len(missing) > 3 else "")
        note(f"left out: {len(missing):,} rows without a readable input ({where})")
    if not present:
        raise DataError("nothing to predict", place=", ".join(words), hint="Every row or line of it is empty")
    with open_writer(wanted.out, wanted.top, json_output=wanted.json_output) as writer:
        _write_all(model, present, wanted, writer)
    if not writer.count:
        raise DataError("nothing could be read", place=", ".join(words), hint="The lines above name what was left out")
    if wanted.out is not None and wanted.json_output:
        left_out = len(inputs) - writer.count
        print(as_json({"out": str(wanted.out), "predictions": writer.count, "left_out": left_out}))
    elif wanted.out is not None:
        print(f"{writer.count:,} predictions in {one_line(wanted.out)}")


def _write_all(model: FittedModel, inputs: Sequence[Given], wanted: Wanted, writer: Writer) -> None:
    with _progress(len(inputs), quiet=wanted.quiet) as advance:
        for start in range(0, len(inputs), CHUNK):
            part = inputs[start : start + CHUNK]
            kept, probabilities = _predict_part(model, part, quiet=wanted.quiet)
            for given, row in zip(kept, probabilities, strict=True):
                writer.write(_prediction(given, model.class_names, row, wanted))
            advance(len(part))


def _prediction(given: Given, names: tuple[str, ...], row: np.ndarray, wanted: Wanted) -> Prediction:
    every = wanted.top == 1 and (wanted.json_output or wanted.out is not None)
    order = np.argsort(-row, kind="stable")[: len(names) if every else wanted.top]
    ranked = [(names[index], float(row[index])) for index in order]
    return Prediction(name=given.name, row=given.row, ranked=ranked)


def _predict_part(model: FittedModel, part: Sequence[Given], *, quiet: bool) -> tuple[list[Given], np.ndarray]:
    """Predict; listed files that cannot be read are left out and named, others are an error."""
    try:
        return list(part), model.predict_proba([given.item for given in part])
    except DataError:
        kept = [given for given in part if not given.listed or _readable(model, given, quiet=quiet)]
        if len(kept) == len(part):
            raise
        if not kept:
            return [], np.empty((0, len(model.class_names)), dtype=np.float32)
        return kept, model.predict_proba([given.item for given in kept])


def _readable(model: FittedModel, given: Given, *, quiet: bool) -> bool:
    from headstart.models import encode_items

    if not isinstance(given.item, Path | bytes):
        return True
    try:
        encode_items(model.card.candidate, [given.item])
    except DataError as trouble:
        reason = trouble.fact.partition(": ")[2] or trouble.fact
        if not quiet:
            _note(f"left out: {one_line(given.name)} cannot be read ({one_line(reason)})")
        return False
    return True


def _note(text: str) -> None:
    Screen(stderr=True).print(one_line(text), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Any]:
    """A bar on standard error where that is a terminal and there is more than one part."""
    if quiet or total <= CHUNK or not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("predicting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar: Progress
    with Progress(*columns, console=Screen(stderr=True), transient=True) as bar:
        task: TaskID = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)
