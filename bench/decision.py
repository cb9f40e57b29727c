"""Replay studies on tables whose truth is known, planner against planner.

    python bench/decision.py DATA [--sets 20] [--seeds 3] [--foreign 16] [--workers 2] [--work FILE]

``DATA`` holds ``lcdb11_test_error.csv``; ``--sets`` bounds how many LCDB data sets of each pool are played, and
``--seeds`` says how often each of them, and of the oracle sets, is drawn. Played studies are kept in the file of
``--work``, so that a run that was stopped goes on. Writes ``results/decision.md``.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
from decision_planners import AlwaysFineTune, Halving, LikeQuickTune, ProbeThenFineTune, Uniform
from decision_tables import TrueTable, foreign, lcdb, oracle
from record import write

from headstart.advice.decide import decide
from headstart.studies.planners import ContendersPlanner, StagedPlanner
from headstart.testing import replay

SHARES = (0.02, 0.05, 0.1, 0.2, 0.5)
EVERYWHERE = (ContendersPlanner, StagedPlanner)
AT_A_TENTH = (Uniform, Halving, LikeQuickTune, AlwaysFineTune, ProbeThenFineTune)
TIE = 0.01
BINS = ((0.4, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.01))
SIDES = ("transfer", "scratch")


def learnt_from(evidence, arm: str) -> float:
    """Labels that the model at hand is worth: a schedule that was ended early counts as so many fewer."""
    size = evidence.sizes(arm)[-1]
    return size * (1 - min(trial.shortened for trial in evidence.trials(arm, "measuring", size)))


def judge(table: TrueTable, planner, share: float) -> dict:
    """One replayed study against the truth."""
    played = replay(table, planner(), share * table.exhaustive, margin=None)
    evidence, pool = played.state.evidence, table.pool
    row = {"set": table.name, "kind": table.name.split()[0], "planner": planner.name, "share": share}
    row["spent"] = played.spent / (share * table.exhaustive)
    verdict = decide(evidence, 0, pool)
    best = {side: max(table.truth(a.arm.key, pool) for a in table.arms if a.arm.paradigm == side) for side in SIDES}
    if verdict is None:
        return row | {"measured": False}
    chosen = verdict.chosen
    # what is said to be best with all labels; the model that is handed over may be another one, which was trained
    advised = verdict.leaning.arm if verdict.leaning else chosen.key
    row |= {"measured": True, "regret": max(best.values()) - table.truth(advised, pool)}
    better = max(best, key=best.get)
    row["apart"] = abs(best["transfer"] - best["scratch"]) > TIE
    row["wrong_side"] = next(a.arm.paradigm for a in table.arms if a.arm.key == advised) != better
    learnt = pool if table.find(chosen).closed_form else learnt_from(evidence, chosen.key)
    row["delivered"] = 1 - table.truth(chosen.key, learnt)
    row["n_c"], row["definite"] = verdict.n / pool, verdict.kind in SIDES
    row["tie"] = verdict.kind == "tie"
    there = {
        side: max(
            (table.truth(a.key, verdict.n) for a in evidence.measured_at(verdict.n) if a.paradigm == side), default=0
        )
        for side in SIDES
    }
    if row["definite"]:
        row["wrong"] = there[verdict.kind] < max(there.values())
    if row["tie"]:
        row["wrong_tie"] = abs(there["transfer"] - there["scratch"]) > verdict.margin
    if verdict.runner_up is not None and verdict.difference is not None:
        true = table.truth(verdict.winner.key, verdict.n) - table.truth(verdict.runner_up.key, verdict.n)
        row["covered"] = verdict.difference[1] <= true <= verdict.difference[2]
        row["width"] = verdict.difference[2] - verdict.difference[1]
        far = min(pool, 4 * verdict.n)
        if far > verdict.n:
            out = evidence.outlook(far)
            gap = out.column(verdict.winner.key) - out.column(verdict.runner_up.key)
            low, high = np.quantile(gap, [0.05, 0.95])
            true = table.truth(verdict.winner.key, far) - table.truth(verdict.runner_up.key, far)
            row["covered_far"] = low <= true <= high
    if verdict.p_side is not None:
        lean = verdict.leaning
        side, said = (lean.paradigm, lean.p_side) if lean else (verdict.winner.paradigm, verdict.p_side)
        at = lean.n if lean else verdict.n
        true = {s: max(table.truth(a.arm.key, at) for a in table.arms if a.arm.paradigm == s) for s in SIDES}
        row["said"], row["happened"] = said, float(true[side] >= max(true.values()))
    return row


def job(task) -> dict:
    """One row, for a pool of processes."""
    warnings.simplefilter("ignore")
    return judge(*task)


def kept(tasks: list, work: Path | None, workers: int) -> list[dict]:
    """A row for each task, from the file where it was played before."""

    def key(table, planner, share) -> str:
        return f"{table.name} {table.seed} {planner.name} {share}"

    known = {}
    if work is not None and work.exists():
        known = dict(json.loads(line) for line in work.read_text().splitlines())
    missing = [task for task in tasks if key(*task) not in known]
    with ProcessPoolExecutor(workers) as pool:
        for task, row in zip(missing, pool.map(job, missing, chunksize=2), strict=True):
            row = {name: value.item() if isinstance(value, np.generic) else value for name, value in row.items()}
            known[key(*task)] = row
            if work is not None:
                with work.open("a") as stream:
                    stream.write(json.dumps([key(*task), row]) + "\n")
    return [known[key(*task)] for task in tasks]


def of(rows, name, default=np.nan):
    """The values of a column where there are any."""
    values = [float(row[name]) for row in rows if name in row]
    return np.asarray(values) if values else np.asarray([default])


def line(rows) -> str:
    """The figures of a cell of the result."""
    measured = [row for row in rows if row["measured"]]
    apart = [row for row in measured if row["apart"]]
    regret = 100 * of(measured, "regret")
    definite = of(measured, "definite", 0.0)
    brier = np.mean((of(measured, "said") - of(measured, "happened")) ** 2)
    delivered, n_c, spent = 100 * of(measured, "delivered").mean(), of(measured, "n_c").mean(), of(rows, "spent").mean()
    return (
        f"{regret.mean():.2f} | {regret.max():.1f} | {of(apart, 'wrong_side').mean():.0%} | {definite.mean():.0%} | "
        f"{of(measured, 'wrong').mean():.0%} of {int(definite.sum())} | {of(measured, 'covered').mean():.0%} | "
        f"{of(measured, 'covered_far').mean():.0%} | {brier:.3f} | {delivered:.2f} | {n_c:.2f} | {spent:.0%}"
    )


def against(rows, share: float, kinds) -> str:
    """Regret and delivered error minus those of the staged planner, over data sets."""
    by = defaultdict(dict)
    for row in rows:
        if row["share"] == share and row["kind"] in kinds and row["measured"]:
            by[row["set"]].setdefault(row["planner"], []).append((row["regret"], row["delivered"]))
    pairs = [
        np.mean(one["contenders"], 0) - np.mean(one["staged"], 0)
        for one in by.values()
        if {"contenders", "staged"} <= one.keys()
    ]
    gaps = 100 * np.asarray(pairs)
    base = 100 * np.mean([np.mean(one["staged"], 0)[0] for one in by.values() if "staged" in one])
    boot = np.random.default_rng(0).integers(0, len(gaps), (4000, len(gaps)))
    means = gaps[boot].mean(1)
    (a, b), (c, d) = (np.quantile(means[:, place], [0.05, 0.95]) for place in (0, 1))
    return (
        f"regret {gaps[:, 0].mean():+.2f} [{a:+.2f}, {b:+.2f}] on {base:.2f}; delivered error {gaps[:, 1].mean():+.2f} "
        f"[{c:+.2f}, {d:+.2f}], worst {gaps[:, 1].max():+.1f} points, over {len(gaps)} sets"
    )


def reliability(rows) -> list[str]:
    """How often what was said with a probability happened, a line for each bin."""
    lines = []
    for low, high in BINS:
        cell = [row for row in rows if low <= row["said"] < high]
        if cell:
            said, happened = of(cell, "said").mean(), of(cell, "happened").mean()
            lines.append(f"- said {said:.2f}, happened {happened:.2f} ({len(cell)} studies)")
    return lines


def main() -> None:
    """Play everything, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--foreign", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    folder, sets = given.data, given.sets
    tables = [table for seed in range(given.seeds) for table in oracle(seed)] + foreign(given.foreign, 0)
    for pool, seed in product((4096, 16384), range(given.seeds)):
        found = lcdb(folder, pool, seed)
        tables += [found[i] for i in np.random.default_rng(0).permutation(len(found))[:sets]]
    tasks = [(table, planner, share) for table in tables for planner in EVERYWHERE for share in SHARES]
    tasks += [(table, planner, 0.1) for table in tables for planner in AT_A_TENTH]
    rows = kept(tasks, given.work, given.workers)
    played = (
        f"{len(tables)} tables: {given.seeds} draws of the oracle sets and of {sets} LCDB 1.1 sets at each of two "
        f"pools, {given.foreign} of foreign shapes."
    )
    head = (
        "| tables | planner | share | regret at N* | worst | wrong side outside ties | definite | of these wrong | "
        "covered at n_c | at 4 n_c | Brier of P(side at N*) | delivered error | n_c / pool | spent |"
    )
    lines = [played, "", head, "|" + " --- |" * 14]
    kinds = ("oracle", "lcdb", "foreign")
    for kind in kinds:
        for share in SHARES:
            for planner in (*EVERYWHERE, *(AT_A_TENTH if share == 0.1 else ())):
                here = [r for r in rows if (r["kind"], r["planner"], r["share"]) == (kind, planner.name, share)]
                lines.append(f"| {kind} | {planner.name} | {share:.0%} | {line(here)} |")
    lines += ["", "Contenders minus staged, 90 % interval over data sets, at 10 % of the exhaustive cost:", ""]
    lines += [f"- {kind}: {against(rows, 0.1, (kind,))}" for kind in kinds] + [f"- all: {against(rows, 0.1, kinds)}"]
    mine = [row for row in rows if row["planner"] == "contenders" and "said" in row]
    lines += ["", "Reliability of P(side at N*), contenders, all shares:", "", *reliability(mine)]
    apart = [row for row in mine if row["apart"]]
    lines += ["", f"The same where the sides are more than {100 * TIE:.0f} point apart:", "", *reliability(apart)]
    ties = [row for row in rows if row["planner"] == "contenders" and row.get("tie")]
    lines += ["", f"Ties said by contenders: {len(ties)}, of these wrong {of(ties, 'wrong_tie', 0).mean():.0%}."]
    write("decision", "Deciding at the size that counts: replayed studies", lines)


if __name__ == "__main__":
    main()
