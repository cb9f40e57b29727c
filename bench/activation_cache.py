"""Epochs with a frozen bottom: with stored activations against computing them anew, in interleaved pairs.

    python bench/activation_cache.py IMAGES TEXTS

Trains the last stage of the built-in image backbone and the last two layers of the built-in text encoder. The plain
loop is the same loop without the cache: the frozen stages run forward in every step and get no gradients. The
accuracy is that on the test part after all epochs, with and without. The last column is what storing could give at
most: the operations of a plain epoch over those of one with stored activations.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from record import write

from headstart.core import Recipe, limit_spinning
from headstart.data import load, make_splits, nested_subset
from headstart.models import build, encode, predict_network, resolve
from headstart.strategies import Train
from headstart.training import LoopOptions, train

PAIRS, EXAMPLES, EPOCHS, BATCH = 3, 256, 6, 32
CASES = (("image", "builtin:image", "last:1", 1e-3), ("text", "builtin:text", "last:2", 1e-4))


def main() -> None:
    """Run the pairs and write the ratios."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images")
    parser.add_argument("texts")
    arguments = parser.parse_args()
    lines = [
        f"{PAIRS} interleaved pairs; {EXAMPLES} examples, batches of {BATCH}, no augmentation. An epoch with the cache "
        "is one after it is filled; 'with filling' spreads the filling over all epochs of the run. 'At most' is the "
        "ratio of the operations that are left, counted.",
        "",
        "| network | moving | plain, s | stored, s | ratio of an epoch | with filling | accuracy plain | stored | at "
        "most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for source, (_, name, moving, rate) in zip((arguments.images, arguments.texts), CASES, strict=True):
        lines.append(case(source, name, moving, rate))
    write("activation_cache", "Stored activations under a frozen bottom", lines)


def case(source: str, name: str, moving: str, rate: float) -> str:
    """One row of the table."""
    data = load(source)
    split = make_splits(data, 0)[0]
    rows = nested_subset(data, split, EXAMPLES, 0, 0)
    candidate = resolve(name, data.task)
    inputs = encode(candidate, data)
    tested = np.random.default_rng(0).permutation(split.test)[:1000]
    plain, stored, filling, scores = [], [], [], {True: [], False: []}
    with tempfile.TemporaryDirectory() as place:
        for pair in range(PAIRS):
            for cached in (True, False) if pair % 2 else (False, True):
                network = build(candidate, data.class_names, weights="pretrained", seed=pair)
                recipe = Recipe(learning_rate=rate, steps=EPOCHS * EXAMPLES // BATCH, batch_size=BATCH, moving=moving)
                stamps: list[float] = []
                options = LoopOptions(
                    activations=Path(place) / "border" if cached else None,
                    on_step=lambda *_, stamps=stamps: stamps.append(time.perf_counter()),
                )
                start = time.perf_counter()
                train(network, inputs, data.labels, rows, Train(), recipe, pair, options)
                whole = time.perf_counter() - start
                epoch = statistics.median(np.diff(stamps)) * EXAMPLES / BATCH
                (stored if cached else plain).append(epoch)
                if cached:
                    filling.append(whole / EPOCHS)
                probabilities = predict_network(network, inputs, tested)
                scores[cached].append(100 * float((probabilities.argmax(1) == data.labels[tested]).mean()))
    ratios = [one / other for one, other in zip(plain, stored, strict=True)]
    whole = [one / other for one, other in zip(plain, filling, strict=True)]
    return (
        f"| {name} | {moving} | {statistics.median(plain):.2f} | {statistics.median(stored):.2f} | "
        f"**{statistics.median(ratios):.2f}** ({min(ratios):.2f} to {max(ratios):.2f}) | "
        f"{statistics.median(whole):.2f} | {statistics.mean(scores[False]):.1f} | "
        f"{statistics.mean(scores[True]):.1f} | {most(candidate, inputs, data, rows, moving):.2f} |"
    )


def most(candidate, inputs, data, rows: np.ndarray, moving: str) -> float:  # noqa: ANN001 - as in case
    """Operations of a plain epoch over those of one with stored activations, both counted in a run's second epoch."""
    from torch.utils.flop_counter import FlopCounterMode

    steps = EXAMPLES // BATCH
    recipe = Recipe(learning_rate=1e-4, steps=2 * steps, batch_size=BATCH, moving=moving)
    epochs = []
    with tempfile.TemporaryDirectory() as place:
        for folder in (None, Path(place) / "border"):
            counted = []
            for stop in (steps, 2 * steps):
                network = build(candidate, data.class_names, weights="pretrained", seed=0)
                options = LoopOptions(activations=folder, stop_after=stop)
                with FlopCounterMode(display=False) as counter:
                    train(network, inputs, data.labels, rows, Train(), recipe, 0, options)
                counted.append(counter.get_total_flops())
            epochs.append(counted[1] - counted[0])
    return epochs[0] / epochs[1]


if __name__ == "__main__":
    main()
