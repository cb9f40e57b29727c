"""Sounds: each of six speakers left out in turn, and the official split, on the Free Spoken Digit Dataset.

    python bench/sound.py FSDD.parquet

The table has the columns ``audio``, ``label``, ``speaker`` and ``index``; indices 0 to 4 are the official test part.
Every option at its default recipe, one thread, one seed; the network from scratch also at the recipe that a speaker
held out of the first five chooses. Reading is timed with an empty cache.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from record import write

from headstart.core import Arm, Measurement
from headstart.data import LabelledData, Split, load
from headstart.modalities import Regime
from headstart.models import resolve
from headstart.strategies import get_strategy
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker, train_trial

TUNED = "compact network from scratch, tuned"
OPTIONS = (
    ("averaged log-mel + logistic regression", "builtin:logmel", "from_scratch"),
    ("compact network from scratch", "builtin:compact-sound", "from_scratch"),
    (TUNED, "builtin:compact-sound", "from_scratch"),
    ("speech embedding, nearest neighbours", "builtin:speech", "knn"),
    ("speech embedding, linear probe", "builtin:speech", "linear_probe"),
)
OFFICIAL = 5  # recordings of each digit by each speaker with a smaller index are the test part


def reading(file: Path, folder: Path) -> tuple[LabelledData, list[str]]:
    """The data, and what reading them took."""
    start, busy = time.perf_counter(), time.process_time()
    data = load(file, group_column="speaker", cache_dir=folder / "cache")
    seconds, cpu = time.perf_counter() - start, time.process_time() - busy
    line = f"Reading, decoding and looking at {len(data):,} clips: {cpu:.1f} CPU seconds ({seconds:.1f} s)."
    return data, [line]


def measured(
    data: LabelledData, splits: tuple[Split, ...], option: tuple[str, str], folder: Path, place: int = 0
) -> list[Measurement]:
    """One option on every split, at the recipe at a place in its list."""
    name, strategy = option
    candidate, known = resolve(name, data.task, native_size=data.content.native_size), get_strategy(strategy)
    bench = Bench.of(
        data, splits, {name: candidate}, metric="accuracy", seed=0, dtype="float32", threads=1, folder=folder
    )
    worker, found = Worker(bench), []
    for fold, split in enumerate(splits):
        n = len(split.pool)
        recipe = known.recipes(Regime("sound", candidate.family, n, len(data.class_names)))[place]
        arm = Arm(candidate=name, strategy=strategy, paradigm=known.paradigm)
        spec = SpecMaker.of(bench).spec(arm, recipe, n, repeat=fold)
        found.append(train_trial(spec, worker).outcome.measurement)
        print(f"{name} {strategy} {fold}: {found[-1].value:.4f}, {found[-1].cpu_seconds:.0f} CPU s", flush=True)
    return found


def chosen(data: LabelledData, splits: tuple[Split, ...], option: tuple[str, str], folder: Path) -> tuple[int, str]:
    """The place of the recipe that held-out examples of the first pool choose, and what they showed."""
    name, strategy = option
    candidate, known = resolve(name, data.task, native_size=data.content.native_size), get_strategy(strategy)
    bench = Bench.of(
        data, splits, {name: candidate}, metric="accuracy", seed=0, dtype="float32", threads=1, folder=folder
    )
    worker, n = Worker(bench), len(splits[0].pool)
    recipes = known.recipes(Regime("sound", candidate.family, n, len(data.class_names)))
    arm = Arm(candidate=name, strategy=strategy, paradigm=known.paradigm)
    values = []
    for recipe in recipes:
        spec = SpecMaker.of(bench).spec(arm, recipe, n, role="tuning")
        values.append(train_trial(spec, worker).outcome.measurement.value)
        print(f"{recipe.label}: {values[-1]:.4f} held out", flush=True)
    best = int(np.argmax(values))
    tried = ", ".join(f"{one.label} {100 * value:.1f}" for one, value in zip(recipes, values, strict=True))
    return best, f"Recipes of the network from scratch, on a speaker held out: {tried}."


def main() -> None:
    """Measure and write the page."""
    file = Path(sys.argv[1])
    import pyarrow.parquet

    columns = pyarrow.parquet.read_table(file, columns=["speaker", "index"]).to_pydict()
    speakers, index = np.array(columns["speaker"]), np.array(columns["index"])
    names = sorted(set(speakers.tolist()))
    with tempfile.TemporaryDirectory() as place:
        data, lines = reading(file, Path(place))
        out = tuple(
            Split(fold, np.flatnonzero(speakers != name), np.flatnonzero(speakers == name), True)
            for fold, name in enumerate(names)
        )
        official = (Split(0, np.flatnonzero(index >= OFFICIAL), np.flatnonzero(index < OFFICIAL)),)
        rows = []
        for words, *option in OPTIONS:
            recipe = 0
            if words == TUNED:
                recipe, line = chosen(data, out, (option[0], option[1]), Path(place) / "out")
                lines.append(line)
            left = measured(data, out, (option[0], option[1]), Path(place) / "out", recipe)
            usual = measured(data, official, (option[0], option[1]), Path(place) / "official", recipe)[0]
            values = [100 * one.value for one in left]
            each = " | ".join(f"{value:.1f}" for value in values)
            cpu = np.mean([one.cpu_seconds for one in left])
            rows.append(f"| {words} | {np.mean(values):.1f} | {each} | {100 * usual.value:.1f} | {cpu:.1f} |")
    head = f"| option | mean | {' | '.join(names)} | official split | CPU s |"
    lines += [
        "",
        "Accuracy in per cent on the speaker that was left out (500 clips each, 2,500 to learn from); one run.",
    ]
    lines += ["", head, "|---" * (len(names) + 4) + "|", *rows]
    write("sound", "Sounds: spoken digits, leaving a speaker out", lines)


if __name__ == "__main__":
    main()
