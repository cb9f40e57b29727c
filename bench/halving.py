"""Choosing among recipes by successive halving over steps: what it costs, and what the chosen recipe is worth.

    python bench/halving.py DATA WORK [--labels 400] [--repeats 2] [--report]

Fine-tuning and training from scratch on two image and two text sets. Each recipe of an arm's list is tried on a
held-out fifth for a quarter of its steps and for all, and is then measured on the test part with all labels. From these
figures four ways to choose are read: the default, the best of three that were run to the end, the best of all that were
run to the end, and halving. Every finished trial is kept in WORK. Writes ``results/halving.md``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from record import write
from schedule import SETS, file_of, prepared

from headstart.core import derive_seed, limit_spinning
from headstart.strategies import Regime, get_strategy
from headstart.studies import SpecMaker
from headstart.studies.planners.contender_tuning import RECIPES
from headstart.studies.planners.halving import FIRST_RUNG, SURVIVORS
from headstart.training import execute, trunk_of

NAMES = ("cifar10", "leaf_disease", "sst2", "tweeteval_emotion")
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
            if file.exists():
                continue
            whole = maker.spec(arm, recipe, given.labels, repeat=repeat, role="tuning")
            first = whole.model_copy(update={"stopped_at": max(1, round(FIRST_RUNG * recipe.steps))})
            specs = {"part": first, "whole": whole, "test": maker.spec(arm, recipe, given.labels, repeat=repeat)}
            row = {"recipe": recipe.label, "steps": recipe.steps}
            for key, spec in specs.items():
                found = execute(spec, worker, None, 1e4).measurement
                row[key] = None if found.error else found.value
            file.write_text(json.dumps(row))
            print(name, strategy, repeat, row, flush=True)
    file_of(given.work, name, strategy, repeat, "done").write_text("{}")


def ways(rows: list[dict]) -> dict[str, tuple[float, float]]:
    """By way to choose: accuracy of the chosen recipe on the test part, and steps taken, as runs of the default."""
    steps = np.asarray([row["steps"] for row in rows], dtype=float)
    part, whole, test = (
        np.asarray([-1.0 if row[key] is None else row[key] for row in rows]) for key in ("part", "whole", "test")
    )
    kept = np.argsort(-part, kind="stable")[:SURVIVORS]
    survivor = kept[np.argmax(whole[kept])]
    short = np.asarray([max(1, round(FIRST_RUNG * count)) for count in steps])
    rest = steps[kept] - np.asarray([trunk_of(int(count)) for count in short[kept]])
    return {
        "default": (test[0], 0.0),
        f"best of {THREE}, all steps": (test[np.argmax(whole[:THREE])], steps[:THREE].sum() / steps[0]),
        "best of all, all steps": (test[np.argmax(whole)], steps.sum() / steps[0]),
        "halving over all": (test[survivor], (short.sum() + rest.sum()) / steps[0]),
        "best on the test part": (test.max(), 0.0),
    }


def report(given) -> None:
    """Write what each way is worth, by option and over all."""
    lines = [
        f"{given.labels} labels, a fifth held out; accuracy in % on the test part of the recipe that was chosen, in",
        "brackets steps that the choice took as runs of the default.",
        "",
    ]
    table, gains, taken = [], {}, {}
    for name, options in SETS:
        for candidate, strategy in options if name in NAMES else ():
            found = []
            for repeat in range(given.repeats):
                files = [file_of(given.work, name, strategy, repeat, place) for place in range(RECIPES)]
                if file_of(given.work, name, strategy, repeat, "done").exists():
                    found.append(ways([json.loads(file.read_text()) for file in files if file.exists()]))
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
    write("halving", "Successive halving over steps in the choice of recipes", lines)


if __name__ == "__main__":
    main()
