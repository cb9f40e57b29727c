"""Studies on a machine that other work uses too: does each measure both sides, use its time and hand over a model?

    python bench/busy.py DATA WORK [--budget 120]

Two processes that never rest run beside every study. Every finished study is kept in WORK. Writes ``results/busy.md``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from record import write

import headstart as hs

SETS = ("leaf_disease", "tweeteval_emotion", "chest_xray3", "sst2", "cifar10", "sms_spam")
BUSY = 2
SPENT = 0.9  # of the budget, unless the study was decided


def main() -> None:
    """Run what is missing, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--budget", type=int, default=120)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows = [kept(given.data / name, given.work.absolute(), given.budget) for name in SETS]
    lines = [
        f"{BUSY} busy processes beside each study of {given.budget} s.",
        "",
        "| data | sides measured | time used | verdict | handed over | trained on | all promises kept |",
        "|" + " --- |" * 7,
    ]
    lines += [
        f"| {r['set']} | {', '.join(r['sides'])} | {r['spent']:.0%} | {r['verdict']} | {r['chosen']} | "
        f"{r['trained_on']:,} of {r['labels']:,} | {'yes' if r['kept'] else 'no'} |"
        for r in rows
    ]
    lines += ["", f"{sum(r['kept'] for r in rows)} of {len(rows)} keep all promises."]
    write("busy", "Studies beside other work", lines)


def kept(source: Path, work: Path, budget: int) -> dict:
    """One study, from its file if it was run before."""
    file, out = work / f"{source.name}.json", work / source.name
    if not file.exists():
        shutil.rmtree(out, ignore_errors=True)
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY)]
        try:
            start = time.perf_counter()
            command = [str(Path(sys.executable).parent / "headstart"), "study", str(source)]
            done = subprocess.run(
                [*command, "--budget", f"{budget}s", "--out", str(out)], capture_output=True, text=True, cwd=work
            )
            seconds = time.perf_counter() - start
        finally:
            for other in others:
                other.kill()
                other.wait()
        (work / f"{source.name}.txt").write_text(done.stdout + done.stderr)
        assert done.returncode == 0, done.stderr
        row = {"set": source.name, "seconds": seconds} | judged(out, budget)
        print(row, flush=True)
        file.write_text(json.dumps(row))
    return json.loads(file.read_text())


def judged(out: Path, budget: int) -> dict:
    """What the study's folder shows."""
    study = hs.Study.open(out)
    known = study.recommendation
    sides = sorted({arm.paradigm for arm in known.arms if arm.curve})
    decided = known.paradigm != "undetermined"
    spent = known.costs.spent_seconds / budget
    model = (out / "model").is_dir()
    return {
        "sides": sides,
        "spent": spent,
        "verdict": known.paradigm,
        "chosen": f"{known.strategy} of {known.candidate}",
        "trained_on": known.trained_on or 0,
        "labels": known.labels or 0,
        "kept": {"transfer", "scratch"} <= set(sides) and (decided or spent >= SPENT) and model,
    }


if __name__ == "__main__":
    main()
