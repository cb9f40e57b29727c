"""Mutate inputs and give them to ``headstart check``: no traceback, no fault of ours, nothing that hangs.

Each input is checked in a forked child of one process that has the libraries imported already, so that 2,000 take
minutes. A child that writes a traceback, ends with an unknown code, or takes more than 10 s is a failure; its input is
kept. Run ``python scripts/fuzz_reading.py --count 2000 --out bench/results/fuzz_reading.md``.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIMIT = 10  # seconds that one input may take
CODES = {0: "read", 1: "refused in one line", 2: "usage"}
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "cp1251", "shift_jis", "utf-7", "cp037")


@dataclass(frozen=True)
class Outcome:
    """What became of one input."""

    kind: str
    mutation: str
    code: int
    seconds: float
    message: str


def rows(rng: random.Random, count: int) -> list[dict[str, object]]:
    """Texts with a label, an id and a part."""
    words = ["größer", "small", "it's", 'a "quote"', "comma, here", "日本", "plain", "1.5", "😀"]
    return [
        {
            "id": i,
            "text": " ".join(rng.choices(words, k=6)) + f" {i}",
            "label": "ab"[i % 2],
            "split": "train" if i % 4 else "test",
        }
        for i in range(count)
    ]


def picture(rng: random.Random) -> bytes:
    """A small picture in one of the usual formats."""
    from PIL import Image

    mode, kind = rng.choice(
        [("RGB", "PNG"), ("RGB", "JPEG"), ("RGBA", "PNG"), ("L", "PNG"), ("P", "GIF"), ("RGB", "WEBP")]
    )
    image = Image.frombytes("RGB", (12, 12), rng.randbytes(432)).convert(mode)
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def delimited(rng: random.Random, folder: Path) -> Path:
    """A CSV or TSV file."""
    import csv

    path = folder / rng.choice(["a.csv", "a.tsv", "train.csv"])
    data = rows(rng, 30)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(data[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(data)
    return path


def document(rng: random.Random, folder: Path) -> Path:
    """A JSON document or JSON lines."""
    data = rows(rng, 30)
    path = folder / rng.choice(["a.json", "a.jsonl"])
    text = (
        "\n".join(map(json.dumps, data)) if path.suffix == ".jsonl" else json.dumps(rng.choice([data, {"data": data}]))
    )
    path.write_text(text)
    return path


def arrow(rng: random.Random, folder: Path) -> Path:
    """A Parquet or Feather file."""
    import pandas as pd

    path = folder / rng.choice(["a.parquet", "a.feather"])
    frame = pd.DataFrame(rows(rng, 30))
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_feather(path)
    return path


def packed(rng: random.Random, folder: Path) -> Path:
    """A compressed table."""
    inner = delimited(rng, folder)
    raw = inner.read_bytes()
    inner.unlink()
    if rng.random() < 0.5:
        path = folder / "a.csv.gz"
        path.write_bytes(gzip.compress(raw))
        return path
    path = folder / "a.csv.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", raw)
    return path


def class_folders(rng: random.Random, folder: Path) -> Path:
    """Class folders of pictures or texts, with or without parts."""
    root = folder / "set"
    texts = rng.random() < 0.3
    for part in rng.choice([[""], ["train", "test"], ["seg_train", "seg_test", "seg_pred"]]):
        for label in ("cat", "dog", "Ünï"):
            place = root / part / label
            place.mkdir(parents=True)
            for i in range(3):
                (place / f"{i}.txt").write_text(f"words {label} {i}") if texts else (place / f"{i}.png").write_bytes(
                    picture(rng)
                )
    return root


def listed_pictures(rng: random.Random, folder: Path) -> Path:
    """A table beside the pictures that it names."""
    root = folder / "set"
    (root / "images").mkdir(parents=True)
    lines = ["file,label"]
    for i in range(12):
        (root / "images" / f"{i:03d}.png").write_bytes(picture(rng))
        lines.append(f"{rng.choice(['images/', ''])}{i:03d}{rng.choice(['.png', ''])},{'ab'[i % 2]}")
    (root / "labels.csv").write_text("\n".join(lines))
    return root if rng.random() < 0.5 else root / "labels.csv"


KINDS: list[Callable[[random.Random, Path], Path]] = [
    delimited,
    document,
    arrow,
    packed,
    class_folders,
    listed_pictures,
]


def flip(rng: random.Random, raw: bytes) -> bytes:
    """Change a few bytes."""
    changed = bytearray(raw)
    for _ in range(rng.choice([1, 4, 40])):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(rng: random.Random, raw: bytes) -> bytes:
    """Keep the beginning, or the end."""
    place = rng.randrange(len(raw) + 1)
    return raw[:place] if rng.random() < 0.7 else raw[place:]


def insert(rng: random.Random, raw: bytes) -> bytes:
    """Put something odd somewhere."""
    odd = rng.choice(
        [b"\x00", b'"', b"\r", b"\xff\xfe", b"\n\n", b",,,,", b"\xed\xa0\xbd", b"{", b"]", b"\\ud83d", b"e9999"]
    )
    place = rng.randrange(len(raw) + 1)
    return raw[:place] + odd * rng.choice([1, 1, 50]) + raw[place:]


def recode(rng: random.Random, raw: bytes) -> bytes:
    """Write the text in another encoding."""
    return raw.decode("utf-8", "replace").encode(rng.choice(ENCODINGS), "replace")


def nest(rng: random.Random, raw: bytes) -> bytes:
    """Put it into brackets, many times."""
    times = rng.choice([1, 3, 1_000, 100_000])
    return rng.choice([(b"[", b"]"), (b'{"a":', b"}"), (b'"', b'"')])[0] * times + raw


def repeat(rng: random.Random, raw: bytes) -> bytes:
    """Write a stretch of it again and again."""
    start = rng.randrange(len(raw) + 1)
    return raw + raw[start : start + 200] * rng.choice([1, 30, 2_000])


MUTATIONS: list[Callable[[random.Random, bytes], bytes]] = [flip, cut, insert, recode, nest, repeat]


def mutate_tree(rng: random.Random, root: Path) -> str:
    """Change a folder: names, depth, links, kinds of files."""
    files = [path for path in root.rglob("*") if path.is_file()]
    choice = rng.choice(["rename", "deepen", "link", "empty", "foreign", "remove"])
    target = rng.choice(files)
    if choice == "rename":
        new = rng.choice(
            ["a\nb.png", "%41.png", "x" * 200 + ".png", ".png", "-x.PNG", "train", "ü\u0301.jpeg", "a.csv"]
        )
        target.rename(target.with_name(new))
    elif choice == "deepen":
        inner = root.joinpath(*["deep"] * rng.choice([1, 5, 60]))
        inner.mkdir(parents=True, exist_ok=True)
        shutil.copy(target, inner)
    elif choice == "link":
        (root / "loop").symlink_to(rng.choice([root, target, root / "nowhere", Path("/dev/zero")]))
    elif choice == "empty":
        target.write_bytes(b"")
    elif choice == "foreign":
        target.rename(target.with_suffix(rng.choice([".nef", ".zip", ".csv", ".txt", ".json", ".parquet", ".heic"])))
    else:
        shutil.rmtree(target.parent)
    return choice


def make(number: int, seed: int, folder: Path) -> tuple[Path, str, str]:
    """Build one input and mutate it; returns where it is, its kind and the mutation."""
    rng = random.Random(f"{seed}-{number}")
    kind = KINDS[number % len(KINDS)]
    source = kind(rng, folder)
    if source.is_dir() and rng.random() < 0.5:
        return source, kind.__name__, f"tree: {mutate_tree(rng, source)}"
    targets = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    mutation = rng.choice(MUTATIONS)
    for target in rng.sample(targets, min(len(targets), rng.choice([1, 1, 5]))):
        target.write_bytes(mutation(rng, target.read_bytes()))
    return source, kind.__name__, mutation.__name__


def check(source: Path, folder: Path) -> tuple[int, float, str]:
    """Run the command in a child; its code (124 where it was stopped), seconds, and what it wrote to stderr."""
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        _in_child(source, folder)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            break
        if time.perf_counter() - started > LIMIT:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            code = 124
            break
        time.sleep(0.002)
    said = (folder / "stderr").read_text(errors="replace") if (folder / "stderr").exists() else ""
    return code, time.perf_counter() - started, said


def _in_child(source: Path, folder: Path) -> None:
    code = 70
    try:
        sys.stdout = open(folder / "stdout", "w")  # noqa: SIM115 - the child ends at once
        sys.stderr = open(folder / "stderr", "w")  # noqa: SIM115
        os.environ["HEADSTART_CACHE"] = str(folder / "cache")
        sys.argv = ["headstart", "check", str(source), *(["--json"] if len(str(source)) % 2 else [])]
        from headstart.cli import main

        main()
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(count: int, seed: int, keep: Path) -> list[Outcome]:
    """Try inputs one after the other."""
    os.environ["OMP_NUM_THREADS"] = "1"  # threads of a parent do not live on in its children
    import headstart.cli  # noqa: F401 - imported once, for all children
    import headstart.report  # noqa: F401
    from headstart.data import check as _check
    from headstart.data import load

    with tempfile.TemporaryDirectory() as warm:  # libraries that the first use imports
        load(class_folders(random.Random(0), Path(warm)), cache_dir=warm)
        _check(load(delimited(random.Random(0), Path(warm)), cache_dir=warm))
    outcomes = []
    for number in range(count):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            (folder / "data").mkdir()
            source, kind, mutation = make(number, seed, folder / "data")
            code, seconds, said = check(source, folder)
            failed = code not in CODES or "Traceback" in said
            if failed:
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copytree(folder, keep / f"{number}", symlinks=True, dirs_exist_ok=True)
                print(f"{number} {kind} {mutation}: code {code}, {seconds:.1f} s: {said[-300:]}", file=sys.stderr)
            outcomes.append(
                Outcome(kind, mutation, code if not failed or code not in CODES else 3, seconds, said[-300:])
            )
    return outcomes


def report(outcomes: list[Outcome], seed: int) -> str:
    """The figures as Markdown."""
    tracebacks = sum("Traceback" in outcome.message for outcome in outcomes)
    hangs = sum(outcome.code == 124 for outcome in outcomes)
    faults = sum(outcome.code not in (*CODES, 124) for outcome in outcomes)
    longest = max(outcome.seconds for outcome in outcomes)
    lines = [
        "# Mutated inputs to `headstart check`",
        "",
        f"{len(outcomes):,} inputs (seed {seed}), made by `scripts/fuzz_reading.py`: bytes changed, cut off, inserted, "
        "repeated, written in other encodings, nested; folders renamed, deepened, linked, emptied.",
        "",
        f"**{tracebacks} tracebacks, {hangs} over {LIMIT} s, {faults} with another code than 0, 1 and 2.** "
        f"The longest took {longest:.1f} s.",
        "",
        "| input | read | refused in one line | failures |",
        "| --- | ---: | ---: | ---: |",
    ]
    for kind in dict.fromkeys(outcome.kind for outcome in outcomes):
        codes = Counter(outcome.code for outcome in outcomes if outcome.kind == kind)
        failures = sum(number for code, number in codes.items() if code not in CODES)
        lines.append(f"| {kind.replace('_', ' ')} | {codes[0]} | {codes[1] + codes[2]} | {failures} |")
    lines += ["", "| mutation | read | refused in one line | failures |", "| --- | ---: | ---: | ---: |"]
    for mutation in sorted({outcome.mutation for outcome in outcomes}):
        codes = Counter(outcome.code for outcome in outcomes if outcome.mutation == mutation)
        failures = sum(number for code, number in codes.items() if code not in CODES)
        lines.append(f"| {mutation} | {codes[0]} | {codes[1] + codes[2]} | {failures} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run, write the figures, and return 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-reading")
    options = parser.parse_args()
    outcomes = run(options.count, options.seed, options.keep)
    text = report(outcomes, options.seed)
    if options.out:
        options.out.write_text(text)
    print(text)
    return int(any(outcome.code not in CODES for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
