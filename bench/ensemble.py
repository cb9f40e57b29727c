"""Averaging over rates against one rate, where labels are too few to choose.

    python bench/ensemble.py DATA_FOLDER [--set NAME ...]

Fine-tuning at its default rate, at three times and at a third of it, on the same few labels; then the mean of the three
predictions, which is what ``ensemble:full_finetune`` does. Draws of labels are paired. Finished draws stay in the work
folder, and the same command goes on.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from oracle.run import Bench
from record import write

from headstart.core import Arm, limit_spinning
from headstart.strategies.schedules import at_other_rates
from headstart.training import Worker, train_trial

SETS = {"tweeteval_emotion": 8, "sst2": 8, "cifar10": 5}  # labels per class
DRAWS, TESTED = 3, 400


def main() -> None:
    """Measure and write the table."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", action="append", choices=sorted(SETS))
    parser.add_argument("--work", type=Path, default=Path("runs/ensemble"))
    arguments = parser.parse_args()
    lines = [
        f"`full_finetune`; {DRAWS} draws of labels, {TESTED} test examples. Accuracy in %, mean over draws; "
        "differences with their standard error over draws.",
        "",
        "| data | labels | default | rate x 3 | rate / 3 | average | average - default | average - best single rate |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in arguments.set or SETS:
        lines.append(row(name, pd.DataFrame([draw(name, seed, arguments) for seed in range(DRAWS)])))
    write("ensemble", "Averaging over rates at very few labels", lines)


def draw(name: str, seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """Accuracies on one draw of labels."""
    kept = arguments.work / f"{name}-{seed}.json"
    if kept.exists():
        return pd.read_json(kept, typ="series").to_dict()
    bench = Bench(name, arguments.folder, arguments.work)
    (split,) = bench.worker.splits
    smaller = replace(bench.worker.bench, splits=(replace(split, test=split.test[:TESTED]),))
    bench.worker = Worker(smaller)
    n = SETS[name] * len(bench.data.class_names)
    transfer = next(c.name for c in bench.worker.candidates.values() if c.has_weights)
    arm = Arm(candidate=transfer, strategy="full_finetune", paradigm="transfer")
    labels = bench.data.labels[bench.worker.splits[0].test]
    found, predictions = {}, []
    for recipe in at_other_rates(bench.recipes(arm, n)[0], (3.0, 1 / 3)):
        outcome = train_trial(bench.spec(arm, recipe, n, seed, "measuring"), bench.worker).outcome
        predictions.append(outcome.probabilities)
        found[recipe.label] = float((outcome.probabilities.argmax(1) == labels).mean())
    found["average"] = float((np.mean(predictions, 0).argmax(1) == labels).mean())
    kept.write_text(pd.Series(found).to_json())
    print(name, seed, found, flush=True)
    return found


def row(name: str, table: pd.DataFrame) -> str:
    """One line of the table."""
    means = [f"{100 * table[column].mean():.1f}" for column in table]
    best = table.drop(columns="average").mean().idxmax()  # known only afterwards: no choice from labels reaches it
    against = [table["average"] - table[column] for column in ("default", best)]
    told = [f"{100 * gap.mean():+.1f} ({100 * gap.std(ddof=1) / len(gap) ** 0.5:.1f})" for gap in against]
    return f"| {name} | {SETS[name]} per class | {' | '.join(means)} | {' | '.join(told)} |"


if __name__ == "__main__":
    main()
