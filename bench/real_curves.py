"""Published learning curves cut at n_max: what was predicted at 2 and 4 n_max, and what was then seen there.

``python bench/real_curves.py DATA``, where DATA is a folder with ``lcdb11_test_error.csv`` (Yan, Mohr and Viering 2025,
arXiv 2505.15657, CC BY 4.0) and ``setfit2022_fewshot_runs.csv`` (Tunstall et al. 2022, arXiv 2209.11055), writes a line
a curve to ``runs/real_curves.jsonl``, as they come; started again, it goes on there. Predictions are made without
widening, so that ``widening.py`` can fit it.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plain_fits

from headstart.core import derive_seed
from headstart.evidence.curves import fit_curves
from headstart.evidence.observed import ArmErrors
from headstart.evidence.widening import NO_WIDENING

RUNS = Path(__file__).parents[1] / "runs"
N_MAX, REPEATS = 1024, 3
COUNTS = (3, 4, 6)  # sizes that were "measured": the last so many up to n_max
SINGLE = 5.0  # LCDB gives the standard error over 25 splits; one split scatters five times as much
Curve = tuple[np.ndarray, np.ndarray, np.ndarray]  # sizes, means, deviation of a single run


def lcdb(folder: Path) -> dict[tuple[str, str], Curve]:
    """Curves by (data set, learner) that reach 4 n_max."""
    found = {}
    for row in csv.DictReader((folder / "lcdb11_test_error.csv").open()):
        sizes = [int(name[4:]) for name in row if name.startswith("err_") and row[name]]
        if {32 * 2**k for k in range(8)} <= set(sizes):
            n = np.asarray(sizes, dtype=float)
            means = np.asarray([float(row[f"err_{size}"]) for size in sizes])
            found[row["openml_id"], row["learner"]] = (
                n,
                means,
                SINGLE * np.asarray([float(row[f"se_{size}"] or 0) for size in sizes]),
            )
    return found


def drawn(name: str, curve: Curve, learner: str = "", repeats: int = REPEATS) -> ArmErrors:
    """Single runs around a published mean, up to n_max; the same ones whoever asks."""
    sizes, means, deviation = curve
    rng = np.random.default_rng(derive_seed("real", name, learner))
    noise = rng.standard_normal((len(sizes), repeats))
    seen = np.clip(means[:, None] + deviation[:, None] * noise, 0, 1)
    arm = ArmErrors(
        learner or name, "scratch", np.repeat(sizes, repeats), seen.ravel(), np.tile(np.arange(repeats), len(sizes))
    )
    return arm.up_to(N_MAX)


def setfit(folder: Path) -> Iterator[tuple[str, ArmErrors, np.ndarray]]:
    """Few-shot text curves: the first three splits at 2 to 16 a class, and the mean errors at 32 and 64."""
    cells: dict[tuple[str, str, str], dict[int, list[float]]] = {}
    for row in csv.DictReader((folder / "setfit2022_fewshot_runs.csv").open()):
        if row["examples_per_class"] != "full":
            score = float(row["score"]) / 100
            error = (1 - score) / 2 if row["metric"] == "matthews_correlation" else 1 - score  # in [0, 1]
            cell = cells.setdefault((row["dataset"], row["arm"], row["model"]), {})
            cell.setdefault(int(row["examples_per_class"]), []).append(error)
    for (dataset, arm, model), by_size in cells.items():
        if not {2, 4, 8, 16, 32, 64} <= by_size.keys():
            continue
        n = np.repeat([2.0, 4.0, 8.0, 16.0], REPEATS)
        seen = np.concatenate([by_size[size][:REPEATS] for size in (2, 4, 8, 16)])
        truth = np.asarray([np.mean(by_size[32]), np.mean(by_size[64])])
        yield dataset, ArmErrors(f"{arm} {model}", "transfer", n, seen, np.tile(np.arange(REPEATS), 4)), truth


def last_sizes(arm: ArmErrors, count: int) -> ArmErrors:
    """Only the largest sizes of an arm."""
    keep = arm.n >= arm.sizes[-min(count, len(arm.sizes))]
    return ArmErrors(arm.arm, arm.paradigm, arm.n[keep], arm.error[keep], arm.repeat[keep])


def record(bank: str, dataset: str, arm: ArmErrors, truth: np.ndarray) -> dict:
    """Predictions of one curve at 2 and 4 n_max by this posterior and by the plain fits."""
    curves = fit_curves([arm], widening=NO_WIDENING)
    at = arm.sizes[-1] * np.asarray([2.0, 4.0])
    errors = np.sqrt(max(arm.squares.sum(), 1e-12) / (arm.repeats - 1).sum() / arm.repeats)
    plain = {
        "maximum-likelihood power law": plain_fits.maximum_likelihood(arm.sizes, arm.means, errors, at),
        "scipy curve_fit": plain_fits.as_people_do(arm.n, arm.error, at),
        "no further change": plain_fits.no_further_change(arm.sizes, arm.means, errors, at),
    }
    return {
        "bank": bank,
        "dataset": dataset,
        "arm": arm.arm,
        "sizes": len(arm.sizes),
        "guarded": curves.guarded[0],
        "truth": truth.tolist(),
        "interval": None if curves.guarded[0] else [curves.interval(arm.arm, n) for n in at],
        "plain": {name: None if fit is None else np.stack(fit, 1).tolist() for name, fit in plain.items()},
    }


def jobs(folder: Path) -> Iterator[tuple[str, str, ArmErrors, np.ndarray]]:
    """Every curve to be predicted, in a fixed order."""
    for count in COUNTS:
        for (dataset, learner), curve in lcdb(folder).items():
            truth = np.asarray([float(curve[1][curve[0] == k * N_MAX][0]) for k in (2, 4)])
            arm = drawn(dataset, curve, learner)
            yield "lcdb", dataset, last_sizes(arm, count), truth
    for dataset, arm, truth in setfit(folder):
        yield "setfit", dataset, arm, truth


def main() -> None:
    """Predict what is not predicted yet."""
    RUNS.mkdir(exist_ok=True)
    file = RUNS / "real_curves.jsonl"
    known = len(file.read_text().splitlines()) if file.exists() else 0
    with file.open("a") as out:
        for place, job in enumerate(jobs(Path(sys.argv[1]))):
            if place >= known:
                out.write(json.dumps(record(*job)) + "\n")
                out.flush()


if __name__ == "__main__":
    main()
