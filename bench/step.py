"""A training step against the plain Trainer of transformers with its best switches, in ten interleaved pairs.

    python bench/step.py DATA [--cases questions tweets long images64 images128] [--pairs 10]

Both train the same network on the same examples with the same recipe, each in a process of its own: AdamW (fused),
autocast to bf16 where that is the faster one here, texts grouped by length. The Trainer loads no step of ours. Nothing
else may run meanwhile. Writes ``results/step.md``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

STEPS = {"questions": 60, "tweets": 40, "long": 10, "images64": 30, "images128": 20}
BATCH = {"questions": 16, "tweets": 16, "long": 16, "images64": 64, "images128": 64}
WARM, EXAMPLES, RATE, DECAY = 4, 1500, 1e-4, 0.01


def main() -> None:
    """Run pairs, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--cases", nargs="*", default=list(STEPS), choices=STEPS)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--side", choices=("ours", "theirs", "plain"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(SIDES[given.side](given.data, given.cases[0])))
        return
    from record import write

    lines = [
        f"{given.pairs} interleaved pairs; a step of a study against the Trainer's, and (texts) against the same loop "
        "with its shortcuts switched off.",
        "",
        "| examples | steps of | ours, examples/s | Trainer | ours / Trainer | range | ours / shortcuts off |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in given.cases:
        sides = ["ours", "theirs"] + (["plain"] if not case.startswith("images") else [])
        found: dict[str, list[float]] = {side: [] for side in sides}
        for number in range(given.pairs):
            for side in sides if number % 2 else reversed(sides):
                found[side].append(measured(side, given.data, case))
            print(case, number, {side: round(values[-1], 1) for side, values in found.items()}, flush=True)
        ratios = sorted(a / b for a, b in zip(found["ours"], found["theirs"], strict=True))
        off = [a / b for a, b in zip(found["ours"], found.get("plain", []), strict=False)]
        speeds = " | ".join(f"{statistics.median(found[side]):.1f}" for side in ("ours", "theirs"))
        ratio = f"**{statistics.median(ratios):.2f}** | {ratios[0]:.2f} to {ratios[-1]:.2f}"
        lines.append(
            f"| {case} | {BATCH[case]} | {speeds} | {ratio} | {f'{statistics.median(off):.2f}' if off else '-'} |"
        )
    write("step", "Examples per second of a training step", lines)


def measured(side: str, data: Path, case: str) -> float:
    """Examples per second of one process."""
    words = [sys.executable, "-W", "ignore", __file__, str(data), "--cases", case, "--side", side]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return float(done.stdout.strip().splitlines()[-1])


def texts(data: Path, case: str) -> tuple[list[str], np.ndarray]:
    """Real texts of the lengths in question; long ones are several news in a row."""
    import pandas as pd

    from headstart.data import load

    with tempfile.TemporaryDirectory() as cache:
        read = load(
            data / {"questions": "sst2", "tweets": "tweeteval_emotion", "long": "ag_news"}[case], cache_dir=cache
        )
    chosen = pd.Series(read.content.load(range(len(read)))).str.strip()
    labels = read.labels
    if case == "questions":
        keep = chosen.str.split().str.len().between(5, 13).to_numpy()
        chosen, labels = chosen[keep], labels[keep]
    chosen = chosen.tolist()
    if case == "long":
        chosen = [" ".join(chosen[row : row + 8]) for row in range(EXAMPLES)]
    return chosen[:EXAMPLES], labels[:EXAMPLES].astype(np.int64)


def pictures(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Noise: what it shows does not matter to a step."""
    rng = np.random.default_rng(0)
    side = int(case.removeprefix("images"))
    return rng.integers(0, 256, (512, 3, side, side), dtype=np.uint8), rng.integers(0, 10, 512)


def half() -> bool:
    """Whether products are faster in bf16 here."""
    import torch

    def seconds(kind: torch.dtype) -> float:
        a = torch.randn(768, 768).to(kind)
        for _ in range(3):
            a @ a
        start = time.perf_counter()
        for _ in range(20):
            a @ a
        return time.perf_counter() - start

    return seconds(torch.bfloat16) < seconds(torch.float32)


def ours(data: Path, case: str, *, memory: bool = True, **switches: bool) -> float:
    """Through the loop of a study; ``memory`` is kept by the process as in every trial."""
    from headstart.core import Recipe, keep_freed_memory, limit_spinning
    from headstart.modalities.image.inputs import PixelInputs
    from headstart.models import build, encode_items, resolve
    from headstart.strategies import Train
    from headstart.training import LoopOptions, train

    limit_spinning()
    if memory:
        keep_freed_memory()
    picture = case.startswith("images")
    kind = "image" if picture else "text"
    candidate = resolve(f"builtin:{kind}", f"{kind}-classification")
    if picture:
        pixels, labels = pictures(case)
        inputs = PixelInputs(pixels, candidate)
    else:
        chosen, labels = texts(data, case)
        inputs = encode_items(candidate, chosen)
    names = tuple(str(label) for label in range(labels.max() + 1))
    options = LoopOptions(precision="bfloat16" if half() else "float32", **switches)
    recipe = Recipe(
        learning_rate=RATE,
        weight_decay=DECAY,
        warmup=0.1,
        batch_size=BATCH[case],
        augmentation="flip" if picture else "none",
    )
    for steps in (WARM, STEPS[case]):
        network = build(candidate, names, weights="pretrained", seed=0)
        start = time.perf_counter()
        rows = np.arange(len(labels))
        train(network, inputs, labels, rows, Train(), recipe.model_copy(update={"steps": steps}), 0, options)
        seconds = time.perf_counter() - start
    return STEPS[case] * BATCH[case] / seconds


def plain(data: Path, case: str) -> float:
    """Through the same loop without its shortcuts."""
    return ours(data, case, memory=False, rows_in_use=False, fast_dropout=False, plain_attention=False)


def theirs(data: Path, case: str) -> float:
    """Through the Trainer."""
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    from headstart.models import build, resolve

    picture = case.startswith("images")
    use_half = half()
    if picture:
        pixels, labels = pictures(case)
        candidate = resolve("builtin:image", "image-classification")
        mean, std = (torch.tensor(value).view(3, 1, 1) for value in (candidate.mean, candidate.std))

        class Wrapped(torch.nn.Module):
            def __init__(self, module: torch.nn.Module) -> None:
                super().__init__()
                self.module = module.to(memory_format=torch.channels_last)

            def forward(self, pixel_values: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
                output = self.module(pixel_values=pixel_values.contiguous(memory_format=torch.channels_last))
                logits = output if isinstance(output, torch.Tensor) else output.logits
                return {"loss": torch.nn.functional.cross_entropy(logits.float(), labels), "logits": logits}

        class Pictures(torch.utils.data.Dataset):
            def __len__(self) -> int:
                return len(labels)

            def __getitem__(self, row: int) -> dict[str, object]:
                values = torch.from_numpy(pixels[row]).float() / 255
                if torch.rand(()) < 0.5:
                    values = values.flip(-1)
                return {"pixel_values": (values - mean) / std, "labels": int(labels[row])}

        rows, collator, extra = Pictures(), None, {"remove_unused_columns": False}

        def fresh() -> torch.nn.Module:
            names = tuple(str(label) for label in range(10))
            return Wrapped(build(candidate, names, weights="pretrained", seed=0).module)
    else:
        chosen, labels = texts(data, case)
        folder = resolve("builtin:text", "text-classification").folder
        tokenizer = AutoTokenizer.from_pretrained(folder)
        encoded = tokenizer(chosen, truncation=True, max_length=256)["input_ids"]
        rows = [{"input_ids": ids, "labels": int(label)} for ids, label in zip(encoded, labels, strict=True)]
        collator, extra = DataCollatorWithPadding(tokenizer), {"train_sampling_strategy": "group_by_length"}

        def fresh() -> torch.nn.Module:
            return AutoModelForSequenceClassification.from_pretrained(folder, num_labels=int(labels.max()) + 1)

    with tempfile.TemporaryDirectory() as place:
        for steps in (WARM, STEPS[case]):
            arguments = TrainingArguments(
                output_dir=place,
                per_device_train_batch_size=BATCH[case],
                max_steps=steps,
                learning_rate=RATE,
                weight_decay=DECAY,
                bf16=use_half,
                use_cpu=True,
                optim="adamw_torch_fused",
                report_to="none",
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                **extra,
            )
            trainer = Trainer(model=fresh(), args=arguments, train_dataset=rows, data_collator=collator)
            start = time.perf_counter()
            trainer.train()
            seconds = time.perf_counter() - start
    return STEPS[case] * BATCH[case] / seconds


SIDES = {"ours": ours, "theirs": theirs, "plain": plain}

if __name__ == "__main__":
    main()
