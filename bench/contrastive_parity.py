"""Contrastive tuning against SetFit: the same weights, labels and test texts, and the time that either takes.

    pip install setfit==1.2.0
    python bench/contrastive_parity.py DATA [--work FOLDER]

Two questions, a run for each of five seeds, then one:

- 8 labels a class: our default recipe against SetFit at its own defaults (batches of 16 pairs, one pass, 2e-5, a
  logistic head) with 20 iterations, which makes 40 pairs a text. Both start from the built-in text encoder, learn
  from the same texts and are asked about the same part of the test texts. The runs alternate, the first of a pair
  changes from seed to seed, and a run of two steps goes ahead.
- 50 labels a class: our default recipe on the whole test part.

The linear probe on the same labels stands beside both, so that one can see what the pairs are good for.

Seconds are those of the process on its processor, with one thread: other work on the machine changes them far less
than those on the wall, which are given too. They are those of training: for SetFit ``Trainer.train``, for us
tokenising, the loop and the head. Loading weights and predicting are not in them. Finished runs are kept in
``--work``, and the same command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from record import write

from headstart.core import Recipe, probe_hardware
from headstart.core.hardware import default_threads
from headstart.data import LabelledData, load, make_splits
from headstart.models import build, encode_items, predict_network, resolve
from headstart.strategies import FitHead, Pairs, Regime, get_strategy
from headstart.training import Bench, LoopOptions, Worker, train
from headstart.training.probes import fit_probe

NAME = "builtin:text"
SEEDS, FEW, MANY, ASKED, ITERATIONS = 5, 8, 50, 600, 20
FINE = LoopOptions()


def main() -> None:
    """Do the runs that are missing and write the table."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--work", type=Path, help="keep finished runs here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        comparison = Comparison(load(arguments.data), Path(scratch), arguments.work or Path(scratch))
        comparison.run()
    write("contrastive_parity", "Contrastive tuning against SetFit", report(comparison.rows))


class Comparison:
    """The runs, each done once.

    Args:
        data: Texts with labels.
        scratch: For what libraries write.
        work: Where finished runs are kept.
    """

    def __init__(self, data: LabelledData, scratch: Path, work: Path) -> None:
        self.data, self.scratch = data, scratch
        self.split = make_splits(data, 0)[0]
        self.candidate = resolve(NAME, data.task)
        self.worker = Worker(
            Bench.of(
                data,
                (self.split,),
                {NAME: self.candidate},
                metric="accuracy",
                seed=0,
                dtype=probe_hardware().dtype,
                threads=default_threads(),
                folder=scratch,
            )
        )
        work.mkdir(parents=True, exist_ok=True)
        self.file = work / "contrastive_parity.jsonl"
        self.rows = [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def run(self) -> None:
        """Every run that is missing."""
        asked = np.random.default_rng(0).permutation(self.split.test)[:ASKED]
        warm = self.subset(2, SEEDS)
        self.ours(warm, asked[:8], 0, steps=2)
        self.setfit(warm, asked[:8], 0, steps=2)
        for seed in range(SEEDS):
            rows = self.subset(FEW, seed)
            pair = [("contrastive", self.ours), ("setfit", self.setfit)]
            for name, way in [*(pair if seed % 2 == 0 else pair[::-1]), ("probe", self.probe)]:
                self.once(name, FEW, seed, way, rows, asked)
        rows = self.subset(MANY, 0)
        for name, way in (("contrastive", self.ours), ("probe", self.probe)):
            self.once(name, MANY, 0, way, rows, self.split.test)

    def once(self, name: str, per_class: int, seed: int, way, rows: np.ndarray, asked: np.ndarray) -> None:  # noqa: ANN001
        """Do a run unless it is done, and keep it."""
        key = {"name": name, "per_class": per_class, "seed": seed}
        if any(key.items() <= row.items() for row in self.rows):
            return
        answers, clock = way(rows, asked, seed)
        accuracy = float((answers == self.data.labels[asked]).mean())
        self.rows.append({**key, "asked": len(asked), "accuracy": 100 * accuracy, **clock})
        with self.file.open("a") as stream:
            stream.write(json.dumps(self.rows[-1]) + "\n")
        print(self.rows[-1], flush=True)

    def subset(self, per_class: int, seed: int) -> np.ndarray:
        """As many examples of each class from the pool."""
        rng, pool = np.random.default_rng(seed), self.split.pool
        labels = self.data.labels[pool]
        return np.concatenate(
            [rng.choice(pool[labels == label], per_class, replace=False) for label in range(len(self.data.class_names))]
        )

    def ours(self, rows: np.ndarray, asked: np.ndarray, seed: int, steps: int | None = None) -> tuple:
        """Our default recipe, carried out by our loop."""
        classes = len(self.data.class_names)
        setting = Regime("text", self.candidate.family, len(rows), classes)
        recipe = get_strategy("contrastive").recipes(setting)[0]
        recipe = recipe.model_copy(update={"steps": steps or recipe.steps})
        network = build(self.candidate, self.data.class_names, weights="pretrained", seed=seed)
        inputs = self.worker.inputs(NAME)
        with clocked() as clock:
            encode_items(self.candidate, self.texts(rows))  # the worker did it already, for all texts
            train(network, inputs, self.data.labels, rows, Pairs(), recipe, seed, FINE)
            head = FitHead(on="features", kind="logistic")
            tuned, _ = fit_probe(head, recipe, self.worker, NAME, rows, seed, network)
        return predict_network(tuned, inputs, asked).argmax(1), clock

    def setfit(self, rows: np.ndarray, asked: np.ndarray, seed: int, steps: int = -1) -> tuple:
        """SetFit's own trainer."""
        from datasets import Dataset
        from setfit import SetFitModel, Trainer, TrainingArguments

        model = SetFitModel.from_pretrained(self.candidate.folder, local_files_only=True)
        options = TrainingArguments(
            output_dir=str(self.scratch / "setfit"),
            num_iterations=ITERATIONS,
            max_steps=steps,
            seed=seed,
            report_to="none",
            save_strategy="no",
            show_progress_bar=False,
        )
        learnt = Dataset.from_dict({"text": self.texts(rows), "label": self.data.labels[rows].tolist()})
        trainer = Trainer(model=model, args=options, train_dataset=learnt)
        with clocked() as clock:
            trainer.train()
        return np.asarray(model.predict(self.texts(asked), show_progress_bar=False)), clock

    def probe(self, rows: np.ndarray, asked: np.ndarray, seed: int) -> tuple:
        """A linear head on the encoder as it came."""
        with clocked() as clock:
            network, _ = fit_probe(FitHead(on="features"), Recipe(), self.worker, NAME, rows, seed)
        return predict_network(network, self.worker.inputs(NAME), asked).argmax(1), clock

    def texts(self, rows: np.ndarray) -> list[str]:
        """The texts of some examples."""
        return self.data.content.load(rows)


@contextmanager
def clocked() -> Iterator[dict[str, float]]:
    """Seconds on the processor and on the wall."""
    clock: dict[str, float] = {}
    processor, wall = time.process_time(), time.perf_counter()
    yield clock
    clock["processor"], clock["wall"] = time.process_time() - processor, time.perf_counter() - wall


def report(rows: list[dict]) -> list[str]:
    """The table and what it says."""
    few = {
        name: sorted((row for row in rows if row["name"] == name and row["per_class"] == FEW), key=lambda r: r["seed"])
        for name in ("contrastive", "setfit", "probe")
    }
    lines = [
        f"{FEW} labels a class, {few['setfit'][0]['asked']} test texts; seconds of training on the processor "
        "(on the wall).",
        "",
        "| seed | `contrastive` | SetFit | linear probe | `contrastive`, s | SetFit, s | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for ours, theirs, probe in zip(*few.values(), strict=True):
        lines.append(
            f"| {ours['seed']} | {ours['accuracy']:.1f} | {theirs['accuracy']:.1f} | {probe['accuracy']:.1f} | "
            f"{ours['processor']:.0f} ({ours['wall']:.0f}) | {theirs['processor']:.0f} ({theirs['wall']:.0f}) | "
            f"{ours['processor'] / theirs['processor']:.2f} |"
        )
    scores = {name: [row["accuracy"] for row in runs] for name, runs in few.items()}
    mean = {name: statistics.mean(values) for name, values in scores.items()}
    spread = {name: statistics.stdev(values) for name, values in scores.items()}
    seconds = {name: statistics.mean(row["processor"] for row in runs) for name, runs in few.items()}
    cells = [f"**{mean[name]:.1f}** +- {spread[name]:.1f}" for name in few]
    ratio = seconds["contrastive"] / seconds["setfit"]
    lines.append(
        f"| mean +- standard deviation | {' | '.join(cells)} | {seconds['contrastive']:.0f} | {seconds['setfit']:.0f} "
        f"| **{ratio:.2f}** |"
    )
    gap = mean["contrastive"] - mean["setfit"]
    paired = [one - other for one, other in zip(scores["contrastive"], scores["setfit"], strict=True)]
    inside = "inside" if gap >= -spread["setfit"] else "outside"
    lines += [
        "",
        f"- `contrastive` - SetFit: {gap:+.1f} points, {inside} SetFit's spread of {spread['setfit']:.1f}; the paired "
        f"differences have a standard error of {statistics.stdev(paired) / len(paired) ** 0.5:.1f}.",
        f"- Time: {ratio:.2f} of SetFit's, so {'no slower' if ratio <= 1 else 'slower'}.",
    ]
    many = {row["name"]: row for row in rows if row["per_class"] == MANY}
    lines.append(
        f"- {MANY} labels a class on the whole test part ({many['probe']['asked']:,} texts, one seed): `contrastive` "
        f"{many['contrastive']['accuracy']:.1f}, linear probe {many['probe']['accuracy']:.1f}; "
        f"{many['contrastive']['processor']:.0f} s of training."
    )
    return lines


if __name__ == "__main__":
    main()
