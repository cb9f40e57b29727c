"""On a GPU: a training step against the plain Trainer's, small trials that share the card, and whole studies.

    python bench/gpu.py [step] [sharing] [study] [--pairs 5]

Networks have random weights and the shapes of well-known ones, examples are noise: neither matters to the time of a
step, and nothing must be fetched. The Trainer runs with its best switches (bf16, fused AdamW, texts grouped by length,
loader processes where they help). Writes ``results/gpu_step.md``,
``results/gpu_sharing.md`` and ``results/gpu_study.md``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import write

WORDS, RATE, DECAY, CLASSES = 30_000, 1e-4, 0.01, 10
SLOTS, TRIALS, STEPS = (1, 2, 4, 8), 8, 400
STUDY_SECONDS = 45


@dataclass(frozen=True)
class Case:
    """What is trained.

    Attributes:
        batch: Examples a step.
        steps: Steps of a timed run.
        side: Of pictures in pixels; 0 for texts.
        tokens: Shortest and longest text.
        shape: Of the network: its folder's maker, or a name that is built in.
    """

    name: str
    batch: int
    steps: int
    shape: str
    side: int = 0
    tokens: tuple[int, int] = (0, 0)


CASES = (
    Case("small network, 64 px", 64, 300, "builtin:image", side=64),
    Case("ResNet-50, 224 px", 64, 80, "resnet", side=224),
    Case("6 x 384 (MiniLM), 10 to 40 tokens", 16, 300, "minilm", tokens=(10, 40)),
    Case("12 x 768 (BERT), 256 tokens", 32, 80, "bert", tokens=(200, 256)),
)


def main() -> None:
    """Run what is asked for, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["step", "sharing", "study"])
    parser.add_argument("--pairs", type=int, default=5)
    given = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("torch sees no GPU here")
    card = f"{torch.cuda.get_device_name()}, torch {torch.__version__}."
    with tempfile.TemporaryDirectory() as place:
        if "step" in given.what:
            write("gpu_step", "A training step on a GPU", [card, "", *steps_table(Path(place), given.pairs)])
        if "sharing" in given.what:
            write("gpu_sharing", "Small trials that share a GPU", [card, "", *sharing_table(Path(place))])
        if "study" in given.what:
            write("gpu_study", "Studies on a GPU", [card, "", *studies_table(Path(place))])


# a step


def steps_table(place: Path, pairs: int) -> list[str]:
    """Examples per second of both, in interleaved pairs."""
    lines = [
        f"{pairs} interleaved pairs in one process; medians. The last columns switch one thing off, in one run:",
        "passes are not recorded, the loss is asked for at every step, batches are made on the CPU.",
        "",
        "| network | batch | ours, examples/s | tokens/s | Trainer | ours / Trainer | range | each | at once | CPU |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return [*lines, *(row_of(case, place, pairs) for case in CASES)]


def row_of(case: Case, place: Path, pairs: int) -> str:
    """One row of the table."""
    network, inputs, labels = prepared(case, place)
    sides: dict[str, Callable[[int], float]] = {
        "ours": lambda steps: ours(case, network, inputs, labels, steps),
        "theirs": their_side(case, network, inputs, labels, place),
        "each": lambda steps: ours(case, network, inputs, labels, steps, recorded=False),
        "at once": lambda steps: ours(case, network, inputs, labels, steps, at_once=True),
        "on the CPU": lambda steps: ours(case, network, inputs, labels, steps, on_cpu=True),
    }
    for run in sides.values():
        run(10)
    found: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(pairs):
        tried = [*sides] if number == 0 else ["ours", "theirs"]
        for side in tried[:: 1 if number % 2 else -1]:
            found[side].append(case.steps * case.batch / sides[side](case.steps))
    ratios = sorted(a / b for a, b in zip(found["ours"], found["theirs"], strict=True))
    middle = {side: statistics.median(values) for side, values in found.items()}
    tokens = f"{middle['ours'] * sum(case.tokens) / 2:,.0f}" if case.tokens[0] else "-"
    row = (
        f"| {case.name} | {case.batch} | {middle['ours']:,.0f} | {tokens} | {middle['theirs']:,.0f} | "
        f"**{statistics.median(ratios):.2f}** | {ratios[0]:.2f} to {ratios[-1]:.2f} | {middle['each']:,.0f} | "
        f"{middle['at once']:,.0f} | {middle['on the CPU']:,.0f} |"
    )
    print(row, flush=True)
    return row


def prepared(case: Case, place: Path) -> tuple[Callable[[], Any], Any, np.ndarray]:
    """A maker of fresh networks, the examples, and their labels."""
    from headstart.modalities.image.inputs import PixelInputs
    from headstart.modalities.text.inputs import TokenInputs
    from headstart.models import build, resolve

    rng = np.random.default_rng(0)
    name = case.shape if case.shape.startswith("builtin:") else str(SHAPES[case.shape](place))
    task = "image-classification" if case.side else "text-classification"
    candidate = resolve(name, task, native_size=case.side or None)
    names = tuple(str(label) for label in range(CLASSES))

    def fresh() -> Any:
        return build(candidate, names, weights="pretrained", seed=0)

    if case.side:
        inputs: Any = PixelInputs(rng.integers(0, 256, (1024, 3, case.side, case.side), dtype=np.uint8), candidate)
    else:
        lengths = rng.integers(case.tokens[0], case.tokens[1] + 1, 2048)
        inputs = TokenInputs([rng.integers(5, WORDS, length) for length in lengths], 0, 0)
    return fresh, inputs, rng.integers(0, CLASSES, len(inputs))


def ours(
    case: Case,
    fresh: Callable[[], Any],
    inputs: Any,
    labels: np.ndarray,
    steps: int,
    *,
    recorded: bool = True,
    at_once: bool = False,
    on_cpu: bool = False,
) -> float:
    """Seconds of so many steps of a study's loop, perhaps without one of its ways."""
    from headstart.core import Recipe
    from headstart.strategies import Train
    from headstart.training import LoopOptions, loop, train

    recipe = Recipe(
        learning_rate=RATE,
        weight_decay=DECAY,
        steps=steps,
        batch_size=case.batch,
        augmentation="flip" if case.side else "none",
    )
    kept = loop.Losses, loop.inputs_on
    loop.Losses = (lambda: kept[0](behind=0)) if at_once else kept[0]  # type: ignore[assignment,misc]
    loop.inputs_on = (lambda given, *_, **__: given) if on_cpu else kept[1]  # type: ignore[assignment]
    network = fresh()
    try:
        torch.cuda.synchronize()
        start = time.perf_counter()
        options = LoopOptions(precision="bfloat16", recorded_passes=recorded)
        train(network, inputs, labels, np.arange(len(labels)), Train(), recipe, 0, options)
        torch.cuda.synchronize()
        return time.perf_counter() - start
    finally:
        loop.Losses, loop.inputs_on = kept  # type: ignore[misc]


def their_side(
    case: Case, fresh: Callable[[], Any], inputs: Any, labels: np.ndarray, place: Path
) -> Callable[[int], float]:
    """Seconds of so many steps of the Trainer, with as many loader processes as make it fastest."""
    from transformers import Trainer, TrainingArguments

    examples, collate = (their_pictures if case.side else their_texts)(inputs, labels)

    def run(steps: int, workers: int) -> float:
        arguments = TrainingArguments(
            output_dir=str(place / "trainer"),
            per_device_train_batch_size=case.batch,
            max_steps=steps,
            learning_rate=RATE,
            weight_decay=DECAY,
            bf16=True,
            optim="adamw_torch_fused",
            dataloader_num_workers=workers,
            dataloader_persistent_workers=workers > 0,
            dataloader_drop_last=True,
            remove_unused_columns=False,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            **({} if case.side else {"train_sampling_strategy": "group_by_length"}),
        )
        model = Wrapped(fresh().module, bool(case.side))
        trainer = Trainer(model=model, args=arguments, train_dataset=examples, data_collator=collate)
        torch.cuda.synchronize()
        start = time.perf_counter()
        trainer.train()
        torch.cuda.synchronize()
        return time.perf_counter() - start

    run(10, 0)
    seconds = {workers: run(case.steps, workers) for workers in (0, 8)}
    print(case.name, "loader processes of the Trainer:", {k: round(v, 2) for k, v in seconds.items()}, flush=True)
    best = min(seconds, key=lambda workers: seconds[workers])
    return lambda steps: run(steps, best)


class Wrapped(torch.nn.Module):
    """A network as the Trainer wants it."""

    def __init__(self, module: torch.nn.Module, pictures: bool) -> None:
        super().__init__()
        self.module = module.to(memory_format=torch.channels_last) if pictures else module

    def forward(self, labels: torch.Tensor, **values: torch.Tensor) -> dict[str, torch.Tensor]:
        """Loss and logits."""
        if "pixel_values" in values:
            values["pixel_values"] = values["pixel_values"].contiguous(memory_format=torch.channels_last)
        output = self.module(**values)
        logits = output if isinstance(output, torch.Tensor) else output.logits
        return {"loss": torch.nn.functional.cross_entropy(logits.float(), labels), "logits": logits}


class Rows(torch.utils.data.Dataset):
    """Examples by number."""

    def __init__(self, make: Callable[[int], dict[str, Any]], count: int) -> None:
        self.make, self.count = make, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> dict[str, Any]:
        return self.make(row)


def their_pictures(inputs: Any, labels: np.ndarray) -> tuple[Rows, None]:
    """Pictures that are mirrored and standardised one by one."""
    mean, std = (torch.tensor(value).view(3, 1, 1) for value in (inputs.mean, inputs.std))

    def make(row: int) -> dict[str, Any]:
        values = torch.from_numpy(inputs.pixels[row]).float() / 255
        if torch.rand(()) < 0.5:
            values = values.flip(-1)
        return {"pixel_values": (values - mean) / std, "labels": int(labels[row])}

    return Rows(make, len(labels)), None


def their_texts(inputs: Any, labels: np.ndarray) -> tuple[Rows, Callable[[list[dict[str, Any]]], dict[str, Any]]]:
    """Ids that are padded batch by batch."""

    def collate(rows: list[dict[str, Any]]) -> dict[str, Any]:
        width = max(len(row["input_ids"]) for row in rows)
        ids = np.zeros((len(rows), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row["input_ids"])] = row["input_ids"]
            mask[place, : len(row["input_ids"])] = 1
        wanted = torch.tensor([row["labels"] for row in rows])
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask), "labels": wanted}

    return Rows(lambda row: {"input_ids": inputs.rows[row], "labels": int(labels[row])}, len(labels)), collate


def minilm(place: Path) -> Path:
    """A text encoder of MiniLM's shape."""
    return encoder(place / "minilm", hidden_size=384, num_hidden_layers=6, intermediate_size=1536)


def bert(place: Path) -> Path:
    """A text encoder of BERT's shape."""
    return encoder(place / "bert")


def encoder(folder: Path, **shape: int) -> Path:
    """A text encoder with random weights, and a tokenizer that has a word for each id."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    if not folder.exists():
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{i}" for i in range(5, WORDS))]
        plain = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
        plain.pre_tokenizer = WhitespaceSplit()
        PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
        BertModel(BertConfig(vocab_size=WORDS, num_attention_heads=12, **shape)).save_pretrained(folder)
    return folder


def resnet(place: Path) -> Path:
    """A ResNet-50."""
    import json

    from transformers import ResNetConfig, ResNetForImageClassification

    folder = place / "resnet"
    if not folder.exists():
        ResNetForImageClassification(ResNetConfig(num_labels=CLASSES)).save_pretrained(folder)
        settings = {"size": {"height": 224, "width": 224}}
        (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


SHAPES: dict[str, Callable[[Path], Path]] = {"minilm": minilm, "bert": bert, "resnet": resnet}

# sharing


def sharing_table(place: Path) -> list[str]:
    """Steps per second of all trials together, by how many run at once."""
    from headstart.data import load

    lines = [
        f"{TRIALS} trials of {STEPS} steps in processes that share the card, started and warm before the clock;",
        "steps per second of all together.",
        "",
        "| trials | " + " | ".join(f"{slots} at once" for slots in SLOTS) + " | gain |",
        "|---|" + "---|" * (len(SLOTS) + 1),
    ]
    for name, make in (("digits, small network, 32 px", digits), ("texts of 10 to 40 words, 6 x 384", sentences)):
        data, start = make(place)
        rates = together(load(data), start, place / name[:6])
        print(name, rates, flush=True)
        lines.append(
            f"| {name} | " + " | ".join(f"{rate:,.0f}" for rate in rates) + f" | {max(rates) / rates[0]:.1f} x |"
        )
    return lines


def digits(_place: Path) -> tuple[Any, str]:
    """The handwritten digits of scikit-learn, and the start."""
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as ImageFeature
    from PIL import Image
    from sklearn.datasets import load_digits

    read = load_digits()
    pictures = [Image.fromarray((255 - image * 255 / 16).astype("uint8")) for image in read.images]
    features = Features({"image": ImageFeature(), "label": ClassLabel(names=[str(i) for i in range(10)])})
    table = Dataset.from_dict({"image": pictures, "label": read.target.tolist()}, features=features)
    return table, "builtin:image"


def sentences(place: Path) -> tuple[Any, str]:
    """Texts of random words, told apart by one of them, and the start."""
    import pandas as pd

    rng = np.random.default_rng(0)
    rows = []
    for number in range(1600):
        words = [f"w{i}" for i in rng.integers(100, WORDS, rng.integers(10, 41))]
        rows.append({"text": " ".join([f"w{10 + number % 4}", *words]), "label": "abcd"[number % 4]})
    return pd.DataFrame(rows), str(minilm(place))


def together(data: Any, candidate: str, work: Path) -> list[float]:
    """Steps per second of all trials together, for each number that runs at once."""
    from headstart.core import Arm, TrialSpec
    from headstart.data import make_splits
    from headstart.models import resolve
    from headstart.strategies import Regime, get_strategy
    from headstart.studies import SpecMaker
    from headstart.studies.executors import ProcessExecutor
    from headstart.training import Bench

    known = resolve(candidate, data.task, native_size=32)
    (split, *_) = make_splits(data, 0)
    bench = Bench.of(
        data, (split,), {candidate: known}, metric="accuracy", seed=0, dtype="bfloat16", threads=1, folder=work
    )
    strategy = get_strategy("full_finetune")
    recipe = strategy.recipes(Regime(known.modality, known.family, 1000, 10))[0].model_copy(update={"steps": STEPS})
    arm = Arm(candidate=candidate, strategy="full_finetune", paradigm=strategy.paradigm)
    maker = SpecMaker.of(bench)

    def specs(steps: int, count: int, first: int) -> list[TrialSpec]:
        shorter = recipe.model_copy(update={"steps": steps})
        return [maker.spec(arm, shorter, 1000, repeat=first + number) for number in range(count)]

    def run(wanted: list[TrialSpec], at_once: int) -> float:
        start, running, waiting = time.perf_counter(), set(), list(wanted)
        while waiting or running:
            while waiting and len(running) < at_once:
                running.add(executor.submit(waiting.pop(0), 600.0))
            for done in executor.wait(running, 600.0):
                assert done.result().measurement.succeeded, done.result().measurement.error
                running.remove(done)
        return time.perf_counter() - start

    executor = ProcessExecutor(bench, max(SLOTS))
    try:
        run(specs(20, max(SLOTS), 100), max(SLOTS))
        # other repeats each time: a trial that was run before would be another one's checkpoint
        return [TRIALS * STEPS / run(specs(STEPS, TRIALS, 200 * slots), slots) for slots in SLOTS]
    finally:
        executor.close()


# studies


def studies_table(place: Path) -> list[str]:
    """Studies of digits, one trial after the other and four at once."""
    import headstart as hs
    from headstart.studies import Store

    lines = [
        f"Handwritten digits (1,797), {STUDY_SECONDS} s each.",
        "",
        "| at once | trials | largest n | seconds of trials | seconds | verdict | model | learnt from |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for jobs in (1, 4):
        out = place / f"study-{jobs}"
        known = hs.study(digits(place)[0], f"{STUDY_SECONDS}s", out=out, jobs=jobs, quiet=True).recommendation
        trials = [trial for trial in Store.open_readonly(out).trials() if trial.succeeded]
        taken = sum(trial.ended - trial.started for trial in trials)
        lines.append(
            f"| {jobs} | {len(trials)} | {max(trial.spec.n for trial in trials):,} | {taken:.0f} | "
            f"{known.costs.spent_seconds:.0f} | {known.sentence} | {known.strategy} of {known.candidate} | "
            f"{known.trained_on or 0:,} |"
        )
        print(lines[-1], flush=True)
    return lines


if __name__ == "__main__":
    main()
