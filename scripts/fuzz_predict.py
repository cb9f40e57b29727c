"""Mutate model folders and inputs for ``headstart predict``, and count what is neither an answer nor one line.

Each case runs in a process forked from this one, which has the libraries imported already: a thousand take minutes.

    python scripts/fuzz_predict.py [--cases 1000] [--seed 0] [--write]

A case fails by a traceback, an exit code other than 0, 1 or 2, more than one message, or more than ten seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIMIT = 10.0  # seconds
CODES = (0, 1, 2)
JUNK = (
    None,
    True,
    -1,
    0,
    1e308,
    10**12,
    -(10**12),
    "",
    "x" * 2000,
    "../../x",
    "\x1b[2J",
    "os:_exit",
    [],
    {},
    [[]],
    "\ud800",
)
ENCODINGS = ("utf-16", "utf-32", "cp1252", "utf-7", "cp500")


@dataclass(frozen=True)
class Base:
    """A good model folder with inputs that it reads."""

    name: str
    folder: Path
    inputs: tuple[Path, ...]


def make_bases(place: Path) -> list[Base]:
    """A model in each form, of texts and of images."""
    import numpy as np
    import torch

    from headstart.core import Recipe
    from headstart.models import (
        Card,
        FittedModel,
        OneLayer,
        Readout,
        Vote,
        averaged,
        build,
        classifier_on,
        insert,
        resolve,
    )
    from headstart.models.families.tfidf import fit_tfidf
    from headstart.strategies import get_strategy
    from headstart.testing.architectures import save_architecture

    image, text, names = "image-classification", "text-classification", ("calm", "cross", "other")
    pictures, texts = _pictures(place), _texts(place)
    bases = []

    def add(name: str, model: object, candidate: object, task: str, model_format: str, **options: object) -> None:
        card = Card(
            model_format=model_format, task=task, class_names=names, candidate=candidate, arm="some@arm", **options
        )
        folder = FittedModel(model, card).save(place / "models" / name)
        bases.append(Base(name, folder, pictures if task == image else texts))

    bert = resolve(save_architecture("bert", place), text)
    vit = resolve(save_architecture("vit", place), image)
    plain = build(bert, names, weights="pretrained", seed=0)
    add("bert", plain, bert, text, "transformers")
    add("vit", build(vit, names, weights="pretrained", seed=0), vit, image, "transformers")
    probe = classifier_on(build(bert, names, weights="pretrained", seed=0), Readout(), OneLayer(16, 3))
    add("probe", probe, bert, text, "headstart", readout=Readout())
    vote = Vote.of(torch.randn(9, 16), torch.arange(9) % 3, 3, 4)
    voting = classifier_on(build(vit, names, weights="pretrained", seed=0), Readout(), vote)
    add("vote", voting, vit, image, "headstart", readout=Readout())
    lora = get_strategy("lora").prepare(build(bert, names, weights="pretrained", seed=0), Recipe(), 0)
    add("lora", lora, bert, text, "peft")
    compact = resolve("builtin:compact-image", image)
    networks = [build(compact, names, weights="random", seed=seed) for seed in range(2)]
    add("ensemble", averaged(networks), compact, image, "ensemble", members=2)
    adapted = insert(build(compact, names, weights="random", seed=3), "residual", 0)
    add("inserted", adapted, compact, image, "headstart", inserted="residual")
    for name in ("compact-text", "transformer"):
        small = resolve(f"builtin:{name}", text)
        add(name, build(small, names, weights="random", seed=0), small, text, "headstart")
    words = ["good film", "bad plot", "a very poor scene", "great actor", "awful", "not fine"]
    pipeline = fit_tfidf(words, np.asarray([0, 1, 2, 0, 1, 2]), Recipe(weight_decay=0.1), seed=0)
    add("tfidf", pipeline, resolve("builtin:tfidf", text), text, "skops")
    return bases


def _pictures(place: Path) -> tuple[Path, ...]:
    import numpy as np
    from PIL import Image

    folder = place / "pictures"
    folder.mkdir()
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8))
    files = [folder / name for name in ("a.png", "b.jpg", "c.gif", "d.tif", "e.webp", "f.bmp")]
    for file in files:
        picture.save(file)
    (place / "list.csv").write_text("image,id\n" + "".join(f"pictures/{file.name},{file.stem}\n" for file in files))
    (place / "list.txt").write_text("\n".join(f"pictures/{file.name}" for file in files))
    return (*files, place / "list.csv", place / "list.txt")


def _texts(place: Path) -> tuple[Path, ...]:
    import pandas as pd

    rows = ["how nice, really", 'she said "no"', "schön und gut", "a plot\nof two lines", "😀 film"] * 3
    frame = pd.DataFrame({"text": rows, "stars": range(len(rows))})
    frame.to_csv(place / "new.csv", index=False)
    frame.to_csv(place / "new.tsv", index=False, sep="\t")
    frame.to_json(place / "new.jsonl", orient="records", lines=True)
    frame.to_json(place / "new.json", orient="records")
    frame.to_parquet(place / "new.parquet")
    (place / "new.txt").write_text("\n".join(row.replace("\n", " ") for row in rows))
    return tuple(place / f"new{suffix}" for suffix in (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".txt"))


# Mutations: each changes one file in place.


def flip(file: Path, rng: random.Random) -> None:
    """Change a few bytes, more often near the beginning, where headers are."""
    data = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 3, 20))):
        if data:
            data[int(len(data) * rng.random() ** rng.choice((1, 6)))] = rng.randrange(256)
    file.write_bytes(data)


def cut(file: Path, rng: random.Random) -> None:
    """Keep the beginning, or lose a piece of the middle."""
    data = file.read_bytes()
    at, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    file.write_bytes(data[:at] + (data[end:] if rng.random() < 0.5 else b""))


def repeat(file: Path, rng: random.Random) -> None:
    """Write a piece again, many times."""
    data = file.read_bytes()
    at = rng.randrange(len(data) + 1)
    file.write_bytes(data[:at] + data[at : at + 200] * rng.choice((2, 500)) + data[at:])


def recode(file: Path, rng: random.Random) -> None:
    """Write the text in another encoding, or with control characters."""
    text = file.read_bytes().decode("utf-8", "replace")
    if rng.random() < 0.3:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(("\x00", "\x1b[2J", "\u202e", "\ufeff", '"', "\r", "\x1a")) * 3 + text[at:]
    file.write_bytes(text.encode(rng.choice(ENCODINGS), "replace"))


def nest(file: Path, rng: random.Random) -> None:
    """Put brackets around it, or nothing else than brackets."""
    depth = rng.choice((50, 2_000, 200_000))
    opening, closing = rng.choice((("[", "]"), ('{"a":', "}")))
    inner = file.read_text(errors="replace") if rng.random() < 0.5 else "1"
    file.write_text(opening * depth + inner + (closing * depth if rng.random() < 0.7 else ""))


def junk_json(file: Path, rng: random.Random) -> None:
    """Replace, remove or move values of a JSON document, or of the header of a safetensors file."""
    data = file.read_bytes()
    tensors = file.suffix == ".safetensors"
    body = b""
    if tensors:
        (length,) = struct.unpack("<Q", data[:8])
        data, body = data[8 : 8 + length], data[8 + length :]
    try:
        document = json.loads(data)
    except ValueError:
        return flip(file, rng)
    for _ in range(rng.choice((1, 1, 2, 5))):
        _change(document, rng)
    text = json.dumps(document).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + body if tensors else text)
    return None


def _change(document: object, rng: random.Random) -> None:
    places = []

    def collect(node: object) -> None:
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in list(children)[:500]:
            places.append((node, key))
            collect(value)

    collect(document)
    if not places:
        return
    node, key = rng.choice(places)
    value = node[key]
    if rng.random() < 0.2:
        del node[key]
    elif isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.6:
        node[key] = rng.choice((value + 1, value - 1, value * 1000, -value, 10**9))
    elif isinstance(value, str) and value.startswith("{") and rng.random() < 0.8:  # settings inside metadata
        inner = json.loads(value)
        _change(inner, rng)
        node[key] = json.dumps(inner)
    elif rng.random() < 0.2:
        other, there = rng.choice(places)
        node[key] = json.loads(json.dumps(other.get(there) if isinstance(other, dict) else None))
    else:
        node[key] = rng.choice(JUNK)


def remove(file: Path, rng: random.Random) -> None:
    """Take it away, or put something else in its place."""
    file.unlink()
    kind = rng.randrange(5)
    if kind == 1:
        file.mkdir()
    elif kind == 2:
        file.touch()
    elif kind == 3:
        file.symlink_to(file)
    elif kind == 4:
        file.symlink_to("/dev/zero" if file.suffix != ".parquet" else "/nowhere")


def swap(file: Path, rng: random.Random) -> None:
    """Put another file of the folder in its place."""
    others = [other for other in sorted(file.parent.iterdir()) if other.is_file() and other != file]
    if others:
        shutil.copy(rng.choice(others), file)


MUTATIONS: tuple[Callable[[Path, random.Random], None], ...] = (
    flip,
    cut,
    repeat,
    recode,
    nest,
    junk_json,
    remove,
    swap,
)
WEIGHTS = (4, 3, 1, 1, 1, 8, 1, 1)


def run_case(number: int, seed: int, bases: list[Base], place: Path) -> tuple[str, int | None, str, float, int]:
    """One case in a process of its own.

    Returns:
        What was done, the exit code, what is wrong with the outcome (empty if nothing is), seconds, and peak MB.
    """
    rng = random.Random(f"{seed}-{number}")
    base = rng.choice(bases)
    folder = place / "case"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base.folder, folder / "model")
    given = rng.choice(base.inputs)
    target = folder / given.name
    shutil.copy(given, target)
    if (given.parent / "pictures").is_dir() and given.suffix in (".csv", ".txt"):
        (folder / "pictures").symlink_to(given.parent / "pictures")
    files = [file for file in sorted((folder / "model").rglob("*")) if file.is_file() and file.name != "README.md"]
    file = target if rng.random() < 0.35 else rng.choice(files)
    mutation = rng.choices(MUTATIONS, WEIGHTS)[0]
    mutation(file, rng)
    words = ["headstart", "predict", str(folder / "model"), str(target), *rng.choice(((), ("--json",), ("--top", "2")))]
    what = f"{number}: {base.name}, {mutation.__name__} of {file.name}, {' '.join(words[3:][1:])}"
    out, err = folder / "out", folder / "err"
    start = time.monotonic()
    child = os.fork()
    if not child:
        _be(words, out, err)
    code, seconds, memory = _wait(child, start)
    return what, code, _fault(code, out, err, "--json" in words), seconds, memory


def _be(words: list[str], out: Path, err: Path) -> None:
    """Be the command; never return."""
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(out.parent)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
    sys.argv = words
    code: object = 99
    try:
        from headstart.cli import main

        main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def _wait(child: int, start: float) -> tuple[int | None, float, int]:
    """The exit code (None for a hang), seconds and MB."""
    while True:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), time.monotonic() - start, used.ru_maxrss // 1024
        if time.monotonic() - start > LIMIT:
            os.kill(child, signal.SIGKILL)
            _, _, used = os.wait4(child, 0)
            return None, time.monotonic() - start, used.ru_maxrss // 1024
        time.sleep(0.005)


def _fault(code: int | None, out: Path, err: Path, as_json: bool) -> str:
    shown = err.read_text(errors="replace") if err.exists() else ""
    if code is None:
        return f"hangs for {LIMIT:.0f} s"
    if "Traceback" in shown:
        return "traceback: " + shown.strip().splitlines()[-1][:200]
    if code not in CODES:
        return f"exit code {code}: {shown.strip()[-300:]}"
    if code and shown.count("error: ") != 1 and "Usage" not in shown:
        return f"exit code {code} without one message: {shown.strip()[:300]}"
    printed = out.read_text(errors="surrogateescape")
    if any(ord(character) < 32 and character not in "\n\t" for character in printed + shown):
        return "control characters on the terminal"
    if not code and as_json:
        try:
            json.loads(printed)
        except ValueError as error:
            return f"no JSON document: {error}"
    return ""


def main() -> int:
    """Run the cases and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one case, whose folder is kept")
    parser.add_argument("--write", action="store_true", help="write bench/results/fuzz_predict.md")
    wanted = parser.parse_args()
    os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    place = Path(tempfile.mkdtemp(prefix="fuzz-predict-"))
    os.environ["HEADSTART_CACHE"] = str(place / "cache")
    import warnings

    import torch

    from headstart.models import load

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    bases = make_bases(place)
    for base in bases:  # whatever is imported late is imported once
        picture = base.inputs[0]
        load(base.folder).predict(picture if picture.suffix == ".png" else "how nice")
    import pyarrow.parquet  # noqa: F401

    numbers = range(wanted.cases) if wanted.only is None else [wanted.only]
    faults, codes, slowest, largest = [], Counter(), (0.0, ""), (0, "")
    start = time.monotonic()
    for number in numbers:
        what, code, fault, seconds, memory = run_case(number, wanted.seed, bases, place)
        slowest, largest = max(slowest, (seconds, what)), max(largest, (memory, what))
        codes[code] += 1
        if fault:
            faults.append(f"{what}: {fault}")
            print(faults[-1], file=sys.stderr, flush=True)
    lines = [
        f"{len(numbers):,} mutated model folders and inputs (seed {wanted.seed}) given to `headstart predict`: "
        f"{sum('traceback' in fault for fault in faults)} tracebacks, "
        f"{sum('hangs' in fault for fault in faults)} over {LIMIT:.0f} s, {len(faults)} faults in all. "
        f"{codes[0]:,} were answered (many mutations change nothing that matters), {codes[1]:,} refused in a message.",
        "",
        f"Slowest {slowest[0]:.1f} s ({slowest[1]}); most memory {largest[0]:,} MB ({largest[1]}); "
        f"{time.monotonic() - start:.0f} s in all.",
        "",
        f"{len(bases)} forms: {', '.join(base.name for base in bases)}. "
        f"Mutations: {', '.join(mutation.__name__ for mutation in MUTATIONS)}; of an input in a third of the cases, "
        "of a file of the model otherwise.",
        "",
        *(f"- {fault}" for fault in faults),
    ]
    if wanted.write:
        sys.path.insert(0, str(ROOT / "bench"))
        import record

        record.write("fuzz_predict", "predict on mutated models and inputs", lines)
    else:
        print("\n".join(lines))
    if wanted.only is None:
        shutil.rmtree(place)
    else:
        print(place / "case")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
