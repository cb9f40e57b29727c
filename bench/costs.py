"""Predicted seconds of a trial, after the first one of its arm, against what it took in recorded comparisons.

``python bench/costs.py`` replays ``results/full_*.csv`` through the price model's rule: seconds a step, learnt from the
trials before. It writes ``results/costs.md`` and trains nothing.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from statistics import median

from headstart.studies.prices.model import NEWEST

HERE = Path(__file__).parent / "results"
STUDIES = ("cifar10", "chars74k_fnt", "leaf_disease", "sst2")


def errors(path: Path) -> list[float]:
    """Relative errors of predicted seconds, for trials of an arm that was seen before."""
    rates: dict[str, float] = {}
    found = []
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            steps, seconds = int(row["steps"]), float(row["seconds"])
            if not steps or not seconds or row["error"]:
                continue
            rate = seconds / steps
            known = rates.get(row["arm"])
            if known is not None:
                found.append(abs(known * steps - seconds) / seconds)
                rate = math.exp(NEWEST * math.log(rate) + (1 - NEWEST) * math.log(known))
            rates[row["arm"]] = rate
    return found


def main() -> None:
    """Write the table."""
    lines = [
        "# Predicted and measured seconds",
        "",
        "Trials trained by gradient steps, predicted from earlier trials of the same arm by the price model's rule,",
        "over recorded comparisons. They hold wall-clock time of machines that other work shared,",
        "and no processor time.",
        "",
        "| data | trials | median error | largest |",
        "| --- | ---: | ---: | ---: |",
    ]
    all_errors: list[float] = []
    for name in STUDIES:
        found = errors(HERE / f"full_{name}.csv")
        all_errors += found
        lines.append(f"| {name} | {len(found)} | {median(found):.0%} | {max(found):.0%} |")
    lines += [f"| all | {len(all_errors)} | {median(all_errors):.0%} | {max(all_errors):.0%} |", ""]
    (HERE / "costs.md").write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
