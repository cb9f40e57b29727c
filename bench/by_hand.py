"""The whole tool against fine-tuning by hand: the same labels, the same test part, three times the seconds.

    python bench/by_hand.py DATA WORK [--only leaf_disease ...]

By hand: the pretrained start that is the default here, all of it fine-tuned in a plain loop at the settings that
tutorials use, no choice of anything; T is what that takes, loading and predicting included. Then a study, run as a
user would run it, with a budget of 3 T. Both models predict the whole test part. Needs a quiet machine. Every finished
set is kept in WORK. Writes ``results/by_hand.md``.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from record import write

import headstart as hs
from headstart.core import limit_spinning
from headstart.data import load
from headstart.models import build, encode, resolve
from headstart.models import load as load_model

TESTED = 2000


@dataclass(frozen=True)
class Usual:
    """Settings of a tutorial: AdamW, linear decay."""

    start: str
    rate: float
    batch: int
    epochs: int
    flips: bool = False


TEXT = Usual("builtin:text", 5e-5, 16, 3)  # the defaults of the transformers Trainer, with its batch doubled
FEW = Usual("builtin:image", 1e-3, 32, 10, flips=True)
MANY = Usual("builtin:image", 1e-3, 32, 3, flips=True)
CHARACTERS = Usual("builtin:image", 1e-3, 32, 10)
SETS = {  # folder, labels, settings
    "leaf_disease": ("leaf_disease", 1600, FEW),
    "tweeteval_emotion": ("tweeteval_emotion", 3257, TEXT),
    "cifar10 2,000": ("cifar10", 2000, FEW),
    "sst2": ("sst2", 4000, TEXT),
    "chars74k_fnt": ("chars74k_fnt", 5000, CHARACTERS),
    "ag_news": ("ag_news", 1500, TEXT),
    "cifar10 20,000": ("cifar10", 20000, MANY),
}


def main() -> None:
    """Run what is missing, and write."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", nargs="*", choices=SETS, default=list(SETS))
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for name in given.only:
        place = given.work.absolute() / name.replace(" ", "_").replace(",", "")
        if not (place / "row.json").exists():
            folder, labels, usual = SETS[name]
            row = {"set": name} | compared(given.data / folder, labels, usual, place)
            (place / "row.json").write_text(json.dumps(row))
            print(row, flush=True)
    rows = [json.loads(file.read_text()) for file in given.work.glob("*/row.json")]
    rows.sort(key=lambda row: list(SETS).index(row["set"]))
    lines = [
        "| data | labels | by hand % | T | study % | minus by hand | study took | n_c / pool | trained on | "
        "handed over | measured | expected |",
        "|" + " --- |" * 12,
    ]
    lines += [
        f"| {r['set']} | {r['labels']:,} | {100 * r['hand']:.1f} | {r['seconds']:.0f} s | {100 * r['study']:.1f} | "
        f"{100 * (r['study'] - r['hand']):+.1f} | {r['took']:.0f} s | {r['n_c']} | {r['trained_on']} | {r['chosen']} | "
        f"{r['measured']} | {r['expected']} |"
        for r in rows
    ]
    write("by_hand", "The tool against fine-tuning by hand, with three times the seconds", lines)


def compared(source: Path, labels: int, usual: Usual, place: Path) -> dict:
    """Both ways on one data set."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    table = with_parts(source, labels, place)
    start = time.perf_counter()
    hand = by_hand(load(table, cache_dir=place / "cache"), usual)
    seconds = time.perf_counter() - start
    budget = max(30, round(3 * seconds))
    out = place / "study"
    begun = time.perf_counter()
    done = subprocess.run(
        [str(Path(sys.executable).parent / "headstart"), "study", str(table), "--budget", f"{budget}s"]
        + ["--out", str(out), "--seed", "0"],
        capture_output=True,
        text=True,
        cwd=place,
    )
    took = time.perf_counter() - begun
    (place / "screen.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stderr
    known = hs.Study.open(out).recommendation
    data = load(table, cache_dir=place / "cache")
    rows = np.flatnonzero(data.is_test)
    guesses = load_model(out / "model").predict_proba(data.content.load(rows)).argmax(1)
    return {
        "labels": int((~data.is_test).sum()),
        "hand": hand,
        "seconds": seconds,
        "study": float((guesses == data.labels[rows]).mean()),
        "took": took,
        "n_c": f"{known.comparison_size or 0:,} / {int((~data.is_test).sum()):,}",
        "trained_on": f"{known.trained_on or 0:,}",
        "chosen": f"{known.strategy} of {known.candidate}",
        "measured": known.sentence,
        "expected": known.leaning_sentence or "",
    }


def with_parts(source: Path, labels: int, place: Path) -> Path:
    """A data set as a user has it, with its test part marked: so many labels, and test examples up to a bound."""
    rng = np.random.default_rng(0)
    data = load(source, cache_dir=place / "cache")
    if data.has_test:
        test, pool = np.flatnonzero(data.is_test), np.flatnonzero(~data.is_test)
    else:
        order = rng.permutation(len(data))
        test, pool = order[: len(data) // 5], order[len(data) // 5 :]
    rows = {"train": rng.permutation(pool)[:labels], "test": rng.permutation(test)[:TESTED]}
    if data.kind.name == "image":
        root = place / "pictures"
        for part, chosen in rows.items():
            for number in chosen:
                folder = root / part / data.class_names[data.labels[number]]
                folder.mkdir(parents=True, exist_ok=True)
                picture(data.content.load([number])[0]).save(folder / f"{number}.png")
        return root
    texts = {part: data.content.load(list(chosen)) for part, chosen in rows.items()}
    frame = pd.concat(
        pd.DataFrame({"text": texts[part], "label": [data.class_names[k] for k in data.labels[chosen]], "split": part})
        for part, chosen in rows.items()
    )
    frame.to_csv(place / "texts.csv", index=False)
    return place / "texts.csv"


def picture(item):
    """An image, from a path, the bytes of a file, or itself."""
    from PIL import Image

    if isinstance(item, bytes):
        item = io.BytesIO(item)
    return (item if isinstance(item, Image.Image) else Image.open(item)).convert("RGB")


def by_hand(data, usual: Usual) -> float:
    """Accuracy of fine-tuning in a plain loop."""
    torch.manual_seed(0)
    candidate = resolve(usual.start, data.task, native_size=data.content.native_size or 32)
    network = build(candidate, data.class_names, weights="pretrained", seed=0)
    inputs = encode(candidate, data)
    pool, test = np.flatnonzero(~data.is_test), np.flatnonzero(data.is_test)
    steps = usual.epochs * (-(-len(pool) // usual.batch))
    optimizer = torch.optim.AdamW(network.parameters(), lr=usual.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    rng = np.random.default_rng(0)
    network.train()
    for _ in range(usual.epochs):
        order = rng.permutation(pool)
        for first in range(0, len(order), usual.batch):
            rows = order[first : first + usual.batch]
            batch = inputs.batch(rows)
            if usual.flips:
                mirrored = torch.from_numpy(rng.random(len(rows)) < 0.5)[:, None, None, None]
                batch = {word: torch.where(mirrored, values.flip(-1), values) for word, values in batch.items()}
            loss = torch.nn.functional.cross_entropy(network(**batch), torch.as_tensor(data.labels[rows]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        right = [
            (network(**inputs.batch(rows)).argmax(1).numpy() == data.labels[rows]).sum()
            for rows in np.array_split(test, -(-len(test) // 64))
        ]
    return float(np.sum(right) / len(test))


if __name__ == "__main__":
    main()
