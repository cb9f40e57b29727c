"""Series: heartbeats between patients by each start alone, and what reading them takes.

``python bench/series.py ECG_FOLDER [--labels 2000]`` writes ``results/series.md``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import record

from headstart.core import Arm
from headstart.core.hardware import default_threads
from headstart.data import LabelledData, load, make_splits
from headstart.evidence.metrics import METRICS
from headstart.modalities import Regime
from headstart.models import resolve
from headstart.strategies import get_strategy
from headstart.studies import SpecMaker
from headstart.studies.planners.tuning import lead
from headstart.studies.settings import class_prior
from headstart.training import Bench, Worker, train_trial

CHOSEN = -1  # in place of a recipe: the one that labels held out by patient choose
PARTS = 5  # held out in turn: each holds few patients
ARMS = (
    ("builtin:minirocket", "from_scratch", CHOSEN),
    ("builtin:minirocket", "from_scratch", 0),
    ("builtin:minirocket", "from_scratch", 1),
    ("builtin:lite", "from_scratch", 0),
    ("builtin:resnet1d", "from_scratch", 0),
    ("picture:builtin:image", "linear_probe", 0),
    ("picture:builtin:image", "linear_probe", 1),
    ("picture:builtin:image", "full_finetune", 0),
)
HEAD = "| option | recipe | labels | macro-F1 | accuracy | recall by class | seconds | CPU seconds |"


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--labels", type=int, nargs="*", default=[])
    parser.add_argument("--only", nargs="*", default=[""], help="words in the names of options")
    parser.add_argument("--trained", type=int, default=10**9, help="labels from which on networks are not trained")
    given = parser.parse_args()
    with TemporaryDirectory() as place:
        start, cpu = time.perf_counter(), time.process_time()
        data = load(given.folder, cache_dir=Path(place) / "cache", group_column="record")
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        lines = [
            f"Reading {len(data):,} series: {cpu:.1f} CPU seconds ({seconds:.1f} s). Official split: patients of the "
            "test part are not in the pool. 1-nearest neighbour on raw values (catalogue): macro-F1 0.484, accuracy "
            "0.608; random forest 0.419 and 0.649.",
            "",
            HEAD,
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        pool = int((~data.is_test).sum())
        for n in [*given.labels, pool]:
            for candidate, strategy, place_of in ARMS:
                closed = candidate == "builtin:minirocket" or strategy == "linear_probe"
                wanted = any(word in f"{strategy} {candidate}" for word in given.only)
                if wanted and (closed or n < given.trained):
                    lines.append(row(data, candidate, strategy, place_of, n, Path(place)))
                    print(lines[-1], flush=True)
    record.write("series", "Heartbeats between patients, option by option", lines)


def row(data: LabelledData, name: str, strategy: str, place: int, n: int, folder: Path) -> str:
    """One trial on the official split."""
    splits = make_splits(data)
    candidate = resolve(name, data.task, native_size=data.content.native_size)
    bench = Bench.of(
        data,
        splits,
        {name: candidate},
        metric="macro-f1",
        seed=0,
        dtype="float32",
        threads=default_threads(),
        folder=folder / "bench",
    )
    known = get_strategy(strategy)
    listed = known.recipes(Regime("series", candidate.family, n, len(data.class_names)))
    recipes = [one.model_copy(update={"prior": class_prior("macro-f1")}) for one in listed]
    arm = Arm(candidate=name, strategy=strategy, paradigm=known.paradigm)
    maker, worker, chosen = SpecMaker.of(bench), Worker(bench), ""
    if place == CHOSEN:
        specs = [[maker.spec(arm, one, n, role="tuning", repeat=part) for part in range(PARTS)] for one in recipes]
        tried = [[train_trial(one, worker).outcome.measurement.value for one in own] for own in specs]
        place = int(np.argmax([lead(list(np.subtract(one, tried[0]))) for one in tried]))
        print(np.round(tried, 3).tolist(), flush=True)
        chosen = "chosen on held-out patients (" + ", ".join(f"{np.mean(one):.3f}" for one in tried) + "): "
    recipe = recipes[place]
    outcome = train_trial(maker.spec(arm, recipe, n), worker).outcome
    found = outcome.measurement
    if found.error:
        return f"| {strategy} of {name} | {recipe.label} | {n:,} | failed: {found.error} | | | | |"
    labels = data.labels[outcome.measured]
    right = outcome.probabilities.argmax(1) == labels
    recalls = ", ".join(f"{data.class_names[k]} {right[labels == k].mean():.2f}" for k in np.unique(labels))
    accuracy = METRICS["accuracy"](outcome.probabilities, labels)
    return (
        f"| {strategy} of {name} | {chosen}{recipe.label} | {n:,} | {found.value:.3f} | {accuracy:.3f} | {recalls} "
        f"| {found.seconds:.0f} | {found.cpu_seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
