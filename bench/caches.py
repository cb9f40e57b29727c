"""Feature cache: 8 sizes x 10 repeats of probing against embedding anew each time, in one run.

python bench/caches.py DATA (images; the figures kept are of CIFAR-10)
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from headstart.data import load, make_splits, nested_subset
from headstart.models import build, encode, resolve
from headstart.training import FeatureCache, fit_ridge_head

SIZES = (50, 100, 200, 400, 800, 1600, 3200, 6400)
REPEATS = 10
TEST = 2000


def main(source: str) -> None:
    """Embed once, probe eighty times; compare with the embedding that this saves."""
    from record import write

    data = load(source)
    split = make_splits(data, 0)[0]
    candidate = resolve("builtin:image", data.task)
    network = build(candidate, data.class_names, weights="pretrained", seed=0)
    inputs = encode(candidate, data)
    test = split.test[:TEST]
    needed = np.unique(np.concatenate([test, *(nested_subset(data, split, SIZES[-1], r, 0) for r in range(REPEATS))]))
    with tempfile.TemporaryDirectory() as folder:
        cache = FeatureCache(Path(folder), data.fingerprint, candidate.weights_hash)
        start = time.perf_counter()
        cache.rows(network, inputs, needed)
        rate = (time.perf_counter() - start) / len(needed)
        access = fit = 0.0
        again = FeatureCache(Path(folder), data.fingerprint, candidate.weights_hash)
        embedded = 0
        for size in SIZES:
            for repeat in range(REPEATS):
                rows = nested_subset(data, split, size, repeat, 0)
                embedded += len(rows) + len(test)
                start = time.perf_counter()
                features, asked = again.rows(network, inputs, rows), again.rows(network, inputs, test)
                access += time.perf_counter() - start
                start = time.perf_counter()
                fit_ridge_head(features, data.labels[rows], len(data.class_names)).probabilities(asked)
                fit += time.perf_counter() - start
    anew = rate * embedded
    write(
        "caches",
        "Feature cache",
        [
            f"{len(SIZES)} sizes x {REPEATS} repeats on {data.source}, {len(test):,} test examples, built-in backbone.",
            "",
            f"Embedding anew each time: {anew:.0f} s ({embedded:,} examples at {1 / rate:.0f} a second, timed here).",
            "",
            f"- feature access: {access:.2f} s = **{access / anew:.2%}** of embedding anew (promised: under 2 %)",
            f"- the whole probing (access and fits): {access + fit:.1f} s = **{(access + fit) / anew:.2%}**"
            " (promised: under 10 %)",
        ],
    )


if __name__ == "__main__":
    main(sys.argv[1])
