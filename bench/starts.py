"""Which pretrained start wins where: features of each, fine-tuned each, and networks from scratch.

    python bench/starts.py DATA WORK [--only cifar10] [--finetune]

Trials at their default recipe, and at two more rates for what descends a gradient; the best of the three by held-out
labels is measured. Every trial is kept in WORK, so that a run that was stopped goes on. Writes
``results/starts.csv`` and ``results/starts.md``.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from record import write
from sklearn.model_selection import StratifiedKFold

from headstart.core import Arm, limit_spinning, probe_hardware
from headstart.data import Split, load, make_splits
from headstart.models import resolve
from headstart.strategies import Regime, get_strategy
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker, execute

SMALL, LITE = "builtin:image", "builtin:efficientnet-lite0"
TEXTS = (("builtin:text", "linear_probe"), ("builtin:wordllama", "linear_probe"), ("builtin:tfidf", "from_scratch"))
PLAN = {  # labels, and the arms in the order of their price
    "leaf_disease": (None, ((SMALL, "linear_probe"), (LITE, "linear_probe"))),
    "cifar10": (
        1000,
        (
            (SMALL, "linear_probe"),
            (LITE, "linear_probe"),
            ("builtin:compact-image", "from_scratch"),
            ("builtin:wrn-16-2", "from_scratch"),
            (SMALL, "full_finetune"),
            (LITE, "full_finetune"),
        ),
    ),
    "chest_xray3": (None, ((SMALL, "linear_probe"), (LITE, "linear_probe"))),
    "chars74k_fnt": (1000, ((SMALL, "linear_probe"), (LITE, "linear_probe"))),
    "tweeteval_emotion": (2000, TEXTS),
    "sst2": (1000, TEXTS),
}
LONG = ((SMALL, "full_finetune"), (LITE, "full_finetune"), ("builtin:wrn-16-2", "from_scratch"))
FOLDS = {"leaf_disease": 5}  # rotating test parts, as the published figure has them
TESTED = 2000  # test examples at most
TUNED = ("builtin:compact-image", "builtin:wrn-16-2", SMALL)  # fine-tuning the large start is measured at its default
HOUR = 3600.0


def main() -> None:
    """Run what is missing, and write."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", choices=PLAN)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--finetune", action="store_true", help="also the trials that take ten minutes and more")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, (labels, arms) in PLAN.items():
        if given.only in (None, name):
            some = tuple(arm for arm in arms if given.finetune or arm not in LONG)
            rows += measured(given.data / name, labels, some, given.work.absolute(), given.threads)
    place = Path(__file__).parent / "results" / "starts.csv"
    rows = with_earlier(place, rows)
    with place.open("w", newline="") as stream:
        table = csv.DictWriter(stream, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    lines = ["| data | labels | start | strategy | recipe | metric % | seconds | CPU seconds |", "|" + " --- |" * 8]
    lines += [
        f"| {r['data']} | {int(r['labels']):,} | {r['start']} | {r['strategy']} | {r['recipe']} | "
        f"{100 * float(r['value']):.1f} | {float(r['seconds']):.0f} | {float(r['cpu_seconds']):.0f} |"
        for r in rows
    ]
    write("starts", "Which pretrained start wins where", lines)


def with_earlier(place: Path, rows: list[dict]) -> list[dict]:
    """These rows, and those of an earlier run for what this one left out, in the order of the plan."""

    def of(row: dict) -> tuple[int, int]:
        _, arms = PLAN[row["data"]]
        return list(PLAN).index(row["data"]), arms.index((row["start"], row["strategy"]))

    known = {of(row): row for row in csv.DictReader(place.open())} if place.exists() else {}
    known |= {of(row): row for row in rows}
    return [known[key] for key in sorted(known)]


def measured(source: Path, labels: int | None, arms, work: Path, threads: int) -> list[dict]:
    """Rows of one data set; with five rotating parts, the mean of all."""
    data = load(source)
    splits = rotating(data, FOLDS[source.name]) if source.name in FOLDS else make_splits(data, 0)
    rng = np.random.default_rng(0)
    splits = tuple(replace(s, test=np.sort(rng.permutation(s.test)[:TESTED])) for s in splits)
    native = data.content.native_size or 32
    known = {name: resolve(name, data.task, native_size=native) for name, _ in arms}
    n = min(labels or 10**9, min(len(split.pool) for split in splits))
    bench = Bench.of(
        data,
        splits,
        known,
        metric="accuracy",
        seed=0,
        dtype=probe_hardware().dtype,
        threads=threads,
        folder=work / source.name,
    )
    worker, maker, rows = Worker(bench), SpecMaker.of(bench), []
    for candidate, strategy_name in arms:
        strategy = get_strategy(strategy_name)
        found = known[candidate]
        arm = Arm(candidate=candidate, strategy=strategy_name, paradigm=strategy.paradigm)
        recipes = strategy.recipes(Regime(found.modality, found.family, n, len(data.class_names)))[:3]
        best = recipes[0]
        if len(recipes) > 1 and recipes[0].steps and candidate in TUNED:
            tried = [kept(worker, maker.spec(arm, one, n, role="tuning"), work) for one in recipes]
            best = recipes[int(np.argmax([one["value"] for one in tried]))]
        runs = [kept(worker, maker.spec(arm, best, n, repeat=fold), work) for fold in range(len(splits))]
        rows.append(
            {
                "data": source.name,
                "labels": n,
                "start": candidate,
                "strategy": strategy_name,
                "recipe": f"rate {best.learning_rate:.2g}, {best.steps} steps" if best.steps else "closed form",
                "value": float(np.mean([one["value"] for one in runs])),
                "seconds": float(np.mean([one["seconds"] for one in runs])),
                "cpu_seconds": float(np.mean([one["cpu_seconds"] for one in runs])),
            }
        )
        print(rows[-1], flush=True)
    return rows


def rotating(data, folds: int) -> tuple[Split, ...]:
    """Stratified parts of all examples, each of which tests once."""
    parts = StratifiedKFold(folds, shuffle=True, random_state=0).split(np.zeros(len(data.labels)), data.labels)
    return tuple(Split(fold, pool, test) for fold, (pool, test) in enumerate(parts))


def kept(worker: Worker, spec, work: Path) -> dict:
    """A trial, from its file if it was run before."""
    file = work / f"{spec.key}.json"
    if not file.exists():
        start = time.perf_counter()
        found = execute(spec, worker, None, HOUR).measurement
        assert found.succeeded, found.error
        result = {"value": found.value, "seconds": time.perf_counter() - start, "cpu_seconds": found.cpu_seconds}
        file.write_text(json.dumps(result))
    return json.loads(file.read_text())


if __name__ == "__main__":
    main()
