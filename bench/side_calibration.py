"""What P(side at N*), intervals and definite verdicts are worth, on many tables that are each played once.

    python bench/side_calibration.py DATA [--foreign 96] [--draws 12] [--sets 40] [--share 0.1] [--workers 2]
        [--work FILE]

``decision.py`` plays few tables at five shares, so that a table that misleads counts five times. Here every study is of
another draw, none of them among those of ``decision.py``, and intervals go over tables: draws of an oracle set stay
together. Played studies are kept in the file of ``--work``. Writes ``results/side_calibration.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from decision import BINS, TIE, kept, of
from decision_tables import TrueTable, foreign, lcdb, oracle
from record import write

from headstart.studies.planners import ContendersPlanner

FIRST_DRAW = 100  # of the oracle sets; lower ones are played elsewhere
FOREIGN_SEED, LCDB_SEED = 21, 50
KINDS = ("oracle", "foreign", "lcdb")
FIGURES = {  # the column of a judged study, and what it says
    "regret": "regret at N*, points",
    "covered": "difference at n_c inside its 90 % interval",
    "covered_far": "difference at 4 n_c inside",
    "definite": "definite",
    "wrong": "definite ones that are wrong",
}


def tables(data: Path, foreign_tables: int, draws: int, sets: int) -> list[TrueTable]:
    """Tables that no other bench plays, LCDB sets once each at one of two pools."""
    found = [table for seed in range(FIRST_DRAW, FIRST_DRAW + draws) for table in oracle(seed)]
    found += foreign(foreign_tables, FOREIGN_SEED)
    pools = [lcdb(data, pool, LCDB_SEED) for pool in (4096, 16384)]
    large = {table.name.split()[1]: table for table in pools[1]}
    both = [large.get(t.name.split()[1], t) if place % 2 else t for place, t in enumerate(pools[0])]
    return found + [both[place] for place in np.random.default_rng(1).permutation(len(both))[:sets]]


def interval(rows: list[dict], column: str) -> str:
    """The mean of a column and its 90 % interval, data sets drawn again."""
    by: dict[str, list[float]] = {}
    for row in rows:
        if column in row:
            by.setdefault(row["set"], []).append(float(row[column]))
    if not by:
        return "-"
    sums = np.asarray([(sum(values), len(values)) for values in by.values()])
    picked = sums[np.random.default_rng(0).integers(0, len(sums), (4000, len(sums)))].sum(1)
    low, high = np.quantile(picked[:, 0] / picked[:, 1], [0.05, 0.95])
    mean, scale = sums[:, 0].sum() / sums[:, 1].sum(), 100 if column == "regret" else 1
    return f"{scale * mean:.2f} [{scale * low:.2f}, {scale * high:.2f}] ({int(sums[:, 1].sum())})"


def reliability(rows: list[dict]) -> list[str]:
    """A line of the table for each bin of what was said."""
    lines = []
    for low, high in BINS:
        cell = [row for row in rows if low <= row["said"] < high]
        if cell:
            apart = [row for row in cell if row["apart"]]
            outside = interval(apart, "happened") if apart else "-"
            lines.append(f"| {of(cell, 'said').mean():.2f} | {interval(cell, 'happened')} | {outside} |")
    return lines


def main() -> None:
    """Play, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--foreign", type=int, default=96)
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--sets", type=int, default=40)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    played = tables(given.data, given.foreign, given.draws, given.sets)
    rows = kept([(table, ContendersPlanner, given.share) for table in played], given.work, given.workers)
    measured = [row for row in rows if row["measured"]]
    lines = [
        f"{len(rows)} studies at {given.share:.0%} of the exhaustive cost, each of a table of its own: "
        f"{given.draws} draws of the oracle sets, {given.foreign} of foreign shapes, the rest LCDB 1.1. Mean, 90 % "
        "interval over data sets, number of studies.",
        "",
        "| figure | all | " + " | ".join(KINDS) + " |",
        "|" + " --- |" * (2 + len(KINDS)),
    ]
    for column, words in FIGURES.items():
        cells = [interval([r for r in measured if r["kind"] == kind], column) for kind in KINDS]
        lines.append(f"| {words} | {interval(measured, column)} | " + " | ".join(cells) + " |")
    said = [row for row in measured if "said" in row]
    for name, here in (("all", said), *((kind, [r for r in said if r["kind"] == kind]) for kind in KINDS)):
        head = f"| said: {name} | happened | where the sides are more than {100 * TIE:.0f} point apart |"
        lines += ["", head, "| --- | --- | --- |", *reliability(here)]
    write("side_calibration", "What a probability of the better side is worth", lines)


if __name__ == "__main__":
    main()
