"""MiniRocket beside aeon's: the same features, about the same accuracy, and what each transform takes.

Needs aeon beside Headstart: ``python bench/minirocket.py ECG_FOLDER`` writes ``results/minirocket.md``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import record

from headstart.data import load
from headstart.modalities import Regime
from headstart.modalities.series.minirocket import KERNELS, MiniRocket
from headstart.models import get_family

SETS = ("arrow_head", "italy_power_demand", "gunpoint", "basic_motions")
SEEDS = range(5)
TIMED, FITTED, ROUNDS = 3000, 500, 3


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ecg", type=Path)
    parser.add_argument("--threads", type=int, nargs="*", default=[1])
    given = parser.parse_args()
    lines = ["## Accuracy on the archive's own splits, mean of 5 seeds", ""]
    lines += ["| set | series, channels, length | ours, series as they are | aeon's | difference | ours by default |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    lines += [accuracy(name) for name in SETS]
    data = load(given.ecg)
    series = np.stack(data.content.load(range(TIMED)))
    lines += ["", f"## Transform of {TIMED:,} heartbeats of 180 values, CPU seconds, median of {ROUNDS} rounds", ""]
    lines += [
        "| threads | ours | aeon's | ratio | largest difference of a feature |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [timing(series, threads) for threads in given.threads]
    record.write("minirocket", "MiniRocket beside aeon's", lines)


def accuracy(name: str) -> str:
    """Both on one set."""
    import torch
    from aeon import datasets
    from aeon.classification.convolution_based import MiniRocketClassifier

    torch.set_num_threads(1)
    reader: Callable[..., tuple[np.ndarray, np.ndarray]] = getattr(datasets, f"load_{name}")
    (x, y), (new, wanted) = reader(split="train"), reader(split="test")
    classes = np.unique(y)
    family = get_family("minirocket")
    default, as_they_are = family.recipes(Regime("series", "minirocket", len(y), len(classes)))
    ours, scaled, theirs = [], [], []
    for seed in SEEDS:
        items = [one.astype(np.float32) for one in x]
        for recipe, values in ((as_they_are, ours), (default, scaled)):
            fitted = family.fit(items, np.searchsorted(classes, y), recipe, seed)  # type: ignore[attr-defined]
            found = classes[fitted.classes_[fitted.predict_proba([one.astype(np.float32) for one in new]).argmax(1)]]
            values.append(float((found == wanted).mean()))
        other = MiniRocketClassifier(random_state=seed).fit(x, y)
        theirs.append(float((other.predict(new) == wanted).mean()))
    one, two = 100 * float(np.mean(ours)), 100 * float(np.mean(theirs))
    shape = f"{len(x)} + {len(new)}, {x.shape[1]}, {x.shape[2]}"
    three = 100 * float(np.mean(scaled))
    return f"| {name} | {shape} | {one:.2f} % | {two:.2f} % | {one - two:+.2f} points | {three:.2f} % |"


def timing(series: np.ndarray, threads: int) -> str:
    """Both transforms with the same fitted parameters."""
    import numba
    from aeon.transformations.collection.convolution_based import MiniRocket as Reference

    numba.set_num_threads(threads)
    other = Reference(random_state=0, n_jobs=threads)
    other.fit(series[:FITTED])
    dilations, counts, biases = other.parameters[-3:]
    channels = np.ones((len(dilations), KERNELS, 1), dtype=bool)
    ours = MiniRocket(channels, dilations.astype(np.int64), counts.astype(np.int64), biases.astype(np.float32))
    items = list(series)
    features = [np.asarray(other.transform(series)), ours.transform(items, threads)]
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for spent, run in zip(
            seconds, (lambda: ours.transform(items, threads), lambda: other.transform(series)), strict=True
        ):
            start = time.process_time()
            run()
            spent.append(time.process_time() - start)
    one, two = median(seconds[0]), median(seconds[1])
    apart = float(np.abs(features[0] - features[1]).max())
    return f"| {threads} | {one:.2f} | {two:.2f} | {one / two:.2f} | {apart:.1e} |"


if __name__ == "__main__":
    main()
