"""Commands that run or show a study."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path

from rich.console import Console

from headstart.api import Study, plan, study
from headstart.cli.checking import slow_reading
from headstart.core import BundleError
from headstart.options import StudyOptions
from headstart.report import render_plan, render_summary, write_html, write_json
from headstart.report.schema import nullify
from headstart.studies import StudyLock

STOPPED = 130  # exit code, as shells have it for Ctrl-C


def run_study(options: StudyOptions, *, dry_run: bool, json_output: bool) -> None:
    """Run a study and print its last screen, or one JSON document; or plan it."""
    with _own_stdout(json_output), _reading(options.data, options.quiet):
        if dry_run:
            made = plan(**options.given)
        else:
            result = study(**options.given)
    if not dry_run:
        _show(result, json_output)
        _end(result)
    elif json_output:
        print(json.dumps(made.model_dump(mode="json"), indent=2, ensure_ascii=False))
    elif options.quiet:  # else the plan was shown on the way
        render_plan(made, Console())


def _reading(data: str, quiet: bool) -> AbstractContextManager[None]:
    """Show what is being read, where it takes long; the study's own progress follows it."""
    return nullcontext() if quiet else slow_reading(data)


@contextmanager
def _own_stdout(json_output: bool) -> Iterator[None]:
    """Keep what a plug-in prints away from a document on standard output."""
    if not json_output:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def run_demo(out: Path, budget: str, *, json_output: bool, quiet: bool) -> None:
    """A study on 1,797 handwritten digits of 8 x 8 pixels."""
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as ImageFeature
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    names = [str(digit) for digit in range(10)]
    pictures = [Image.fromarray((255 - image * 255 / 16).astype("uint8")) for image in digits.images]
    features = Features({"image": ImageFeature(), "label": ClassLabel(names=names)})
    data = Dataset.from_dict({"image": pictures, "label": digits.target.tolist()}, features=features)
    command = shlex.split(f"headstart demo --out {shlex.quote(str(out))} --budget {shlex.quote(budget)}")
    with _own_stdout(json_output):
        result = study(data, budget, out=out, quiet=quiet, command=command)
    _show(result, json_output)
    _end(result)


def show_report(folder: Path, *, json_output: bool) -> None:
    """Print a study's last screen again, and rewrite its page and JSON where the folder can be written.

    A folder in which a study runs is left to that study.
    """
    opened = Study.open(folder)
    try:
        with StudyLock(folder):
            write_json(opened.summary, folder / "recommendation.json")
            write_html(opened.summary, folder / "report.html")
    except (BundleError, OSError):
        pass  # read-only, or a study is running: what is shown comes from the store alone
    _show(opened, json_output)


def _show(result: Study, json_output: bool) -> None:
    if json_output:
        document = nullify(result.recommendation.model_dump(mode="json"))
        print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))
        return
    render_summary(result.summary, Console())


def _end(result: Study) -> None:
    """Say by the exit code that the user stopped the study."""
    if result.summary.study.status == "interrupted":
        raise SystemExit(STOPPED)
