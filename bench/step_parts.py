"""What each shortcut of a training step brings, and where the time of a step goes.

    python bench/step_parts.py DATA [--rounds 4]

Every shortcut is switched off alone, in interleaved rounds, each in a process of its own; then one profile of texts and
one of images. Nothing else may run meanwhile. Writes ``results/step_parts.md``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import step
from record import write

CASES = {
    "tweets": ("rows_in_use", "fast_dropout", "plain_attention", "memory"),
    "images64": ("memory",),
    "images128": ("memory",),
}
ROWS = 12  # of a profile


def main() -> None:
    """Run rounds, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        case, off = given.one
        print(json.dumps(profiled(given.data, case) if off == "profile" else alone(given.data, case, off)))
        return
    lines = ["| examples | switched off | examples/s | with all / without it |", "|---|---|---|---|"]
    for case, switches in CASES.items():
        found: dict[str, list[float]] = {off: [] for off in ("nothing", *switches)}
        for number in range(given.rounds):
            for off in list(found)[:: 1 if number % 2 else -1]:
                found[off].append(process(given.data, case, off))
        for off, speeds in found.items():
            ratio = statistics.median(a / b for a, b in zip(found["nothing"], speeds, strict=True))
            lines.append(f"| {case} | {off} | {statistics.median(speeds):.1f} | {ratio:.2f} |")
            print(lines[-1], flush=True)
    for case in ("tweets", "images64"):
        lines += ["", f"Operations of {case}, share of the time of all operations:", ""]
        lines += [f"- {name}: {share:.0%}" for name, share in process(given.data, case, "profile")]
    write("step_parts", "What the shortcuts of a training step bring", lines)


def process(data: Path, case: str, off: str):
    """One measurement in a process of its own."""
    words = [sys.executable, "-W", "ignore", __file__, str(data), "--one", case, off]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def alone(data: Path, case: str, off: str) -> float:
    """Examples per second with one shortcut switched off, or none."""
    return step.ours(data, case, **({} if off == "nothing" else {off: False}))


def profiled(data: Path, case: str) -> list[tuple[str, float]]:
    """The operations that take most, with their shares."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as seen:
        step.ours(data, case)
    rows = sorted(seen.key_averages(), key=lambda row: -row.self_cpu_time_total)
    total = sum(row.self_cpu_time_total for row in rows)
    return [(row.key, row.self_cpu_time_total / total) for row in rows[:ROWS]]


if __name__ == "__main__":
    main()
