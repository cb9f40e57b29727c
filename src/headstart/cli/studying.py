"""Commands that run or show a study."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from headstart.api import Study, study
from headstart.report import render_plan, render_summary, write_html, write_json


def run_study(data: str, *, json_output: bool, quiet: bool, out: Path | None, **options: Any) -> None:
    """Run a study and print its last screen, or one JSON document."""
    result = study(data, out=out, quiet=quiet, command=["headstart", *sys.argv[1:]], **options)
    if options.get("dry_run"):
        if json_output:
            print(json.dumps(result.summary["plan"], indent=2, ensure_ascii=False))
        elif quiet:  # else the plan was shown on the way
            render_plan(result.summary["plan"], Console())
        return
    _show(result, json_output)


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
    _show(study(data, budget, out=out, quiet=quiet, command=command), json_output)


def show_report(folder: Path, *, json_output: bool) -> None:
    """Print a study's last screen again and rewrite its page and JSON."""
    opened = Study.open(folder)
    write_json(opened.summary, folder / "recommendation.json")
    write_html(opened.summary, folder / "report.html")
    _show(opened, json_output)


def _show(result: Study, json_output: bool) -> None:
    if json_output:
        print((result.folder / "recommendation.json").read_text())
        return
    render_summary(result.summary, Console())
