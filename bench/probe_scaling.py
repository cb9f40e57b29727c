"""What the scale of each feature is worth to a linear head: whole deviations, their roots, or none.

    python bench/probe_scaling.py DATA_FOLDER [--work FOLDER]

The same draws of labels for each power of the deviation (1 standardises, 0.5 is Pareto scaling, 0 only centres), on the
frozen features of the oracle table's five sets.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from oracle.run import SETS, Bench
from record import write

from headstart.core import limit_spinning
from headstart.models import heads
from headstart.training import fit_ridge_head

POWERS, SIZES, DRAWS = (1.0, 0.5, 0.0), (5, 10, 50), 10


def main() -> None:
    """Measure and write the table."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, default=Path("runs/probe_scaling"))
    arguments = parser.parse_args()
    lines = [
        f"Ridge heads on frozen features, {DRAWS} draws of labels (one of the whole pool). Accuracy in % and log-loss "
        "on the test part; the difference in accuracy is against power 1, paired, with its standard error over "
        "draws.",
        "",
        "| data | labels | power 1 | power 0.5 | power 0 | 0.5 - 1 | 0 - 1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in SETS:
        bench = Bench(name, arguments.folder, arguments.work)
        (split,) = bench.worker.splits
        labels, classes = bench.data.labels, len(bench.data.class_names)
        pool, asked = (bench.worker.features(SETS[name].candidate, rows) for rows in (split.pool, split.test))
        for size in (*SIZES, None):
            found = []
            for draw in range(DRAWS if size else 1):
                order = np.random.default_rng(draw).permutation(len(pool))
                own = labels[split.pool[order]]
                learn = np.concatenate([order[own == one][:size] for one in range(classes)])
                found.append(
                    [
                        scores(power, pool[learn], labels[split.pool[learn]], asked, labels[split.test], classes)
                        for power in POWERS
                    ]
                )
            lines.append(row(name, f"{size} per class" if size else f"all {len(pool):,}", np.asarray(found)))
            print(lines[-1], flush=True)
    write("probe_scaling", "The scale of features under a linear head", lines)


def scores(
    power: float, features: np.ndarray, labels: np.ndarray, asked: np.ndarray, truth: np.ndarray, classes: int
) -> tuple[float, float]:
    """Accuracy and log-loss of a head fitted with this power of the deviations."""
    heads.POWER = power
    chances = fit_ridge_head(features, labels, classes).probabilities(asked)
    loss = -np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-12)).mean()
    return float((chances.argmax(1) == truth).mean()), float(loss)


def row(name: str, size: str, found: np.ndarray) -> str:
    """One line from scores (draws, powers, 2)."""
    means = found.mean(0)
    cells = [f"{100 * accuracy:.1f} / {loss:.2f}" for accuracy, loss in means]
    for other in (1, 2):
        gaps = 100 * (found[:, other, 0] - found[:, 0, 0])
        error = f" ({gaps.std(ddof=1) / len(gaps) ** 0.5:.1f})" if len(gaps) > 1 else ""
        cells.append(f"{gaps.mean():+.1f}{error}")
    return f"| {name} | {size} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
