"""Constant rate with a cooldown against cosine at equal steps: does it cost accuracy?

    python bench/schedule.py DATA WORK [--labels 1000] [--repeats 3] [--report]

Default recipes of fine-tuning and of training from scratch, the same labels and seeds for both schedules. Every
finished trial is kept in WORK. Writes ``results/schedule.md``.
"""

from __future__ import annotations

import argparse
import json
import math
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from record import write

import headstart.training.schedule as schedules
from headstart.core import Arm, derive_seed, limit_spinning
from headstart.core.hardware import default_threads
from headstart.data import load, make_splits
from headstart.models import resolve
from headstart.strategies import Regime, get_strategy
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker, execute

IMAGES = (("builtin:image", "full_finetune"), ("builtin:compact-image", "from_scratch"))
TEXTS = (("builtin:text", "full_finetune"), ("builtin:transformer", "from_scratch"))
SETS = (
    ("cifar10", IMAGES),
    ("leaf_disease", IMAGES),
    ("chars74k_fnt", IMAGES),
    ("sst2", TEXTS),
    ("tweeteval_emotion", TEXTS),
)
TESTED = 2000
WITHIN = 0.3  # points that a schedule may cost


def trapezoid(share: float, root: bool):
    """Linear warm-up, constant, then down to zero over a share of the steps: linearly, or as 1 - square root."""

    def rate(step: int, steps: int, warmup: float) -> float:
        rise, fall = max(1, round(warmup * steps)), max(1, round(share * steps))
        left = (steps - step) / (fall + 1)
        down = 1.0 if left >= 1 else (1 - math.sqrt(1 - left) if root else left)
        return min((step + 1) / rise, 1.0, down)

    return rate


SCHEDULES = {
    "cosine": schedules.rate_share,
    "linear 0.2": trapezoid(0.2, False),
    "linear 0.4": trapezoid(0.4, False),
    "root 0.2": trapezoid(0.2, True),
}


def main() -> None:
    """Measure what is missing, and write."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--labels", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--schedules", nargs="*", default=list(SCHEDULES))
    parser.add_argument("--report", action="store_true", help="write what is kept, and measure nothing")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for name, options in () if given.report else SETS:
        for candidate, strategy in options:
            measured(given, name, candidate, strategy)
    report(given)


def measured(given, name: str, candidate: str, strategy: str) -> None:
    """All schedules and repeats of one option, those that are kept left out."""
    missing = [
        (schedule, repeat)
        for repeat in range(given.repeats)
        for schedule in given.schedules
        if not file_of(given.work, name, strategy, schedule, repeat).exists()
    ]
    if not missing:
        return
    with prepared(given.data / name, candidate, strategy, given.labels) as (bench, worker, arm, recipe):
        for schedule, repeat in missing:
            schedules.rate_share = SCHEDULES[schedule]
            spec = SpecMaker.of(bench).spec(arm, recipe, given.labels, repeat=repeat)
            found = execute(spec, worker, None, 1e4).measurement
            row = {"value": found.value, "seconds": found.seconds, "steps": found.steps, "error": found.error}
            file_of(given.work, name, strategy, schedule, repeat).write_text(json.dumps(row))
            print(name, strategy, schedule, repeat, row, flush=True)


@contextmanager
def prepared(source: Path, candidate: str, strategy: str, labels: int):
    """A bench, a worker, an arm and its default recipe, on at most ``TESTED`` test examples."""
    data = load(source)
    rng = np.random.default_rng(0)
    splits = tuple(replace(split, test=np.sort(rng.permutation(split.test)[:TESTED])) for split in make_splits(data))
    known = resolve(candidate, data.task, native_size=data.content.native_size or 32)
    way = get_strategy(strategy)
    with TemporaryDirectory() as place:
        bench = Bench.of(
            data,
            splits,
            {candidate: known},
            metric="accuracy",
            seed=0,
            dtype="bfloat16" if known.modality == "text" else "float32",
            threads=default_threads(),
            folder=Path(place),
        )
        worker = Worker(bench)
        recipe = way.recipes(Regime(known.modality, known.family, labels, len(data.class_names)))[0]
        arm = Arm(candidate=candidate, strategy=strategy, paradigm=way.paradigm)
        yield bench, worker, arm, recipe


def file_of(work: Path, *words) -> Path:
    """Where a trial's row is kept."""
    return work / ("-".join(str(word).replace(" ", "_") for word in words) + ".json")


def report(given) -> None:
    """Write the table of differences, over the repeats that every schedule has."""
    others = [schedule for schedule in given.schedules if schedule != "cosine"]
    head = ["data", "option", "steps", "pairs", "cosine %", *others]
    lines = [f"{given.labels} labels.", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    all_differences = {schedule: [] for schedule in others}
    for name, options in SETS:
        for candidate, strategy in options:
            rows = {
                schedule: [
                    json.loads(file.read_text()) if file.exists() else None
                    for repeat in range(given.repeats)
                    for file in [file_of(given.work, name, strategy, schedule, repeat)]
                ]
                for schedule in given.schedules
            }
            whole = [k for k in range(given.repeats) if all(rows[schedule][k] for schedule in given.schedules)]
            if not whole:
                continue
            base = np.asarray([rows["cosine"][k]["value"] for k in whole])
            cells = []
            for schedule in others:
                change = 100 * (np.asarray([rows[schedule][k]["value"] for k in whole]) - base)
                all_differences[schedule].append(change.mean())
                error = f" ({change.std(ddof=1) / np.sqrt(len(change)):.1f})" if len(change) > 1 else ""
                cells.append(f"{change.mean():+.1f}{error}")
            steps = rows["cosine"][whole[0]]["steps"]
            row = [name, f"{strategy} of {candidate}", str(steps), str(len(whole)), f"{100 * base.mean():.1f}", *cells]
            lines.append("| " + " | ".join(row) + " |")
    lines += ["", "Points against cosine with the same labels, seeds and steps; in brackets the standard error.", ""]
    rng = np.random.default_rng(derive_seed(0, "schedule"))
    for schedule, values in all_differences.items():
        draws = rng.choice(values, (10_000, len(values))).mean(1)
        low, high = np.quantile(draws, [0.05, 0.95])
        lines.append(f"- {schedule}: {np.mean(values):+.2f} [{low:+.2f}, {high:+.2f}] over {len(values)} options")
        kept = (
            "may replace it" if low > -WITHIN else "does not replace it; runs that end early multiply it by a cooldown"
        )
        lines[-1] += f": {kept}"
    write("schedule", "A constant rate with a cooldown against cosine", lines)


if __name__ == "__main__":
    main()
