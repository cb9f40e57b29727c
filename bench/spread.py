"""Fit the prior of the spread between repeats: by kind of arm and labels per class, from published and own repeats.

    python bench/spread.py DATA

``DATA`` holds ``setfit2022_fewshot_runs.csv`` and ``hoiem2021_cifar100.csv``. A cell is an arm on a data set at a size,
repeated on other subsets and judged on the same test examples; its variance over the prior's is F distributed with
(R - 1, freedom) degrees. Writes ``src/headstart/evidence/spread.json``. LCDB is not used: its repeats change the test
part too, and its table does not name the classes.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import f as f_distribution

from headstart.evidence.spread import KindOfSpread

FEWEST = 3.0  # degrees of freedom: with two or fewer the draws of a single run have no variance
ORACLE = Path(__file__).parent / "oracle" / "trials"
RECIPES = Path(__file__).parent / "results" / "halving.csv"
TABLE = Path(__file__).parents[1] / "src" / "headstart" / "evidence" / "spread.json"
CLASSES = {"cifar10": 10, "sst2": 2, "tweeteval_emotion": 4, "leaf_disease": 4, "chars74k_fnt": 62}


@dataclass
class Repeats:
    """One cell."""

    source: str
    kind: str
    data: str
    per_class: float
    values: np.ndarray


def setfit(folder: Path) -> list[Repeats]:
    """Few-shot text classification: ten splits, of which the arms share the subsets."""
    table = pd.read_csv(folder / "setfit2022_fewshot_runs.csv")
    table = table[(table.metric == "accuracy") & (table.examples_per_class != "full")]
    return [
        Repeats("setfit", "closed" if arm == "LinearProbe" else "gradient", data, float(k), own.score.to_numpy() / 100)
        for (arm, _, data, k), own in table.groupby(["arm", "model", "dataset", "examples_per_class"])
    ]


def hoiem(folder: Path) -> list[Repeats]:
    """CIFAR-100 in partitions of 25 to 200 labels a class."""
    table = pd.read_csv(folder / "hoiem2021_cifar100.csv")
    return [
        Repeats(
            "hoiem",
            "gradient" if trained == "all layers" else "closed",
            "cifar100",
            float(k),
            1 - own.test_error_percent.to_numpy() / 100,
        )
        for (_, trained, k), own in table.groupby(["arm", "trained", "examples_per_class"])
        if len(own) > 1
    ]


def oracle() -> list[Repeats]:
    """The project's own repeats; those on all labels of a pool are no draws of labels, and are left out."""
    found = []
    for name, classes in CLASSES.items():
        rows = pd.read_parquet(ORACLE / f"{name}.parquet")
        rows = rows[(rows.role == "measuring") & (rows.error.isna() | (rows.error == ""))]
        steps = [json.loads(text).get("steps", 0) for text in rows["settings"]]
        rows = rows.assign(closed=np.asarray(steps) == 0)
        for (_, n, _recipe, closed), own in rows.groupby(["arm", "n", "recipe", "closed"]):
            if len(own) > 1 and n < rows.n.max():
                kind = "closed" if closed else "gradient"
                found.append(Repeats("oracle", kind, name, n / classes, own.value.to_numpy()))
    return found


def fit(cells: list[Repeats]) -> KindOfSpread:
    """Maximum likelihood of level, slope, floor and degrees of freedom."""
    variance = np.asarray([cell.values.var(ddof=1) for cell in cells])
    variance = np.maximum(variance, 1e-7)  # equal to the last digit that was printed
    freedom = np.asarray([len(cell.values) - 1 for cell in cells])
    error = np.asarray([1 - cell.values.mean() for cell in cells])
    per_class = np.asarray([cell.per_class for cell in cells])
    weight = np.asarray([1 / np.sqrt(sum(other.source == cell.source for other in cells)) for cell in cells])

    def of(values: np.ndarray) -> KindOfSpread:
        level, slope, floor, trust = np.exp(values)
        return KindOfSpread(level, slope, floor, trust)

    def loss(values: np.ndarray) -> float:
        kind = of(values)
        prior = kind.sds(per_class, error) ** 2
        log = f_distribution.logpdf(variance / prior, freedom, kind.freedom) - np.log(prior)
        most, least = np.log([0.3, 1.0, 0.02, 12.0]), np.log([0.002, 0.1, 0.002, FEWEST])
        bounds = 200 * np.sum(np.maximum(values - most, 0) ** 2 + np.maximum(least - values, 0) ** 2)
        return float(-(weight * log).sum() / weight.mean() + bounds)

    starts = [np.log([level, 0.5, 0.003, 3.0]) for level in (0.02, 0.05)]
    best = min((minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000}) for start in starts), key=_fun)
    return of(best.x)


def _fun(result) -> float:
    return float(result.fun)


def correlation(folder: Path) -> float:
    """Mean correlation of two arms' deviations on the same published subsets."""
    table = pd.read_csv(folder / "setfit2022_fewshot_runs.csv")
    table = table[(table.metric == "accuracy") & (table.examples_per_class != "full")]
    found, weights = [], []
    for _, cell in table.groupby(["dataset", "examples_per_class"]):
        wide = cell.assign(who=cell.arm + cell.model).pivot_table(index="split", columns="who", values="score").dropna()
        if wide.shape[1] > 1 and len(wide) > 4:
            matrix = np.corrcoef(wide.to_numpy().T)
            pairs = matrix[np.triu_indices(len(matrix), 1)]
            found.append(float(np.nanmean(pairs)))
            weights.append(len(pairs))
    return float(np.average(found, weights=weights))


def untuned() -> float:
    """How far the best of an arm's recipes lies from its default: root of the mean square over arms and draws.

    On the test part, where every recipe was measured (``halving.py``): an upper bound, as the best is chosen there.
    What a choice on held-out labels really moved is less, 0.8 points near 50 % (the oracle's untuned defaults); gains
    on the held-out examples themselves are more, since the luck of the best is in them.
    """
    rows = pd.read_csv(RECIPES)
    gains = []
    for _, own in rows.groupby(["data", "strategy", "repeat"]):
        test = own.test.to_numpy()
        gains.append((test.max() - test[0]) / (2 * np.sqrt(test[0] * (1 - test[0]))))
    return float(np.sqrt(np.mean(np.square(gains))))


def main() -> None:
    """Fit and write the table."""
    folder = Path(sys.argv[1])
    cells = setfit(folder) + hoiem(folder) + oracle()
    kinds = {kind: fit([cell for cell in cells if cell.kind == kind]) for kind in ("gradient", "closed")}
    document = {
        "source": "SetFit's published runs (Tunstall et al. 2022, arXiv 2209.11055), CIFAR-100 partitions (Hoiem et "
        "al. 2021, arXiv 2010.10029) and bench/oracle/trials, made by bench/spread.py",
        "cells": {kind: sum(cell.kind == kind for cell in cells) for kind in kinds},
        "correlation": round(max(0.0, correlation(folder)), 2),
        "untuned": round(untuned(), 4),
        "kinds": {
            kind: {name: float(f"{value:.3g}") for name, value in found.__dict__.items()}
            for kind, found in kinds.items()
        },
    }
    TABLE.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(TABLE.read_text())
    for kind, found in kinds.items():
        mine = [cell for cell in cells if cell.kind == kind]
        for low, high in ((2, 6), (6, 12), (12, 40), (40, 100), (100, 2000)):
            there = [cell for cell in mine if low <= cell.per_class < high]
            if there:
                seen = np.median([cell.values.std(ddof=1) for cell in there])
                said = np.median([found.sd(cell.per_class, 1 - cell.values.mean()) for cell in there])
                print(f"{kind} {low}-{high} labels a class: {len(there)} cells, median {seen:.4f}, prior {said:.4f}")


if __name__ == "__main__":
    main()
