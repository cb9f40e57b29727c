"""Do trials give the numbers they gave before? Keys, values and probabilities of 20 short trials, bit for bit.

    python bench/unchanged.py record DATA_FOLDER WORK_FOLDER FILE
    python bench/unchanged.py compare BEFORE AFTER

``record`` trains ten arms on images (cifar10) and ten on texts (sst2) for a few steps each and writes their keys and
figures to a file outside the repository; ``compare`` says how many trials agree between two such files. Record before
and after a change, on one machine.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from record import write

from headstart.core import Arm
from headstart.data import load, make_splits
from headstart.models import resolve
from headstart.strategies import Regime, get_strategy
from headstart.studies import SpecMaker
from headstart.training import Bench, Worker, train_trial

IMAGES = [
    ("linear_probe", "builtin:image", {}),
    ("linear_probe", "builtin:image", {"readout": "searched"}),
    ("full_finetune", "builtin:image", {}),
    ("lora", "builtin:image", {}),
    ("lp_ft", "builtin:image", {"mixup": 0.2}),
    ("bitfit", "builtin:image", {}),
    ("partial_transfer", "builtin:image", {}),
    ("partial_finetune", "builtin:image", {"augmentation": "none"}),
    ("from_scratch", "builtin:compact-image", {}),
    ("from_scratch", "builtin:resnet20", {}),
]
TEXTS = [
    ("linear_probe", "builtin:text", {}),
    ("linear_probe", "builtin:text", {"readout": "searched"}),
    ("full_finetune", "builtin:text", {}),
    ("lora", "builtin:text", {}),
    ("prompt_tuning", "builtin:text", {}),
    ("contrastive", "builtin:text", {}),
    ("partial_finetune", "builtin:text", {}),
    ("from_scratch", "builtin:tfidf", {}),
    ("from_scratch", "builtin:compact-text", {}),
    ("from_scratch", "builtin:bag", {}),
]
N, STEPS, TESTED = 96, 4, 200


def record(data: Path, work: Path) -> list[dict[str, str]]:
    """Train every arm once on one thread."""
    rows = []
    for source, cases in (("cifar10", IMAGES), ("sst2", TEXTS)):
        labelled = load(data / source, cache_dir=work / "read")
        (split, *_) = make_splits(labelled)
        split = type(split)(split.fold, split.pool, split.test[:TESTED])
        names = dict.fromkeys(name for _, name, _ in cases)
        candidates = {name: resolve(name, labelled.task, native_size=32) for name in names}
        bench = Bench.of(
            labelled, (split,), candidates, metric="accuracy", seed=7, dtype="float32", threads=1, folder=work / source
        )
        worker, maker = Worker(bench), SpecMaker.of(bench)
        for strategy, name, values in cases:
            known, candidate = get_strategy(strategy), candidates[name]
            recipe = known.recipes(Regime(candidate.modality, candidate.family, N, len(labelled.class_names)))[0]
            steps = {"steps": STEPS, "batch_size": 16} if recipe.steps else {}
            recipe = recipe.model_copy(update=steps)
            arm = Arm(candidate=name, strategy=strategy, paradigm=known.paradigm)
            default = known.recipes(Regime(candidate.modality, candidate.family, N, len(labelled.class_names)))
            spec = maker.spec(arm, recipe.model_copy(update=values), N)
            outcome = train_trial(spec, worker).outcome
            measured = outcome.measurement
            rows.append(
                {
                    "arm": f"{arm.key} {values or ''}".strip(),
                    "key": spec.key,
                    "recipes": hashlib.sha256(repr(default).encode()).hexdigest(),
                    "value": repr(measured.value),
                    "error": measured.error or "",
                    "parameters": f"{measured.parameters} {measured.trainable_parameters} {measured.flops!r}",
                    "probabilities": hashlib.sha256(outcome.probabilities.tobytes()).hexdigest(),
                }
            )
            print(rows[-1]["arm"], rows[-1]["value"], rows[-1]["error"], flush=True)
    return rows


def compare(before: list[dict[str, str]], after: list[dict[str, str]]) -> list[str]:
    """A line for each trial, and how many are the same."""
    later = {row["arm"]: row for row in after}
    lines = ["| trial | value | the same |", "|---|---|---|"]
    same = 0
    for row in before:
        other = later.get(row["arm"], {})
        different = [word for word, value in row.items() if other.get(word) != value]
        same += not different
        value = float(row["value"])
        lines.append(f"| {row['arm']} | {value:.3f} | {'yes' if not different else ', '.join(different)} |")
    return [f"{same} of {len(before)} trials are the same bit for bit: key, recipes, value, probabilities.", "", *lines]


if __name__ == "__main__":
    if sys.argv[1] == "record":
        found = record(Path(sys.argv[2]), Path(sys.argv[3]))
        Path(sys.argv[4]).write_text(json.dumps(found, indent=1))
    else:
        one, two = (json.loads(Path(file).read_text()) for file in sys.argv[2:4])
        lines = compare(one, two)
        print("\n".join(lines))
        write("unchanged", "Trials before and after modalities became folders", lines)
