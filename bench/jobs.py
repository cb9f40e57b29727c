"""Throughput of ``--jobs 2`` against one trial at a time with all cores, on the same trials.

    python bench/jobs.py DATA_FOLDER WORK_FOLDER [--pairs 3]

Pairs of runs, one after the other: the same list of trials inline with two threads, then in two processes with one
thread each. Worker processes are started and their caches filled before the clock: a study pays that once. The ratio
is the wall time inline over that of two jobs; above 1, two jobs finish more.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from record import write

from headstart.core import Arm, TrialSpec, limit_spinning, probe_hardware
from headstart.data import load, make_splits
from headstart.models import resolve
from headstart.strategies import Regime, get_strategy
from headstart.studies import SpecMaker
from headstart.studies.executors import Executor, InlineExecutor, ProcessExecutor
from headstart.training import Bench, Worker

SETS = {
    "texts": ("sst2", "builtin:text", 64),
    "images": ("cifar10", "builtin:image", 64),
    "images, compact network": ("cifar10", "builtin:compact-image", 64),
}
TRIALS, STEPS, N = 4, 10, 256


def main() -> None:
    """Run the pairs and write the ratios."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    lines = [
        f"Trials of {STEPS} steps on {N} labels, {TRIALS} in each run; seconds are medians.",
        "",
        "| study | inline, 2 threads | two jobs, 1 thread each | inline / jobs | range |",
        "|---|---|---|---|---|",
    ]
    for name, (source, candidate, tested) in SETS.items():
        pairs = compare(arguments.data / source, candidate, tested, arguments.work / source, arguments.pairs)
        ratios = sorted(one / two for one, two in pairs)
        inline, jobs = (median(pair[side] for pair in pairs) for side in (0, 1))
        lines.append(
            f"| {name} | {inline:.1f} s | {jobs:.1f} s | {median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )
        print(lines[-1], flush=True)
    write("jobs", "Two jobs against one with two threads", lines)


def compare(source: Path, candidate: str, tested: int, work: Path, pairs: int) -> list[tuple[float, float]]:
    """Seconds of both, pair by pair."""
    data = load(source)
    (split, *_) = make_splits(data, 0)
    known = resolve(candidate, data.task, native_size=data.content.native_size or 32)
    bench = Bench.of(
        data,
        (replace(split, test=split.test[:tested]),),
        {candidate: known},
        metric="accuracy",
        seed=0,
        dtype=probe_hardware().dtype,
        threads=2,
        folder=work.absolute(),
    )
    single = replace(bench, threads=1)
    inline = InlineExecutor(Worker(bench))
    jobs = ProcessExecutor(single, 2)
    try:
        run(inline, specs(bench, candidate, known, 2, 99))
        run(jobs, specs(single, candidate, known, 2, 99))
        found = []
        for _ in range(pairs):
            found.append(
                (
                    run(inline, specs(bench, candidate, known, TRIALS, 0)),
                    run(jobs, specs(single, candidate, known, TRIALS, 0)),
                )
            )
        return found
    finally:
        jobs.close()


def specs(bench: Bench, candidate: str, known, count: int, first: int) -> list[TrialSpec]:  # noqa: ANN001
    """Trials of the usual strategy for the candidate."""
    name = "full_finetune" if known.has_weights else "from_scratch"
    strategy = get_strategy(name)
    recipe = strategy.recipes(Regime(known.modality, known.family, N, 2))[0].model_copy(update={"steps": STEPS})
    arm = Arm(candidate=candidate, strategy=name, paradigm=strategy.paradigm)
    maker = SpecMaker.of(bench)
    return [maker.spec(arm, recipe, N, repeat=first + repeat) for repeat in range(count)]


def run(executor: Executor, wanted: list[TrialSpec]) -> float:
    """Seconds until all trials have ended."""
    start, running, waiting = time.perf_counter(), set(), list(wanted)
    while waiting or running:
        while waiting and len(running) < executor.slots:
            running.add(executor.submit(waiting.pop(0), 600.0))
        for done in executor.wait(running, 600.0):
            assert done.result().measurement.succeeded, done.result().measurement.error
            running.remove(done)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
