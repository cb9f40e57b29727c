"""How long the mathematics takes: curves for each arm, and how every function grows with examples and dimensions.

    python bench/evidence_speed.py

The promise: six sizes, three repeats and 1,000 draws in under 0.2 s an arm; nothing slower than O(n D^2) without saying
so. Writes ``bench/results/evidence_speed.md``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from synthetic_curves import REPEATS, SIZES, TUNING_SEED, pairs

from headstart.evidence.calibration import calibration
from headstart.evidence.crossover import find_crossover
from headstart.evidence.curves import fit_curves
from headstart.evidence.head_start import gain_of_labels, head_start
from headstart.evidence.information import expected_regret_fall, next_measurements
from headstart.evidence.linear_probe import linear_probe
from headstart.evidence.negative_transfer import by_class, harm_by_slice
from headstart.evidence.observed import ArmErrors
from headstart.evidence.paired import joint_draws
from headstart.evidence.scores import Run
from headstart.evidence.selection import corrected_metric
from headstart.evidence.transferability import h_score, log_me, nearest_neighbours

ROUNDS = 5
MILLION = 1_000_000


def seconds(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Median processor time of some rounds."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return float(np.median(taken))


def arms(count: int) -> list[ArmErrors]:
    """Half from scratch, half transfer, each measured at six sizes three times."""
    n, repeat = np.repeat(SIZES, REPEATS), np.tile(np.arange(REPEATS), len(SIZES))
    found = []
    for number, pair in enumerate(pairs((count + 1) // 2, TUNING_SEED)):
        for paradigm, seen in zip(("scratch", "transfer"), pair.seen, strict=True):
            found.append(ArmErrors(f"{paradigm} {number}", paradigm, n, seen.ravel(), repeat))
    return found[:count]


def curve_lines() -> list[str]:
    """Seconds for each number of arms."""
    heads = "| arms | fit, 1,000 draws | an arm | crossover | head starts and gains | what to measure next | regret |"
    lines = [heads, "|" + " --- |" * 7]
    for count in (1, 2, 4, 8):
        mine = arms(count)
        fit = seconds(lambda mine=mine: fit_curves(mine))
        cells = [f"{fit:.3f} s", f"{fit / count:.3f} s"]
        if count > 1:
            curves = fit_curves(mine)
            found = find_crossover(curves)
            sides = [[arm.arm for arm in mine if arm.paradigm == side] for side in ("scratch", "transfer")]
            works: list[Callable[[], Any]] = [
                lambda curves=curves: find_crossover(curves),
                lambda curves=curves, sides=sides: [
                    [head_start(curves, name, float(n)) for n in SIZES] + [gain_of_labels(curves, name, SIZES[-1])]
                    for name in sides[1]
                ],
                lambda curves=curves, found=found, sides=sides: next_measurements(curves, found, *sides),
                lambda curves=curves, sides=sides: expected_regret_fall(curves, SIZES[-1], sides[0], SIZES[-1]),
            ]
            cells += [f"{seconds(work):.3f} s" for work in works]
        lines.append(f"| {count} | {' | '.join(cells + ['-'] * (6 - len(cells)))} |")
    return lines


def example(n: int, dimensions: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (n, D), source probabilities (n, D) and labels of ten classes (n,)."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 10
    f = rng.standard_normal((n, dimensions)) + np.eye(10, dimensions)[labels]
    theta = np.exp(f - f.max(1, keepdims=True))
    return f, theta / theta.sum(1, keepdims=True), labels


def runs_of(labels: np.ndarray, p: np.ndarray, repeats: int = 3) -> list[Run]:
    """Runs that predict the most probable class after a little noise."""
    index = np.arange(len(labels))
    rng = np.random.default_rng(1)
    return [Run(r, 0, index, index, labels, (p + 0.2 * rng.random(p.shape)).argmax(1)) for r in range(repeats)]


def functions() -> dict[str, tuple[str, int, int, Callable[[np.ndarray, np.ndarray, np.ndarray], Any]]]:
    """By name: what its description says, n and D to start from, and the call."""

    def joint(_f: np.ndarray, p: np.ndarray, y: np.ndarray) -> Any:
        return joint_draws({"a": runs_of(y, p), "b": runs_of(y, p)}, "accuracy", p.shape[1], 0.01, 0)

    def harmed(_f: np.ndarray, p: np.ndarray, y: np.ndarray) -> Any:
        return harm_by_slice(runs_of(y, p), runs_of(y, p), by_class(y, [str(c) for c in range(10)]))

    return {
        "log_me": ("n D min(n, D)", 8000, 64, lambda f, p, y: log_me(f, y)),
        "h_score": ("n D min(n, D)", 8000, 64, lambda f, p, y: h_score(f, y)),
        "linear_probe": ("n D min(n, D)", 8000, 64, lambda f, p, y: linear_probe(f, y)),
        "nearest_neighbours": ("n^2 D, said", 1500, 64, lambda f, p, y: nearest_neighbours(f, y)),
        "calibration": ("n D + n log n", 16000, 32, lambda f, p, y: calibration(p, y)),
        "joint_draws, 2,000 draws": ("draws x n", 2000, 16, joint),
        "harm_by_slice": ("classes x n", 8000, 16, harmed),
        "corrected_metric, 500 draws": (
            "draws x n",
            2000,
            16,
            lambda f, p, y: corrected_metric({"a": runs_of(y, p)[0], "b": runs_of(y, p)[1]}, "accuracy", 16, 0),
        ),
    }


def growth_lines() -> list[str]:
    """Seconds, and by what factor they grow when n, or D, doubles twice."""
    lines = ["| function | order | n | D | seconds | 4 n | 4 D |", "|" + " --- |" * 7]
    for name, (order, n, dimensions, call) in functions().items():
        taken = []
        for size in ((n, dimensions), (4 * n, dimensions), (n, 4 * dimensions)):
            data = example(*size)
            taken.append(seconds(lambda data=data, call=call: call(*data), 3))
        base, more, wider = max(taken[0], 1e-4), *taken[1:]
        lines.append(
            f"| {name} | {order} | {n:,} | {dimensions} | {base:.3f} | x {more / base:.1f} | x {wider / base:.1f} |"
        )
    return lines


def large_lines() -> list[str]:
    """A million examples with 16 dimensions, once."""
    f, p, y = example(MILLION, 16)
    works = {
        "log_me": lambda: log_me(f, y),
        "h_score": lambda: h_score(f, y),
        "linear_probe": lambda: linear_probe(f, y),
        "calibration": lambda: calibration(p, y),
    }
    lines = ["| function, 1,000,000 x 16 | seconds |", "| --- | --- |"]
    return lines + [f"| {name} | {seconds(work, 1):.1f} |" for name, work in works.items()]


def main() -> None:
    """Write both tables."""
    from record import write

    lines = ["Processor time on one core, medians.", "", "## Curves, six sizes with three repeats", "", *curve_lines()]
    lines += ["", "## Growth", "", "Times four is linear, times sixteen is quadratic.", "", *growth_lines(), ""]
    write("evidence_speed", "Speed of the evidence", lines + large_lines())


if __name__ == "__main__":
    main()
