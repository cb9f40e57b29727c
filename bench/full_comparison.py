"""A full comparison at one size: every arm, tuned alike, three repeats; what a study's pick is judged against.

Resumable at any moment: finished trials stay in the work folder and the same command goes on::

    python bench/full_comparison.py DATA --n 4000 --work runs/full/cifar10 [--group-regex R] [--hours 3]
    python bench/full_comparison.py DATA --study STUDY --work runs/full/cifar10

The second form completes a study at its comparison size: it takes over the study's finished trials, which are
what it would compute itself (every random choice derives from the trial's own words), with the recipes chosen
there, and runs every arm and repeat that the study left out.

Writes ``bench/results/full_NAME.csv`` (a row for each trial) as trials finish. The columns ``judge`` and ``final``
are the metric on either half of the test part.
"""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
from record import write

import headstart as hs
from headstart.core import derive_seed, probe_hardware
from headstart.data import LabelledData, check, load, make_splits
from headstart.evidence import metric_of
from headstart.report import Progress
from headstart.studies import (
    Budget,
    Plan,
    Store,
    StudyLock,
    StudyRunner,
    StudySettings,
    StudyView,
    Trial,
    choose_metric,
    find_candidates,
    make_arms,
)
from headstart.studies.store import FILE
from headstart.studies.tuning import SMALLEST_PER_CLASS, equal_effort

RESULTS = Path(__file__).parent / "results"
PARADIGMS = ("transfer", "scratch")


def main() -> None:
    """Run what is missing and write the table."""
    arguments = read_arguments()
    data = load(arguments.data, group_regex=arguments.group_regex)
    data.findings = check(data)
    metric, _ = choose_metric(None, [int(count) for count in data.class_counts])
    candidates, _ = find_candidates((), data.task, data.images.native_size if data.images else 0)
    arms, _ = make_arms(candidates, arguments.strategy, ())
    budget = arguments.hours * 3600
    settings = StudySettings(
        source=data.source,
        task=data.task,
        metric=metric,
        margin=0.01,
        seed=0,
        candidates=tuple(candidates),
        weights=tuple(candidate.weights_hash for candidate in candidates.values()),
        strategies=tuple(dict.fromkeys(arm.strategy for arm in arms)),
        data_fingerprint=data.fingerprint,
        budget_seconds=budget,
    )
    n = hs.Study.open(arguments.study).recommendation.comparison_size if arguments.study else arguments.n
    if arguments.study and not (arguments.work / FILE).exists():
        take_over(arguments.study, arguments.work)
    with StudyLock(arguments.work), Progress(None, budget, metric=metric) as progress:
        store = Store(arguments.work)
        view = Repeated(settings, data, make_splits(data, 0), arms, store)
        view.repeats = arguments.repeats
        clock = Budget(store, budget)
        runner = StudyRunner(view, candidates, probe_hardware(), clock, progress, arguments.work / "cache")
        runner.prepare()
        runner.planner.dropped.clear()
        size = min(n, view.pool_size)
        runner.after_trial = lambda: write_results(view, size, arguments.work.name)
        runner.after_trial()
        runner.run(make_plan(runner, size, 1 if arguments.study else arguments.recipes))
        store.close()


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--n", type=int)
    size.add_argument("--study", type=Path, help="complete this study at its comparison size")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--group-regex")
    parser.add_argument("--strategy", action="append", default=[])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--recipes", type=int, help="recipes for each paradigm at most; all by default, 1: no tuning")
    parser.add_argument("--hours", type=float, default=3.0)
    return parser.parse_args()


class Repeated(StudyView):
    """A view whose number of repeats is given rather than derived."""

    repeats = 3


def take_over(study: Path, work: Path) -> None:
    """Copy a study's trials, with its clock at zero."""
    work.mkdir(parents=True, exist_ok=True)
    source, target = sqlite3.connect(study / FILE), sqlite3.connect(work / FILE)
    with target:
        source.backup(target)
        target.execute("DELETE FROM facts WHERE name NOT IN ('store_version', 'mirrored', 'dtype')")
    source.close()
    target.close()


def make_plan(runner: StudyRunner, size: int, recipes: int | None) -> Plan:
    """Every arm at one size, with as many recipes as equal effort and ``recipes`` allow."""
    view, pricing = runner.view, runner.planner.pricing
    enough = SMALLEST_PER_CLASS * len(view.data.class_names)
    tuning_size = size // 4 if size // 4 >= enough else size
    paradigms = {arm.paradigm for arm in view.arms}
    for effort in equal_effort(view.arms, {arm.key: pricing.setting(arm, tuning_size) for arm in view.arms}):
        tuned = any(count > 1 for count in effort.values())
        if not tuned or recipes is None or sum(effort.values()) <= recipes * len(paradigms):
            break
    return Plan((size,), size, tuning_size if tuned else None, effort, 0.0, fixed=True)


def halves(data: LabelledData, view: StudyView) -> np.ndarray:
    """Mask of the examples that may name the best arm: the study's own half, or half of the groups by lot."""
    mask, halved = view.judged
    if halved:
        return mask
    lot = np.random.default_rng(derive_seed(0, "halves"))
    groups = np.unique(data.groups)
    return np.isin(data.groups, lot.choice(groups, len(groups) // 2, replace=False))


def write_results(view: StudyView, size: int, name: str) -> None:
    """The table of trials, and the best of either paradigm against each other."""
    if view.store.trials():
        write_table(view, size, name)
        write_margin(view, size, name)


def write_table(view: StudyView, size: int, name: str) -> None:
    """A row for each finished trial of the size, and for those that chose its recipes."""
    first_half = halves(view.data, view)
    rows = []
    for trial in view.store.trials():
        spec, measurement = trial.spec, trial.measurement
        if spec.role == "measuring" and spec.n != size:
            continue
        row = {
            "arm": spec.arm.key,
            "paradigm": spec.arm.paradigm,
            "role": spec.role,
            "n": spec.n,
            "repeat": spec.repeat,
            "fold": spec.fold,
            "recipe": spec.recipe.label,
            "rate": spec.recipe.learning_rate,
            "steps": spec.recipe.steps,
            "metric": view.settings.metric,
            "value": measurement.value,
            "seconds": round(trial.measurement.seconds, 2),
            "error": measurement.error or "",
        }
        if spec.role == "measuring" and measurement.succeeded:
            row["judge"], row["final"] = on_halves(view, trial, first_half)
        rows.append(row)
    pd.DataFrame(rows).to_csv(RESULTS / f"full_{name}.csv", index=False)


def write_margin(view: StudyView, size: int, name: str) -> None:
    """The best transfer arm against the best from-scratch arm on the whole test part, paired."""
    draws = view.draws(size)
    sides = {side: [arm.key for arm in view.measured_at(size) if arm.paradigm == side] for side in PARADIGMS}
    if draws is None or not all(sides.values()):
        return
    estimates = dict(zip(draws.arms, draws.estimates, strict=True))
    best = {side: max(keys, key=estimates.__getitem__) for side, keys in sides.items()}
    gap, low, high, p_better = draws.difference(best["transfer"], best["scratch"])
    lines = [f"- {key}: {100 * value:.1f} ({view.settings.metric}, n = {size:,})" for key, value in estimates.items()]
    lines.append(
        f"- {best['transfer']} - {best['scratch']}: {100 * gap:+.1f} points [{100 * low:.1f}, {100 * high:.1f}], "
        f"better in {100 * p_better:.0f} % of the draws; {draws.repeats[0]} paired repeat(s)"
    )
    write(f"full_{name}", f"A full comparison on {name}", lines)


def on_halves(view: StudyView, trial: Trial, first_half: np.ndarray) -> tuple[float, float]:
    """The metric on either half of the test part."""
    run = view.run(trial)
    inside = first_half[run.examples]
    classes = len(view.data.class_names)
    judge, final = (metric_of(run.restrict(part), view.settings.metric, classes) for part in (inside, ~inside))
    return judge, final


if __name__ == "__main__":
    main()
