"""Does an open study decide once its remedy is followed?

    python bench/remedies.py DATA [--open 40] [--workers 2] [--minutes 60] [--work FILE]

Studies are replayed on tables whose truth is known (see ``decision_tables.py``) until so many ended open with a remedy
that can be followed: a larger budget, or more test examples. The remedy is followed once, and the study looked at
again with the smaller share of the error that a second look has. Of LCDB those tables are replayed that no exponent was
fitted on. What was replayed is kept in FILE. Writes ``results/remedies.md``.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from decision_tables import TrueTable, foreign, in_replays, lcdb, oracle
from record import write

from headstart.advice.decide import decide
from headstart.advice.remedy import remedy_for
from headstart.studies.planners import ContendersPlanner
from headstart.testing import replay
from headstart.testing.replay import MemoryStore

SHARES = (0.02, 0.03, 0.05)
SIDES = ("transfer", "scratch")


def followed(table: TrueTable, share: float) -> dict | None:
    """One open study and what became of it; None where it was decided."""
    warnings.simplefilter("ignore")
    budget, store = share * table.exhaustive, MemoryStore()
    played = replay(table, ContendersPlanner(), budget, earlier=store, margin=None)
    verdict = decide(played.state.evidence, 0, table.pool)
    if verdict is None or verdict.kind != "undetermined":
        return None
    words = remedy_for(played.state, verdict) or ""
    row = {"set": table.name, "share": share, "words": words}
    if "nobody can say" in words:  # a price, and no promise
        return row | {"kind": "none"}
    time, more = re.search(r"--budget (\d+)([sm])", words), re.search(r"about ([\d,]+) more test", words)
    if time:
        budget = int(time[1]) * (60 if time[2] == "m" else 1)
        again = replay(table, ContendersPlanner(), budget, earlier=store, margin=None)
        looks = 1
    elif more:
        larger = replace(table, tested=table.tested + int(more[1].replace(",", "")))
        again = replay(larger, ContendersPlanner(), budget, margin=None)
        looks = 0
    else:
        return row | {"kind": "none"}
    after = decide(again.state.evidence, looks, table.pool)
    row |= {"kind": "time" if time else "labels", "after": "open" if after is None else after.kind}
    if after is not None and after.kind in SIDES:
        there = {
            side: max(
                (table.truth(a.key, after.n) for a in again.state.evidence.measured_at(after.n) if a.paradigm == side),
                default=0.0,
            )
            for side in SIDES
        }
        row["right"] = bool(there[after.kind] >= max(there.values()))
    return row


def _by_tables(kept: list[dict]) -> list[str]:
    """How often remedies came true on each kind of table."""
    lines = []
    for kind in ("oracle", "foreign", "lcdb"):
        here = [row["after"] not in ("open", "undetermined") for row in kept if row["set"].startswith(kind)]
        if here:
            lines.append(f"- {kind}: {sum(here)} of {len(here)}")
    return lines


def main() -> None:
    """Replay until there are enough, and write."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--open", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=60.0, help="write what there is after so long")
    parser.add_argument("--work", type=Path, help="keep replayed studies here, and leave out those that are kept")
    given = parser.parse_args()
    until = time.monotonic() + 60 * given.minutes
    found = [table for table in lcdb(given.data, 4096, 0) if in_replays(int(table.name.split()[1]))]
    tables = [t for seed in range(10, 22) for t in oracle(seed)] + foreign(120, 5)
    tables += [found[i] for i in np.random.default_rng(7).permutation(len(found))]
    order = np.random.default_rng(2).permutation(len(tables))
    kept = given.work.read_text(encoding="utf-8").splitlines() if given.work and given.work.exists() else []
    cases = list(product(order, SHARES))
    rows, played = [row for row in map(json.loads, kept) if row is not None], len(kept)
    with ProcessPoolExecutor(given.workers) as pool:
        for job in [pool.submit(followed, tables[place], share) for place, share in cases[played:]]:
            if sum(row["kind"] != "none" for row in rows) >= given.open or time.monotonic() > until:
                break
            played += 1
            row = job.result()
            if row is not None:
                rows.append(row)
                print(row, flush=True)
            if given.work:
                with given.work.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
        pool.shutdown(cancel_futures=True)
    lines = ["| remedy | open studies | decided after it | a side, of these wrong | tie |", "|---|---|---|---|---|"]
    for kind in ("time", "labels"):
        here = [row for row in rows if row["kind"] == kind]
        sides = [row for row in here if row["after"] in SIDES]
        ties = sum(row["after"] == "tie" for row in here)
        decided = f"{(len(sides) + ties) / len(here):.0%}" if here else "-"
        wrong = sum(not row["right"] for row in sides)
        lines.append(f"| {kind} | {len(here)} | {decided} | {len(sides)}, {wrong} | {ties} |")
    none = sum(row["kind"] == "none" for row in rows)
    kept = [row for row in rows if row["kind"] != "none"]
    share = np.mean([row["after"] not in ("open", "undetermined") for row in kept]) if kept else np.nan
    lines += ["", f"{played} studies replayed, {len(rows)} open; {none} were told that nothing within reach decides,"]
    lines += ["or, where few labels were compared, what many would take, without a word on whether that decides."]
    lines += [f"Following the remedy decided {share:.0%} of {len(kept)}."]
    lines += ["", *_by_tables(kept)]
    write("remedies", "What becomes of an open study whose remedy is followed", lines)


if __name__ == "__main__":
    main()
