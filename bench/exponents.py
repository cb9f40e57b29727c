"""Fit how learning curves go on: the exponent of the next factor in labels, given that of the last.

    python bench/exponents.py DATA

``DATA`` holds ``lcdb11_test_error.csv``, ``hoiem2021_cifar100.csv`` and ``tllib_finetune_by_fraction.csv``; the
project's own oracle runs are read beside them. Writes ``src/headstart/evidence/exponents.json`` and
``results/exponents.md``, with the share of held-out sources' next exponents that the 90 % interval contains.

The exponent b of e(m) = e(n) (n / m)^b follows a split t distribution: one mode, a scale below it and another above
it, because curves bend down steeply more often than they stop falling. Given the last exponent, mode and scales are
straight lines in it, which end at ``TOP``. The same is fitted for the exponent of what descends a gradient given the
mean exponent of closed forms on the same data over the same sizes: on half of the tables, so that studies can be
replayed on the other half (``decision_tables.py``), and on the networks' curves, each half weighing alike.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from decision_tables import EARLY, in_replays, oracle
from record import write
from scipy.optimize import minimize

from headstart.evidence.exponents import Next, next_parts, split_t, split_t_logpdf

HERE = Path(__file__).parent
FACTOR = 4
GRADIENT = ("RealMLP", "CatBoost")  # what descends a gradient among the learners of LCDB
FEWEST_LABELS, LEAST_ERROR = 64, 0.005


def exponents(sizes, errors):
    """Exponents between neighbouring sizes."""
    known = np.maximum(np.asarray(errors, dtype=float), LEAST_ERROR)
    return np.log(known[:-1] / known[1:]) / np.log(np.asarray(sizes[1:]) / np.asarray(sizes[:-1]))


def pairs_of(curves):
    """(last, next) exponents of every three neighbouring sizes."""
    found = [
        pair for sizes, errors in curves for pair in zip(*(exponents(sizes, errors)[i:] for i in (0, 1)), strict=False)
    ]
    return np.asarray([pair for pair in found if np.isfinite(pair).all()])


def tabular(folder):
    """Curves of LCDB 1.1, a factor of four apart."""
    rows = pd.read_csv(folder / "lcdb11_test_error.csv")
    sizes = np.asarray([2**k for k in range(5, 20)])
    kept = {}
    for _, row in rows.iterrows():
        errors = row[[f"err_{n}" for n in sizes]].to_numpy(dtype=float)
        for start in (0, 1):
            use = np.arange(start, len(sizes), 2)
            use = use[(sizes[use] >= FEWEST_LABELS) & np.isfinite(errors[use]) & (errors[use] > LEAST_ERROR)]
            if len(use) > 2:
                kept.setdefault(row.openml_id, []).append((sizes[use], errors[use]))
    return kept


def networks(folder):
    """Curves of networks trained by gradient descent, by source; and of closed forms on their features."""
    gradient, closed = {}, {}
    means = pd.read_csv(folder / "hoiem2021_cifar100.csv").groupby(["arm", "examples_per_class"])
    for arm, row in means.test_error_percent.mean().unstack().iterrows():
        errors, sizes = row.to_numpy() / 100, row.index.to_numpy(dtype=float) * 100
        (gradient if arm in ("scratch", "finetune") else closed).setdefault("hoiem", []).extend(
            [(sizes[::2], errors[::2])]
        )
    rows = pd.read_csv(folder / "tllib_finetune_by_fraction.csv")
    rows["error"] = 1 - rows.top1_percent / 100
    for (data, _), row in rows.groupby(["dataset", "method", "train_fraction"]).error.mean().unstack().iterrows():
        use = row.dropna()
        gradient.setdefault(f"tllib {data}", []).append((use.index.to_numpy(dtype=float), use.to_numpy()))
    for table in oracle(0):
        for arm in table.arms:
            place = closed if arm.closed_form else gradient
            place.setdefault(table.name, []).append((np.asarray(arm.sizes, float), 1 - table.truths[arm.arm.key]))
    return gradient, closed


def tabular_beside(folder):
    """(mean exponent of closed forms, exponent of a learner that descends a gradient) by table, of every second table.

    Over each factor of four in labels.
    """
    rows = pd.read_csv(folder / "lcdb11_test_error.csv")
    sizes = np.asarray([2**k for k in range(5, 20)], dtype=float)
    found = {}
    for data, own in rows.groupby("openml_id"):
        if in_replays(data):
            continue
        errors = {row.learner: row[[f"err_{int(n)}" for n in sizes]].to_numpy(dtype=float) for _, row in own.iterrows()}
        for start in np.flatnonzero(sizes >= FEWEST_LABELS):
            if start + 2 < len(sizes):
                place = [start, start + 2]
                steep = {
                    learner: float(exponents(sizes[place], of[place])[0])
                    for learner, of in errors.items()
                    if np.isfinite(of[place]).all() and (of[place] > LEAST_ERROR).all()
                }
                closed = [steep[learner] for learner in EARLY if learner in steep]
                moving = [steep[learner] for learner in GRADIENT if closed and learner in steep]
                found.setdefault(f"lcdb {data}", []).extend((float(np.mean(closed)), one) for one in moving)
    return {key: np.asarray(pairs) for key, pairs in found.items() if pairs}


def networks_beside(gradient, closed):
    """The same of networks and closed forms on their features, by source."""
    found = {}
    for key in gradient:
        if key in closed:
            mean = np.mean([exponents(*curve) for curve in closed[key]], axis=0)
            pairs = [zip(mean, exponents(*curve), strict=True) for curve in gradient[key]]
            found[key] = np.asarray([pair for of_curve in pairs for pair in of_curve])
    return found


def fit_beside(networks_, tables):
    """The parameters of greatest likelihood; networks and tables weigh alike, and every source among its own."""
    pairs, weight = [], []
    for groups in (networks_, tables):
        for own in groups:
            pairs.append(own)
            weight.append(np.full(len(own), 1 / len(own) / len(groups)))
    every, weights = np.concatenate(pairs), np.concatenate(weight)
    weights *= len(pairs) / weights.sum()

    def loss(x):
        given = Next(x[0], x[1], *np.exp(x[2:6]))
        return -(weights * split_t_logpdf(every[:, 1], *next_parts(given, every[:, 0]))).sum()

    options = {"method": "Nelder-Mead", "options": {"maxiter": 8000, "maxfev": 8000}}
    best = minimize(loss, [0.1, 1.5, np.log(0.04), np.log(0.2), np.log(0.1), np.log(0.3)], **options).x
    return [round(float(v), 3) for v in (*best[:2], *np.exp(best[2:]))]


def held_beside(networks_, tables):
    """Share of the exponents of left-out sources inside the central 90 %, and their median place, for each kind."""
    rows = []
    for name, groups in (("networks", networks_), ("tables", tables)):
        keys = list(groups)
        hits, below = [], []
        for fold in np.array_split(np.random.default_rng(0).permutation(len(keys)), min(5, len(keys))):
            out = {keys[i] for i in fold}
            kept = [[own for key, own in of.items() if key not in out] for of in (networks_, tables)]
            given = Next(*fit_beside(*kept))
            for key in out:
                own = groups[key]
                parts = next_parts(given, np.repeat(own[:, 0], 2000))
                draws = split_t(*parts, len(parts[0]), np.random.default_rng(1)).reshape(len(own), -1)
                low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95], axis=1)
                hits.append(((low <= own[:, 1]) & (own[:, 1] <= high)).mean())
                below.append((own[:, 1] < middle).mean())
        rows.append(f"| {name} | {len(keys)} | {np.mean(hits):.0%} | {np.mean(below):.0%} |")
    return rows


def fit(groups):
    """The parameters of greatest likelihood, every source weighing alike."""
    pairs = [pairs_of(curves) for curves in groups]
    pairs = [of for of in pairs if len(of)]
    every = np.concatenate(pairs)
    weight = np.concatenate([np.full(len(of), 1 / len(of)) for of in pairs])
    weight *= len(pairs) / weight.sum()

    def first_loss(x):
        mode, low, high = x[0], *np.exp(x[1:3])
        return -(weight * split_t_logpdf(every[:, 0], mode, low, high)).sum()

    def next_loss(x):
        given = Next(x[0], x[1], *np.exp(x[2:6]))
        return -(weight * split_t_logpdf(every[:, 1], *next_parts(given, every[:, 0]))).sum()

    options = {"method": "Nelder-Mead", "options": {"maxiter": 8000, "maxfev": 8000}}
    one = minimize(first_loss, [0.1, np.log(0.08), np.log(0.15)], **options).x
    two = minimize(next_loss, [0.02, 0.8, np.log(0.02), np.log(0.2), np.log(0.03), np.log(0.4)], **options).x
    return {
        "mode": round(float(one[0]), 3),
        "below": round(float(np.exp(one[1])), 3),
        "above": round(float(np.exp(one[2])), 3),
        "next": [round(float(v), 3) for v in (*two[:2], *np.exp(two[2:]))],
        "curves": int(sum(len(curves) for curves in groups)),
    }


def held(groups):
    """Share of a left-out source's next exponents inside the central 90 %."""
    hits, keys = [], list(groups)
    folds = np.array_split(np.random.default_rng(0).permutation(len(keys)), min(10, len(keys)))
    for fold in folds:
        out = {keys[i] for i in fold}
        given = Next(*fit([groups[key] for key in keys if key not in out])["next"])
        for key in out:
            pairs = pairs_of(groups[key])
            if len(pairs):
                draws = given.draw(np.repeat(pairs[:, 0], 2000), np.random.default_rng(1)).reshape(len(pairs), -1)
                low, high = np.quantile(draws, [0.05, 0.95], axis=1)
                hits.append(((low <= pairs[:, 1]) & (pairs[:, 1] <= high)).mean())
    return float(np.mean(hits)), len(hits)


def main() -> None:
    """Fit, check, write."""
    folder = Path(sys.argv[1])
    gradient, closed = networks(folder)
    closed |= {f"lcdb {key}": curves for key, curves in tabular(folder).items()}
    table, lines = (
        {},
        [
            "| kind | curves | sources | 90 % interval of the next exponent holds, sources left out |",
            "|---|---|---|---|",
        ],
    )
    for name, groups in (("gradient", gradient), ("closed", closed)):
        table[name] = fit(list(groups.values()))
        share, sources = held(groups)
        lines.append(f"| {name} | {table[name]['curves']} | {sources} | {share:.0%} |")
    of_networks, of_tables = networks_beside(gradient, closed), tabular_beside(folder)
    table["gradient"]["beside"] = fit_beside(list(of_networks.values()), list(of_tables.values()))
    lines += [
        "",
        "The exponent of what descends a gradient given that of closed forms on the same data, sources left out:",
        "",
        "| kind | sources | 90 % interval holds | below the median |",
        "|---|---|---|---|",
        *held_beside(of_networks, of_tables),
    ]
    source = (
        "LCDB 1.1 (arXiv 2505.15657), CIFAR-100 partitions (Hoiem et al. 2021, arXiv 2010.11029), fine-tuning by "
        "fraction of the labels (TLlib) and bench/oracle/trials, made by bench/exponents.py"
    )
    place = HERE.parent / "src/headstart/evidence/exponents.json"
    place.write_text(json.dumps({"source": source, "kinds": table}, indent=2) + "\n", encoding="utf-8")
    lines += ["", "```", json.dumps(table), "```"]
    write("exponents", "How learning curves go on: the next exponent given the last", lines)


if __name__ == "__main__":
    main()
