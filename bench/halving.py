"""Choosing among recipes by successive halving over steps: what it costs, and what the chosen recipe is worth.

    python bench/halving.py DATA WORK [--labels 400] [--repeats 2] [--report]

Fine-tuning and training from scratch on two image and two text sets. Each recipe of an arm's list is tried on a
held-out fifth for a quarter of its steps and for all, and is then measured on the test part with all labels. From these
figures ways to choose are read: the default; the best of three, or of all, that were run to the end; halving; and both
with the rule that another recipe than the default must be ahead by a standard error, which is what studies do. Every
finished trial is kept in WORK. Writes ``results/halving.md``, and ``results/halving.csv``, from which ``spread.py``
reads what better recipes gain.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from record import RESULTS, write
from schedule import SETS, file_of, prepared

from headstart.core import derive_seed, limit_spinning
from headstart.strategies import Regime, get_strategy
from headstart.studies import SpecMaker
from headstart.studies.planners.contender_tuning import RECIPES
from headstart.studies.planners.halving import FIRST_RUNG, SURVIVORS
from headstart.studies.planners.tuning import lead
from headstart.training import Worker, execute, trunk_of

NAMES = ("cifar10", "leaf_disease", "sst2", "tweeteval_emotion")
COLUMNS = ("recipe", "steps", "part", "whole", "test")
THREE = 3  # recipes that were run to the end before there was halving


def main() -> None:
    """Measure what is missing, and write."""
    limit_spinning()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--labels", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--report", action="store_true", help="write what is kept, and measure nothing")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for repeat in () if given.report else range(given.repeats):
        for name, options in SETS:
            for candidate, strategy in options if name in NAMES else ():
                measured(given, name, candidate, strategy, repeat)
    report(given)


def measured(given, name: str, candidate: str, strategy: str, repeat: int) -> None:
    """Every recipe of one option in one draw of labels, what is kept left out."""
    if file_of(given.work, name, strategy, repeat, "done").exists():
        return
    with prepared(given.data / name, candidate, strategy, given.labels) as (bench, worker, arm, _):
        known = bench.candidates[candidate]
        regime = Regime(known.modality, known.family, given.labels, len(worker.data.class_names))
        maker = SpecMaker.of(bench)
        for place, recipe in enumerate(get_strategy(strategy).recipes(regime)[:RECIPES]):
            file = file_of(given.work, name, strategy, repeat, place)
            row = json.loads(file.read_text()) if file.exists() else {"recipe": recipe.label, "steps": recipe.steps}
            whole = maker.spec(arm, recipe, given.labels, repeat=repeat, role="tuning")
            first = whole.model_copy(update={"stopped_at": max(1, round(FIRST_RUNG * recipe.steps))})
            specs = {"part": first, "whole": whole, "test": maker.spec(arm, recipe, given.labels, repeat=repeat)}
            for key, spec in specs.items():
                if key not in row or (spec.role == "tuning" and f"{key}_right" not in row):
                    row |= _row(key, spec, worker)
                    file.write_text(json.dumps(row))
            print(name, strategy, repeat, {key: row[key] for key in ("recipe", *specs)}, flush=True)
    file_of(given.work, name, strategy, repeat, "done").write_text("{}")


def _row(key: str, spec, worker: Worker) -> dict:
    """What a trial showed, and which held-out examples it got right."""
    ended = execute(spec, worker, None, 1e4)
    if ended.measurement.error:
        return {key: None, f"{key}_right": []}
    right = ended.probabilities.argmax(1) == worker.data.labels[ended.measured]
    return {key: ended.measurement.value} | (
        {f"{key}_right": right.astype(int).tolist()} if spec.role == "tuning" else {}
    )


def leads(rows: list[dict], key: str) -> np.ndarray:
    """How far each recipe is surely ahead of the first, as the planner reads it."""
    found = []
    for row in rows:
        difference = np.asarray(row[f"{key}_right"], dtype=float) - np.asarray(rows[0][f"{key}_right"], dtype=float)
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        found.append(lead([row[key] - rows[0][key]], error) if row is not rows[0] else 0.0)
    return np.asarray(found)


def ways(rows: list[dict]) -> dict[str, tuple[float, float]]:
    """By way to choose: accuracy of the chosen recipe on the test part, and steps taken, as runs of the default."""
    rows = [row for row in rows if None not in (row["part"], row["whole"], row["test"])]
    steps = np.asarray([row["steps"] for row in rows], dtype=float)
    part, whole, test = (np.asarray([row[key] for row in rows]) for key in ("part", "whole", "test"))
    short = np.asarray([max(1, round(FIRST_RUNG * count)) for count in steps])

    def halved(kept: np.ndarray) -> float:
        rest = steps[kept] - np.asarray([trunk_of(int(count)) for count in short[kept]])
        return (short.sum() + rest.sum()) / steps[0]

    plain = np.argsort(-part, kind="stable")[:SURVIVORS]
    best = [place for place in np.argsort(-leads(rows, "part"), kind="stable") if place]
    sure = np.asarray([0, *best[: SURVIVORS - 1]])  # the default is always run to the end
    finalists = [rows[place] for place in sorted(sure)]  # the default first
    chosen = sorted(sure)[int(np.argmax(leads(finalists, "whole")))]
    return {
        "default": (test[0], 0.0),
        f"best of {THREE}": (test[np.argmax(whole[:THREE])], steps[:THREE].sum() / steps[0]),
        "best of all": (test[np.argmax(whole)], steps.sum() / steps[0]),
        "surely best of all": (test[np.argmax(leads(rows, "whole"))], steps.sum() / steps[0]),
        "halving, best": (test[plain[np.argmax(whole[plain])]], halved(plain)),
        "halving, surely best": (test[chosen], halved(sure)),
        "best on the test part": (test.max(), 0.0),
    }


def report(given) -> None:
    """Write what each way is worth, by option and over all."""
    lines = [
        f"{given.labels} labels, a fifth held out; accuracy in % on the test part of the recipe that was chosen, in",
        "brackets steps that the choice took as runs of the default.",
        "",
    ]
    table, gains, taken, every = [], {}, {}, []
    for name, options in SETS:
        for candidate, strategy in options if name in NAMES else ():
            found = []
            for repeat in range(given.repeats):
                files = [file_of(given.work, name, strategy, repeat, place) for place in range(RECIPES)]
                if not file_of(given.work, name, strategy, repeat, "done").exists():
                    continue
                rows = [json.loads(file.read_text()) for file in files if file.exists()]
                found.append(ways(rows))
                where = {"data": name, "strategy": strategy, "candidate": candidate, "repeat": repeat}
                every += [where | {key: row[key] for key in COLUMNS} for row in rows]
            if not found:
                continue
            cells = [f"{name}: {strategy} of {candidate}", str(len(found))]
            for way in found[0]:
                value, cost = (np.mean([one[way][i] for one in found]) for i in (0, 1))
                cells.append(f"{100 * value:.1f}" + (f" ({cost:.1f})" if cost else ""))
                gains.setdefault(way, []).append(100 * np.mean([one[way][0] - one["default"][0] for one in found]))
                taken.setdefault(way, []).append(cost)
            table.append("| " + " | ".join(cells) + " |")
    head = ["option", "draws", *gains]
    lines += ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *table, ""]
    lines += ["Points gained over the default, 90 % interval over options, and runs taken:", ""]
    rng = np.random.default_rng(derive_seed(0, "halving"))
    for way, values in gains.items():
        draws = rng.choice(values, (10_000, len(values))).mean(1)
        low, high = np.quantile(draws, [0.05, 0.95])
        lines.append(f"- {way}: {np.mean(values):+.2f} [{low:+.2f}, {high:+.2f}], {np.mean(taken[way]):.2f} runs")
    with (RESULTS / "halving.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ("data", "strategy", "candidate", "repeat", *COLUMNS))
        writer.writeheader()
        writer.writerows(every)
    write("halving", "Successive halving over steps in the choice of recipes", lines)


if __name__ == "__main__":
    main()
