"""What each shortcut of a training step brings, and where the time of a step goes.

    python bench/step_parts.py DATA [--rounds 4]

Every shortcut is switched off alone, in interleaved rounds, each in a process of its own; then one profile of texts and
one of images, and what ``torch.compile`` takes and brings. Nothing else may run meanwhile. Writes
``results/step_parts.md``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from contextlib import nullcontext
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
        special = {"profile": profiled, "compile": compiled}
        print(json.dumps(special[off](given.data, case) if off in special else alone(given.data, case, off)))
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
    first, ratio = process(given.data, "tweets", "compile")
    lines += ["", f"torch.compile for changing lengths: the first step takes {first:.0f} s, later ones"]
    lines[-1] += f" {ratio:.2f} x as long as without it (with fast dropout)."
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


def compiled(data: Path, case: str) -> tuple[float, float]:
    """Seconds of the first compiled step, and later steps over those that are not compiled but have fast dropout."""
    import numpy as np
    import torch
    import torch.nn.functional as F

    from headstart.models import build, encode_items, resolve
    from headstart.training.dropout import FastDropout

    chosen, labels = step.texts(data, case)
    candidate = resolve("builtin:text", "text-classification")
    inputs, order = encode_items(candidate, chosen), np.argsort([len(text) for text in chosen], kind="stable")
    module = build(candidate, tuple("abcd"), weights="pretrained", seed=0).module.train()
    module.set_attn_implementation("eager")
    optimizer = torch.optim.AdamW(module.parameters(), lr=step.RATE, fused=True)
    fast = torch.compile(module, dynamic=True)

    def one(number: int, network: torch.nn.Module, context) -> float:
        rows = order[16 * number : 16 * number + 16]
        start = time.perf_counter()
        with context, torch.autocast("cpu", torch.bfloat16):
            logits = network(**inputs.batch(rows)).logits
        F.cross_entropy(logits.float(), torch.from_numpy(labels[rows])).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - start

    first = one(40, fast, nullcontext())
    for number in (10, 60, 80):
        one(number, fast, nullcontext())
    ratios = [
        one(number, fast, nullcontext()) / one(number, module, FastDropout(0, number)) for number in range(10, 90, 4)
    ]
    return first, statistics.median(ratios)


if __name__ == "__main__":
    main()
