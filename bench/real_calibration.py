"""Are the promises kept on real curves? Factors are fitted on one half of the data sets and judged on the other.

    python bench/real_curves.py DATA && python bench/real_calibration.py DATA

DATA is a folder with ``lcdb11_test_error.csv`` and ``setfit2022_fewshot_runs.csv``. Writes
``bench/results/evidence_real.md``, and the statements as they come to ``runs/real_pairs.jsonl``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plain_fits
from real_curves import N_MAX, RUNS, drawn, last_sizes, lcdb
from widening import factors, needed, records

from headstart.evidence.crossover import find_crossover
from headstart.evidence.curves import fit_curves
from headstart.evidence.observed import ArmErrors
from headstart.evidence.widening import Widening

HALVINGS = 20
EARLY = ("LogisticRegression", "GaussianNB", "NearestCentroid")  # learn fast and level off: in place of transfer
LATE = ("ens.RandomForest", "CatBoost", "RealMLP", "SVM_RBF", "KNN")  # in place of from scratch
SIZES = 6


def halves(datasets: list[str], number: int) -> tuple[set[str], set[str]]:
    """Two random halves of the data sets."""
    order = np.random.default_rng(number).permutation(datasets)
    return set(order[: len(order) // 2]), set(order[len(order) // 2 :])


def coverage(judged: list[dict], table: dict[int, tuple[float, ...]]) -> np.ndarray:
    """Share of the curves whose widened intervals hold what was seen at 2 and 4 n_max (2,)."""
    allowed = np.asarray([table[row["sizes"]][1:] for row in judged])
    return np.asarray((needed(judged) <= allowed).mean(0))


def intervals(lines: list[str]) -> None:
    """Coverage over random halvings, widths, and the plain fits on the same curves."""
    bank, few = records("lcdb"), records("setfit")
    datasets = sorted({row["dataset"] for row in bank})
    mine, short = [], []
    for number in range(HALVINGS):
        one, two = halves(datasets, number)
        for fit, judge in ((one, two), (two, one)):
            table = factors([row for row in bank if row["dataset"] in fit])
            parts = [row for row in bank if row["dataset"] in judge]
            mine.append([coverage([row for row in parts if row["sizes"] == count], table) for count in table])
            short.append(coverage(few, table))
    counts = sorted({row["sizes"] for row in bank})
    lines += [f"## Intervals, {HALVINGS} random halvings of {len(datasets)} LCDB data sets", ""]
    lines += ["| 90 % intervals | 2 n_max | 4 n_max | curves |", "| --- | --- | --- | --- |"]
    for place, count in enumerate(counts):
        rows = [row for row in bank if row["sizes"] == count]
        values = np.asarray([half[place] for half in mine])
        bare = (needed(rows) <= 1).mean(0)
        name = f"LCDB, {count} sizes up to {N_MAX}, before widening"
        lines.append(f"| {name} | {bare[0]:.1%} | {bare[1]:.1%} | {len(rows)} |")
        said = [f"{values[:, k].mean():.1%} ({values[:, k].min():.0%} to {values[:, k].max():.0%})" for k in (0, 1)]
        lines.append(f"| judged on the other half | {said[0]} | {said[1]} | |")
    every = np.asarray(mine).mean((0, 1))
    lines.append(f"| LCDB, all of these, judged on the other half | {every[0]:.1%} | {every[1]:.1%} | {len(bank):,} |")
    bare = (needed(few) <= 1).mean(0)
    lines.append(f"| SetFit, 4 sizes 2 to 16 a class, before widening | {bare[0]:.1%} | {bare[1]:.1%} | {len(few)} |")
    said = [f"{np.mean(short, 0)[k]:.1%}" for k in (0, 1)]
    lines.append(f"| with the factors of each LCDB half | {said[0]} | {said[1]} | |")
    rows = [row for row in bank if row["sizes"] == SIZES]
    heads = ("coverage", "median width", "median absolute error", "interval score")
    lines += [
        "",
        f"## Beside the plain fits, {SIZES} sizes, {len(rows)} LCDB curves",
        "",
        f"| | {' | '.join(f'{head} 2x | 4x' for head in heads)} | failed |",
        "|" + " --- |" * 10,
    ]
    truth = np.asarray([row["truth"] for row in rows])
    stretch = np.asarray(factors(rows)[SIZES][1:])
    own = np.asarray([row["interval"] for row in rows])
    centre = own[:, :, :1]
    own = np.concatenate([centre, np.clip(centre + stretch[None, :, None] * (own[:, :, 1:] - centre), 0, 1)], 2)
    lines.append(_plain_line("this posterior, widened", own, truth, 0))
    for name in rows[0]["plain"]:
        kept = [i for i, row in enumerate(rows) if row["plain"][name] is not None]
        fits = np.asarray([rows[i]["plain"][name] for i in kept])
        lines.append(_plain_line(name, fits, truth[kept], len(rows) - len(kept)))


def _plain_line(name: str, fits: np.ndarray, truth: np.ndarray, failed: int) -> str:
    point, low, high = fits[..., 0], fits[..., 1], fits[..., 2]
    hit = ((low <= truth) & (truth <= high)).mean(0)
    width, miss = np.median(high - low, 0), np.median(abs(point - truth), 0)
    score = plain_fits.interval_score(low, high, truth).mean(0)
    cells = [f"{hit[0]:.1%}", f"{hit[1]:.1%}", *(f"{value:.4f}" for value in (*width, *miss, *score)), str(failed)]
    return f"| {name} | {' | '.join(cells)} |"


def crossing_of(scratch: tuple[np.ndarray, ...], transfer: tuple[np.ndarray, ...], top: float) -> float:
    """Where the published means cross for good by ``top``, straight in log n between sizes; infinity if nowhere."""
    sizes = np.intersect1d(scratch[0], transfer[0])
    sizes = sizes[(sizes >= 32) & (sizes <= top)]
    logs = np.log(sizes)
    gap = scratch[1][np.isin(scratch[0], sizes)] - transfer[1][np.isin(transfer[0], sizes)]
    behind = np.flatnonzero(gap > 0)
    if not len(behind):
        return float(np.exp(logs[0]))
    last = behind[-1]
    if last == len(gap) - 1:
        return np.inf
    return float(np.exp(logs[last] + gap[last] / (gap[last] - gap[last + 1]) * (logs[last + 1] - logs[last])))


def statements(folder: Path) -> Iterator[dict]:
    """What is said of every early-late pair with the factors of the other half, and what the published means show."""
    curves = lcdb(folder)
    datasets = sorted({dataset for dataset, _ in curves})
    one, two = halves(datasets, 0)
    bank = records("lcdb")
    tables = {
        name: Widening((1.0, 2.0, 4.0), factors([row for row in bank if row["dataset"] in fit]))
        for name, fit in (("one", two), ("two", one))
    }
    file = RUNS / "real_pairs.jsonl"
    known = file.read_text().splitlines() if file.exists() else []
    yield from (json.loads(line) for line in known)
    names = [(d, e, late) for d in datasets for e in EARLY for late in LATE if (d, e) in curves and (d, late) in curves]
    with file.open("a") as out:
        for dataset, early, late in names[len(known) :]:
            arms = []
            for name, paradigm in ((late, "scratch"), (early, "transfer")):
                arm = last_sizes(drawn(dataset, curves[dataset, name], name), SIZES)
                arms.append(ArmErrors(name, paradigm, arm.n, arm.error, arm.repeat))
            fitted = fit_curves(arms, widening=tables["one" if dataset in one else "two"])
            found = find_crossover(fitted)
            true = crossing_of(curves[dataset, late], curves[dataset, early], 4 * N_MAX)
            row = {
                "dataset": dataset,
                "pair": [early, late],
                "statement": found.statement,
                "interval": found.interval,
                "n_max": found.n_max,
                "horizon": found.horizon,
                "true": true,
            }
            out.write(json.dumps(row) + "\n")
            out.flush()
            yield row


def wilson(hits: int, count: int, z: float = 1.645) -> float:
    """Lower end of Wilson's 90 % interval (1927) for a proportion."""
    share = hits / count
    middle = share + z * z / (2 * count)
    return float((middle - z * np.sqrt(share * (1 - share) / count + z * z / (4 * count**2))) / (1 + z * z / count))


def pairs(folder: Path, lines: list[str]) -> None:
    """Count the statements."""
    from synthetic_calibration import is_right

    rows = list(statements(folder))
    whole = [row for row in rows if row["horizon"] > row["n_max"]]
    inside = np.mean([row["interval"][0] <= row["true"] <= row["interval"][1] for row in whole])
    lines += [
        "",
        f"## Statements, {len(rows):,} pairs of an early and a late learner, n_max {N_MAX}, horizon {4 * N_MAX}",
        "",
        f"The 90 % interval of n* (infinity allowed) holds the published crossing in {inside:.1%} of the "
        f"{len(whole):,} pairs that no guard limits to the measured range.",
        "",
        "| statement | said | right | Wilson lower bound (90 %) |",
        "| --- | --- | --- | --- |",
    ]
    for kind in ("crossed", "between", "none"):
        mine = [is_right(row) for row in rows if row["statement"] == kind]
        if mine:
            said, right = len(mine) / len(rows), f"{np.mean(mine):.1%} of {len(mine)}"
            lines.append(f"| {kind} | {said:.1%} | {right} | {wilson(sum(mine), len(mine)):.3f} |")
    for kind in ("tie", "undetermined"):
        lines.append(f"| {kind} | {np.mean([row['statement'] == kind for row in rows]):.1%} | | |")


def main() -> None:
    """Both halves of the report."""
    from record import write

    lines: list[str] = []
    intervals(lines)
    pairs(Path(sys.argv[1]), lines)
    write("evidence_real", "Learning curves and crossover on published curves", lines)


if __name__ == "__main__":
    main()
