"""Macro-F1 when the classes' shares count to a power: 1 as the labels have them, 0 as if all were equally frequent.

    python bench/prior.py DATA

Predictions of options without gradient descent, moved after the fit, which is what their recipes do. Sets whose largest
class is more than three times the smallest, so that a study takes macro-F1. Mean of two draws of the labels. Writes
``results/prior.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from record import write

from headstart.core import Arm, limit_spinning
from headstart.data import load, make_splits
from headstart.evidence.metrics import accuracy, macro_f1
from headstart.models import resolve
from headstart.models.heads import prior_shift
from headstart.strategies import Regime, get_strategy
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker, execute
from headstart.training.trial import trial_rows

TEXTS = (("builtin:wordllama", "linear_probe"), ("builtin:tfidf", "from_scratch"))
SERIES = (("picture:builtin:image", "linear_probe"), ("builtin:minirocket", "from_scratch"))
SETS = (("sms_spam", "", TEXTS), ("tweeteval_emotion", "", TEXTS), ("ecg", "record", SERIES))
SIZES, REPEATS = (300, 1500), 2
POWERS = (1.0, 0.75, 0.5, 0.25, 0.0)


def main() -> None:
    """Measure and write."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    lines = [
        f"| data | option | labels | {' | '.join(f'{power:g}' for power in POWERS)} | accuracy at 1 and at 0.5 |",
        "|" + " --- |" * (len(POWERS) + 4),
    ]
    gains = []
    for name, groups, options in SETS:
        data = load(given.data / name, group_column=groups or None)
        for candidate, strategy in options:
            for n in SIZES:
                with TemporaryDirectory() as place:
                    found, right = cell(data, candidate, strategy, n, Path(place))
                gains.append(found[POWERS.index(0.5)] - found[0])
                values = " | ".join(f"{100 * value:.1f}" for value in found)
                lines.append(
                    f"| {name} | {candidate} | {n:,} | {values} | {100 * right[0]:.1f}, {100 * right[1]:.1f} |"
                )
                print(lines[-1], flush=True)
    gains = 100 * np.asarray(gains)
    lines += [
        "",
        f"At 0.5 against 1: {gains.mean():+.1f} points on average, from {gains.min():+.1f} to {gains.max():+.1f}.",
    ]
    write("prior", "Macro-F1 by the weight of the classes' shares", lines)


def cell(data, name: str, strategy: str, n: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Macro-F1 at each power, and the accuracy at 1 and at 0.5."""
    candidate, known = resolve(name, data.task, native_size=data.content.native_size or 32), get_strategy(strategy)
    bench = Bench.of(
        data, make_splits(data), {name: candidate}, metric="macro-f1", seed=0, dtype="float32", threads=1, folder=folder
    )
    worker, classes = Worker(bench), len(data.class_names)
    recipe = known.recipes(Regime(candidate.modality, candidate.family, n, classes))[0]
    arm = Arm(candidate=name, strategy=strategy, paradigm=known.paradigm)
    values, right = [], []
    for repeat in range(REPEATS):
        spec = SpecMaker.of(bench).spec(arm, recipe, n, repeat=repeat)
        outcome, (learnt, _, _) = execute(spec, worker, None, 1e4), trial_rows(spec, worker)
        logits, labels = np.log(outcome.probabilities.astype(float) + 1e-7), data.labels[outcome.measured]
        moved = {power: np.exp(logits + prior_shift(data.labels[learnt], classes, power)) for power in POWERS}
        values.append([macro_f1(moved[power], labels) for power in POWERS])
        right.append([accuracy(moved[power], labels) for power in (1.0, 0.5)])
    return np.mean(values, 0), np.mean(right, 0)


if __name__ == "__main__":
    main()
