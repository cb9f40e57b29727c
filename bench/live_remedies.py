"""Studies that end open and say what would decide them: the remedy is followed, and the verdict looked at again.

    python bench/live_remedies.py DATA WORK [--wanted 3]

Real studies with short budgets, one after the other, until so many were told a budget that decides. Each of these is
given that budget in the same folder, as the screen says. A study that was run before is read from WORK. Writes
``results/live_remedies.md``.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from record import write

import headstart as hs

TRIED = (  # sets, and seconds that leave them open as a rule; first those that were told a short budget before
    ("sst2", 90),
    ("tweeteval_emotion", 60),
    ("tweeteval_emotion", 90),
    ("ag_news", 60),
    ("sst2", 120),
    ("sst2", 60),
    ("cifar10", 60),
    ("leaf_disease", 40),
    ("chars74k_fnt", 60),
    ("chest_xray3", 45),
    ("chars74k_fnt", 100),
)
BUDGET = re.compile(r"--budget (\w+)")
LONGEST = 450  # seconds in all that a remedy may ask for here


def main() -> None:
    """Run until enough were followed, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--wanted", type=int, default=3)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, seconds in TRIED:
        rows.append(followed(given.data / name, given.work.absolute() / f"{name}-{seconds}", seconds))
        print(rows[-1], flush=True)
        if sum("after" in row for row in rows) == given.wanted:
            break
    told = [row for row in rows if "after" in row]
    decided = sum(row["after"] not in ("undetermined",) for row in told)
    lines = [
        "| data | budget | verdict | P(side) | what would decide | then | P(side) |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {row['set']} | {row['seconds']} s | {row['verdict']} | {row['p_side']} | {row['remedy'] or '-'} | "
            f"{row.get('after', '-')} | {row.get('p_after', '-')} |"
            for row in rows
        ),
        "",
        f"{decided} of {len(told)} that were followed were decided.",
    ]
    write("live_remedies", "Remedies that were followed in real studies", lines)


def followed(source: Path, place: Path, seconds: int) -> dict:
    """One study, and the same with the budget that it was told."""
    file = place.with_suffix(".json")
    if file.exists():
        row = json.loads(file.read_text())
    else:
        shutil.rmtree(place, ignore_errors=True)
        known = studied(source, place, f"{seconds}s")
        row = {"set": source.name, "seconds": seconds, "verdict": known.paradigm, "p_side": shown(known)}
        row["remedy"] = known.remedy or ""
    asked = BUDGET.search(row["remedy"])
    if row["verdict"] == "undetermined" and asked and in_seconds(asked[1]) <= LONGEST and "after" not in row:
        known = studied(source, place, asked[1])
        row |= {"after": known.paradigm, "p_after": shown(known)}
    file.write_text(json.dumps(row))
    return row


def studied(source: Path, out: Path, budget: str) -> hs.Recommendation:
    """The answer of a study that is begun or goes on."""
    command = [str(Path(sys.executable).parent / "headstart"), "study", str(source), "--budget", budget]
    done = subprocess.run([*command, "--out", str(out)], capture_output=True, text=True, cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return hs.Study.open(out).recommendation


def in_seconds(budget: str) -> float:
    """Seconds of a budget as it is printed."""
    number, unit = re.fullmatch(r"([\d.]+)([smh])", budget).groups()
    return float(number) * {"s": 1, "m": 60, "h": 3600}[unit]


def shown(known: hs.Recommendation) -> str:
    """P(side) as text."""
    return "-" if known.p_side is None else f"{known.p_side:.2f}"


if __name__ == "__main__":
    main()
