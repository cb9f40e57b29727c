"""What the steps that a run was ended without would have gained: errors by the share of a schedule that was run.

    python bench/steps_left_out.py DATA WORK [--labels 400] [--repeats 2] [--report]

Runs that are ended early are cooled down to a rate of zero, as in a study whose time is over. The exponent b of
e(share) = e(1) share^-b is what the verdict allows for (``headstart.studies.evidence``). Every finished trial is kept
in WORK. Writes ``results/steps_left_out.md``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from record import write
from schedule import SETS, file_of, prepared

from headstart.core import limit_spinning
from headstart.studies import SpecMaker
from headstart.training import execute

SHARES = (0.2, 0.35, 0.5, 0.75, 1.0)
LEAST_ERROR = 0.005


def main() -> None:
    """Measure what is missing, and write."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--labels", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--report", action="store_true", help="write what is kept, and measure nothing")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for name, options in () if given.report else SETS:
        for candidate, strategy in options:
            measured(given, name, candidate, strategy)
    report(given)


def measured(given, name: str, candidate: str, strategy: str) -> None:
    """All shares and repeats of one option, those that are kept left out."""
    asked = [(share, repeat) for repeat in range(given.repeats) for share in SHARES]
    missing = [one for one in asked if not file_of(given.work, name, strategy, *one).exists()]
    if not missing:
        return
    with prepared(given.data / name, candidate, strategy, given.labels) as (bench, worker, arm, recipe):
        for share, repeat in missing:
            spec = SpecMaker.of(bench).spec(arm, recipe, given.labels, repeat=repeat)
            if share < 1:
                spec = spec.model_copy(update={"stopped_at": max(1, round(share * recipe.steps))})
            found = execute(spec, worker, None, 1e4).measurement
            row = {"value": found.value, "steps": found.steps, "error": found.error}
            file_of(given.work, name, strategy, share, repeat).write_text(json.dumps(row))
            print(name, strategy, share, repeat, row, flush=True)


def exponent(errors: np.ndarray) -> np.ndarray:
    """The exponent of each share below one (S - 1,), from mean errors by share (S,)."""
    logs = np.log(np.maximum(errors, LEAST_ERROR))
    return np.asarray((logs[:-1] - logs[-1]) / np.log(1 / np.asarray(SHARES[:-1])))


def report(given) -> None:
    """Write a row for each option that has every share."""
    head = ["data", "option", "runs", *(f"{share:.0%}" for share in SHARES), "exponents"]
    lines = [f"{given.labels} labels; error in % by the share of the steps that was run.", ""]
    lines += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    found = []
    for name, options in SETS:
        for candidate, strategy in options:
            files = [[file_of(given.work, name, strategy, s, k) for s in SHARES] for k in range(given.repeats)]
            whole = [row for row in files if all(file.exists() for file in row)]
            if not whole:
                continue
            errors = np.asarray([[1 - json.loads(file.read_text())["value"] for file in row] for row in whole])
            own = exponent(errors.mean(0))
            found.append(own)
            cells = [f"{100 * e:.1f}" for e in errors.mean(0)]
            shown = ", ".join(f"{b:.2f}" for b in own)
            lines.append(f"| {name} | {strategy} of {candidate} | {len(whole)} | {' | '.join(cells)} | {shown} |")
    every = np.asarray(found)
    lines += ["", f"Exponents of {every.size} shares of {len(every)} options: "]
    middle, most = np.quantile(every, [0.5, 0.9])
    scale = float(np.sqrt(np.mean(np.maximum(every, 0) ** 2)))
    lines[-1] += f"median {middle:.2f}, nine in ten below {most:.2f}; as the scale of half a normal: {scale:.2f}."
    write("steps_left_out", "What the steps that a run was ended without would have gained", lines)


if __name__ == "__main__":
    main()
