"""The demo, several times: the same verdict, sentences that agree with the table, a model that learnt from everything.

    python bench/demo.py [--times 3] [--budget 120]

Each run is a process of its own in a fresh folder, as a newcomer's. Writes ``results/demo.md``.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import write

import headstart as hs


def main() -> None:
    """Run, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--budget", type=int, default=120)
    given = parser.parse_args()
    rows = [once(given.budget) for _ in range(given.times)]
    kinds = {row["verdict"] for row in rows}
    lines = [
        f"{given.times} runs of {given.budget} s. The chosen option stands first in the table, and no option that was",
        "measured at the size of its figure or above stands better there.",
        "",
        "| study, s | whole command, s | verdict | P(side) | model | learnt from | test % | table agrees |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
        *(
            f"| {row['spent']:.0f} | {row['took']:.0f} | {row['verdict']} | {row['p_side']} | {row['model']} | "
            f"{row['learnt']} | {row['figure']:.1f} | {'yes' if row['agrees'] else 'no'} |"
            for row in rows
        ),
        "",
        f"{'The same verdict' if len(kinds) == 1 else 'Different verdicts'} each time; "
        + "; ".join(sorted({row["sentence"] for row in rows})),
    ]
    write("demo", "The demo", lines)


def once(budget: int) -> dict:
    """One run, and what its folder and its screen show."""
    with tempfile.TemporaryDirectory() as place:
        command = [str(Path(sys.executable).parent / "headstart"), "demo", "--budget", f"{budget}s", "--out", "study"]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, cwd=place)
        took = time.perf_counter() - start
        assert done.returncode == 0, done.stderr
        known = hs.Study.open(Path(place) / "study").recommendation
        table = [line for line in done.stdout.splitlines() if re.search(r" [\d,]+ +[\d.]+ s ", line)]
        chosen = next(arm for arm in known.arms if (arm.strategy, arm.candidate) == (known.strategy, known.candidate))
        own = chosen.curve[-1]
        better = [
            arm
            for arm in known.arms
            if arm is not chosen and arm.curve and arm.curve[-1].n >= own.n and arm.curve[-1].value > own.value
        ]
        return {
            "spent": known.costs.spent_seconds,
            "took": took,
            "verdict": known.paradigm,
            "p_side": "-" if known.p_side is None else f"{known.p_side:.2f}",
            "model": f"{known.strategy} of {known.candidate}",
            "learnt": f"{known.trained_on or 0:,} of {known.labels or 0:,}",
            "figure": 100 * own.value,
            "agrees": bool(table) and "chosen" in table[0] and not better,
            "sentence": re.sub(r"[\d.]+ points.*", "...", known.sentence),
        }


if __name__ == "__main__":
    main()
