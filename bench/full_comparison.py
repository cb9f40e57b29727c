"""A full comparison at one size: every arm, tuned alike, three repeats; what a study's pick is judged against.

Resumable at any moment: finished trials stay in the work folder and the same command goes on::

    python bench/full_comparison.py DATA --n 4000 --work runs/full/cifar10 [--group-regex R] [--hours 3]

Writes ``bench/results/full_NAME.csv`` (a row for each trial) as trials finish.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from headstart.core import probe_hardware
from headstart.data import check, load, make_splits
from headstart.report import Progress
from headstart.studies import (
    Budget,
    Plan,
    Store,
    StudyLock,
    StudyRunner,
    StudySettings,
    StudyView,
    choose_metric,
    find_candidates,
    make_arms,
)
from headstart.studies.tuning import SMALLEST_PER_CLASS, equal_effort

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--group-regex")
    parser.add_argument("--hours", type=float, default=3.0)
    arguments = parser.parse_args()
    data = load(arguments.data, group_regex=arguments.group_regex)
    data.findings = check(data)
    metric, _ = choose_metric(None, [int(count) for count in data.class_counts])
    candidates, _ = find_candidates((), data.task, data.images.native_size if data.images else 0)
    arms, _ = make_arms(candidates, (), ())
    budget = arguments.hours * 3600
    settings = StudySettings(
        source=data.source, task=data.task, metric=metric, margin=0.01, seed=0, candidates=tuple(candidates),
        strategies=tuple(dict.fromkeys(arm.strategy for arm in arms)), data_fingerprint=data.fingerprint,
        budget_seconds=budget,
    )  # fmt: skip
    with StudyLock(arguments.work), Progress(None, budget, metric=metric) as progress:
        store = Store(arguments.work)
        view = StudyView(settings, data, make_splits(data, 0), arms, store)
        clock = Budget(store, budget)
        runner = StudyRunner(view, candidates, probe_hardware(), clock, progress, arguments.work / "cache")
        runner.prepare()
        size = min(arguments.n, view.pool_size)
        enough = SMALLEST_PER_CLASS * len(data.class_names)
        tuning_size = size // 4 if size // 4 >= enough else size
        settings_by_arm = {arm.key: runner.planner.pricing.setting(arm, tuning_size) for arm in arms}
        effort = equal_effort(arms, settings_by_arm)[0]
        runner.planner.dropped.clear()
        plan = Plan((size,), size, tuning_size, effort, 0.0, fixed=True)
        runner.after_trial = lambda: write_table(view, arguments.work.name)
        runner.run(plan)
        write_table(view, arguments.work.name)
        store.close()


def write_table(view: StudyView, name: str) -> None:
    """A row for each finished trial, with the metric on either half of the test part."""
    rows = []
    for trial in view.store.trials():
        spec, measurement = trial.spec, trial.measurement
        row = {
            "arm": spec.arm.key, "paradigm": spec.arm.paradigm, "role": spec.role, "n": spec.n, "repeat": spec.repeat,
            "fold": spec.fold, "recipe": spec.recipe.label, "rate": spec.recipe.learning_rate,
            "steps": spec.recipe.steps, "metric": view.settings.metric, "value": measurement.value,
            "seconds": round(trial.ended - trial.started, 2), "error": measurement.error or "",
        }  # fmt: skip
        if spec.role == "measuring" and measurement.succeeded:
            row["judge"], row["final"] = view.value(trial, "judge"), view.value(trial, "final")
        rows.append(row)
    pd.DataFrame(rows).to_csv(RESULTS / f"full_{name}.csv", index=False)


if __name__ == "__main__":
    main()
