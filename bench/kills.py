"""Kill running studies at random moments, and count what that cost: finished trials lost, and finished trials repeated.

    python bench/kills.py WORK_FOLDER [--kills 50] [--seed 0]

One study of generated texts for each number of jobs; each is killed with SIGKILL, started again by the same command,
and so on. Every other kill falls somewhere between the start of a driver and its first trials; those between wait until
the driver has stored a trial. Drivers are forked from a process that has the libraries loaded, so that most kills fall
into the study and not into imports; the processes of ``--jobs 2`` are spawned as always.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

import psutil
from record import write

SOON, PATIENCE = 3.0, 90.0  # seconds after a trial of its own until the kill, at most; to wait for such a trial
LONGEST = {1: 8.0, 2: 14.0}  # seconds until a kill, at most; worker processes take some to start
STRATEGIES = ("from_scratch", "linear_probe", "knn")
WORDS = "the a film plot actor scene was is very quite one two three four five six".split()


def main() -> None:
    """Run both studies and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    arguments.work.mkdir(parents=True, exist_ok=True)
    data = make_texts(arguments.work / "texts.csv")
    import headstart.api.running  # noqa: F401 - loaded once, before the forks

    lines = [
        "| jobs | kills | before a trial of that run | trials stored at the end | finished trials lost | repeated |",
        "|---|---|---|---|---|---|",
    ]
    for jobs in (1, 2):
        lines.append(run(data, arguments.work / f"jobs-{jobs}", jobs, arguments.kills, random.Random(arguments.seed)))
        print(lines[-1], flush=True)
    lines += [
        "",
        "A trial counts as lost if its row was there before a kill and is not there after a later one, and as",
    ]
    lines += ["repeated if its row changed: each row holds when the trial ended on the study's clock."]
    write("kills", "Studies that are killed", lines)


def run(data: Path, folder: Path, jobs: int, kills: int, rng: random.Random) -> str:
    """Kill one study again and again; where it ends before that, another one goes on."""
    known: dict[str, tuple] = {}
    lost = repeated = early = total = studies = 0
    number = 0
    while number < kills:
        place = folder / str(studies)
        before = len(known)
        child = fork(data, place, jobs)
        if number % 2:
            wait_for_more(place, before, child)
            time.sleep(rng.uniform(0.0, SOON))
        else:
            time.sleep(rng.uniform(0.3, LONGEST[jobs]))
        alive = kill(child)
        rows = stored(place)
        lost += len(known.keys() - rows.keys())
        repeated += sum(known[key] != rows[key] for key in known.keys() & rows.keys())
        known = rows
        if alive:
            number += 1
            early += len(rows) == before
        else:  # it had nothing more to do: the next kill is one of a new study
            total, known, studies = total + len(rows), {}, studies + 1
    return f"| {jobs} | {kills} | {early} | {total + len(known)} | {lost} | {repeated} |"


def wait_for_more(folder: Path, before: int, child: int) -> None:
    """Wait until a run has stored a trial of its own, or has ended."""
    until = time.monotonic() + PATIENCE
    while len(stored(folder)) <= before and time.monotonic() < until and psutil.pid_exists(child):
        if psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.1)


def fork(data: Path, folder: Path, jobs: int) -> int:
    """Start the study's command in a child process."""
    child = os.fork()
    if child:
        return child
    os.setsid()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    words = ["study", str(data), "--out", str(folder), "--budget", "30m", "--jobs", str(jobs), "--quiet"]
    sys.argv = ["headstart", *words, *(word for name in STRATEGIES for word in ("--strategy", name))]
    from headstart.cli import main as command

    try:
        command()
    finally:
        os._exit(0)


def kill(child: int) -> bool:
    """End a driver at once, then the worker processes that it leaves behind; says whether it was still running."""
    alive = psutil.Process(child).status() != psutil.STATUS_ZOMBIE
    try:
        workers = psutil.Process(child).children(recursive=True)
    except psutil.NoSuchProcess:
        workers = []
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for worker in workers:
        try:
            worker.kill()
        except psutil.NoSuchProcess:
            continue
    return alive


def stored(folder: Path) -> dict[str, tuple]:
    """Rows of the store by their key."""
    file = folder / "study.sqlite"
    if not file.exists():
        return {}
    connection = sqlite3.connect(file)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT key, measurement, started, ended FROM trials").fetchall()
    except sqlite3.OperationalError:  # killed before its tables were there
        return {}
    finally:
        connection.close()
    return {key: tuple(rest) for key, *rest in rows}


def make_texts(file: Path) -> Path:
    """Two classes of 1,500 short texts."""
    rng = random.Random(0)
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for index in range(1500):
            label = ("bad", "good")[index % 2]
            hint = {"bad": "awful", "good": "great"}[label] if rng.random() < 0.8 else ""
            writer.writerow([" ".join([*rng.choices(WORDS, k=6), hint, str(index)]), label])
    return file


if __name__ == "__main__":
    main()
