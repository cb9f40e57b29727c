"""Time and memory of ``headstart check`` as the data grows: 100,000 texts and 30,000 images at 10, 30 and 100 %.

Every measurement is a forked process of its own, with the libraries imported. Other work may run on the machine, so
growth is judged by CPU seconds (user + system).

    python bench/reading_scale.py [--texts 100000] [--images 30000]
"""

from __future__ import annotations

import argparse
import math
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import record

SHARES = (0.1, 0.3, 1.0)
FEW = 300  # examples of the run that imports everything
REPEATS = 3
PROMISED = 1.1


@dataclass(frozen=True)
class Run:
    """One process."""

    count: int
    cpu: float
    wall: float
    megabytes: float


def write_texts(path: Path, count: int, classes: int) -> None:
    """A CSV file with texts of 20 words."""
    rng = random.Random(0)
    words = [f"{a}{b}{c}" for a in "bdfgklmn" for b in "aeiou" for c in ("r", "st", "nd", "lp")]
    with path.open("w") as stream:
        stream.write("text,label\n")
        for i in range(count):
            stream.write(f"{' '.join(rng.choices(words, k=20))},c{i % classes:04d}\n")


def write_images(root: Path, count: int, classes: int = 10, side: int = 64) -> None:
    """Class folders of JPEG files that look like nothing else: smooth blobs, every fiftieth one a near copy."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    last = None
    for i in range(count):
        folder = root / f"class{i % classes}"
        folder.mkdir(parents=True, exist_ok=True)
        if last is None or i % 50:
            last = Image.fromarray(rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((side, side), 3)
        last.save(folder / f"{i:06d}.jpg", quality=85 if i % 50 else 70)


def warm_up(folder: Path) -> None:
    """Import whatever a check needs, here, so that the children do not."""
    from headstart.data import check, load

    write_texts(folder / "warm.csv", FEW, 10)
    check(load(folder / "warm.csv", cache_dir=folder / "warm-cache"))
    write_images(folder / "warm", FEW)
    check(load(folder / "warm", cache_dir=folder / "warm-cache"))


def measure(source: Path, count: int, cache: Path) -> Run:
    """Check a source in a forked child, with an empty cache."""
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        from headstart.data import check, load

        check(load(source, cache_dir=cache))
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"check of {source.name} failed: {status}")
    wall = time.perf_counter() - started
    return Run(count, used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def series(name: str, total: int, folder: Path, write: Callable[[Path, int], Path | None]) -> tuple[list[str], float]:
    """Measure all sizes of one kind of data; rows of the table and the exponent of growth."""
    runs = []
    for share in SHARES:
        count = round(share * total)
        source = folder / f"{name}-{count}"
        made = write(source, count) or source
        tries = [measure(made, count, folder / f"cache-{name}-{count}-{i}") for i in range(REPEATS)]
        runs.append(min(tries, key=lambda run: run.cpu))
        print(name, runs[-1], flush=True)
    first, last = runs[0], runs[-1]
    exponent = math.log(last.cpu / first.cpu) / math.log(last.count / first.count)
    upper = math.log(last.cpu / runs[1].cpu) / math.log(last.count / runs[1].count)
    rows = [
        f"| {name.replace('_', ' ')} | {run.count:,} | {run.cpu:.2f} | {run.wall:.2f} | {run.megabytes:,.0f} | "
        f"{f'{exponent:.2f} (from 30 %: {upper:.2f})' if run is last else ''} |"
        for run in runs
    ]
    return rows, max(exponent, upper)


def main() -> None:
    """Measure, and write ``results/reading_scale.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=30_000)
    options = parser.parse_args()

    def texts(classes: int) -> Callable[[Path, int], Path]:
        def write(source: Path, count: int) -> Path:
            path = source.with_suffix(".csv")
            write_texts(path, count, min(classes, count // 20))
            return path

        return write

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        warm_up(folder)
        table, exponents = [], []
        for name, total, write in (
            ("texts", options.texts, texts(10)),
            ("texts_of_1,000_classes", options.texts, texts(1_000)),
            ("images", options.images, write_images),
        ):
            rows, exponent = series(name, total, folder, write)
            table += rows
            exponents.append(exponent)
    lines = [
        "Texts of 20 words in one CSV file; JPEG files of 64 x 64 pixels in class folders, one in fifty a near copy. "
        f"Each figure is the least CPU time of {REPEATS} processes, with the libraries imported beforehand and an "
        "empty cache. CPU seconds are user + system, because the machine does other work too. Memory is all of the "
        "process, about 140 MB of it libraries.",
        "",
        "| data | examples | CPU s | wall s | peak MB | growth exponent |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *table,
        "",
        f"Largest exponent: **{max(exponents):.2f}** (promised: at most {PROMISED}).",
    ]
    record.write("reading_scale", "Time and memory of `check` as data grows", lines)


if __name__ == "__main__":
    main()
