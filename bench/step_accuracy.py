"""Do the shortcuts of a training step change what is learnt? Paired runs with and without them.

    python bench/step_accuracy.py DATA WORK [--labels 1000] [--repeats 3]

The same network, examples, order and recipe, once with the loop as it is and once with its shortcuts switched off (see
``LoopOptions``): word vectors in use, fast masks of dropout, plain attention. What differs is rounding and which values
dropout leaves out. Finished runs are kept in WORK. Writes ``results/step_accuracy.md``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from record import write

from headstart.core import limit_spinning
from headstart.data import load
from headstart.modalities.schedules import Regime
from headstart.models import build, encode, predict_network, resolve
from headstart.strategies import Train, get_strategy
from headstart.training import LoopOptions, train

SETS = {  # folder, strategy, candidate
    "tweeteval_emotion": ("tweeteval_emotion", "full_finetune", "builtin:text"),
    "sst2": ("sst2", "full_finetune", "builtin:text"),
    "ag_news": ("ag_news", "full_finetune", "builtin:text"),
    "sms_spam": ("sms_spam", "full_finetune", "builtin:text"),
    "sst2, small network from scratch": ("sst2", "from_scratch", "builtin:compact-text"),
}
TESTED = 1000
OFF = {"rows_in_use": False, "fast_dropout": False, "plain_attention": False}


def main() -> None:
    """Run what is missing, and write."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--labels", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    lines = ["| data | repeats | with | without | difference |", "|---|---|---|---|---|"]
    every = []
    for name in SETS:
        pairs = [kept(given, name, repeat) for repeat in range(given.repeats)]
        gaps = [100 * (one["with"] - one["without"]) for one in pairs]
        every += gaps
        means = [100 * np.mean([one[side] for one in pairs]) for side in ("with", "without")]
        lines.append(f"| {name} | {len(pairs)} | {means[0]:.2f} | {means[1]:.2f} | {np.mean(gaps):+.2f} |")
    rng = np.random.default_rng(0)
    by_set = np.reshape(every, (len(SETS), given.repeats))
    draws = [by_set[rng.integers(len(SETS), size=len(SETS))].mean() for _ in range(4000)]
    low, high = np.quantile(draws, [0.05, 0.95])
    lines += ["", f"Mean difference {np.mean(every):+.2f} points, 90 % interval over sets [{low:+.2f}, {high:+.2f}]."]
    write("step_accuracy", f"What shortcuts of a step change, {given.labels:,} labels, accuracy in %", lines)


def kept(given: argparse.Namespace, name: str, repeat: int) -> dict[str, float]:
    """Both runs of a repeat, from their file if there is one."""
    file = given.work / f"{name.replace(' ', '_')}-{repeat}.json"
    if not file.exists():
        row = {"with": accuracy(given, name, repeat), "without": accuracy(given, name, repeat, **OFF)}
        file.write_text(json.dumps(row))
        print(name, repeat, row, flush=True)
    return json.loads(file.read_text())


def accuracy(given: argparse.Namespace, name: str, repeat: int, **switches: bool) -> float:
    """Of one run of fine-tuning, on examples that it has not seen."""
    folder, strategy, start = SETS[name]
    data = load(given.data / folder)
    candidate = resolve(start, data.task)
    inputs = encode(candidate, data)
    order = np.random.default_rng([repeat, 7]).permutation(len(data))
    learnt, tested = order[: given.labels], order[given.labels : given.labels + TESTED]
    chosen = get_strategy(strategy)
    regime = Regime(candidate.modality, candidate.family, given.labels, len(data.class_names))
    recipe = chosen.recipes(regime)[0]
    network = build(candidate, data.class_names, weights=chosen.weights, seed=repeat)
    train(network, inputs, data.labels, learnt, Train(), recipe, repeat, LoopOptions(precision="bfloat16", **switches))
    guessed = predict_network(network, inputs, tested).argmax(1)
    return float((guessed == data.labels[tested]).mean())


if __name__ == "__main__":
    main()
