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
from pathlib import Path

import numpy as np
import pandas as pd
from record import write

import headstart as hs
from headstart.api.request import Request
from headstart.api.session import Session
from headstart.api.setup import set_up
from headstart.core import derive_seed
from headstart.data import LabelledData
from headstart.evidence import metric_of
from headstart.options import StudyOptions
from headstart.report import Progress
from headstart.studies import Evidence, Store, StudyLock, Trial
from headstart.studies.planners import FactorialPlanner
from headstart.studies.store import FILE

RESULTS = Path(__file__).parent / "results"
PARADIGMS = ("transfer", "scratch")


def main() -> None:
    """Run what is missing and write the table."""
    arguments = read_arguments()
    setup = set_up(arguments.data, group_regex=arguments.group_regex)
    known = hs.Study.open(arguments.study).recommendation if arguments.study else None
    n = known.comparison_size if known else arguments.n
    if arguments.study and not (arguments.work / FILE).exists():
        take_over(arguments.study, arguments.work)
    request = Request.of(
        StudyOptions(
            arguments.data,
            arguments.hours * 3600,
            out=arguments.work,
            margin=0.01,
            strategies=tuple(arguments.strategy),
            group_regex=arguments.group_regex,
        )
    )
    with StudyLock(arguments.work), Progress(None, request.budget_seconds, metric=setup.metric) as progress:
        store = Store(arguments.work)
        session = Session(request, setup, store, [])
        evidence = session.evidence
        evidence.repeats = arguments.repeats
        size = min(n, evidence.pool_size)
        session.planner = FactorialPlanner((size,), arguments.repeats, 1 if known else arguments.recipes)
        session.prepare(progress)
        session.driver.after_trial = lambda _: write_results(evidence, size, arguments.work.name)
        write_results(evidence, size, arguments.work.name)
        session.driver.run()
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


def take_over(study: Path, work: Path) -> None:
    """Copy a study's trials, with its clock at zero."""
    work.mkdir(parents=True, exist_ok=True)
    source = Store.open_readonly(study)
    source.copy_to(work)
    source.close()
    target = Store(work)
    record = target.record()
    assert record is not None
    target.set_record(
        record.model_copy(update={"spent_seconds": 0.0, "finished_budget": None, "plan": None, "dropped": {}})
    )
    target.close()


def halves(data: LabelledData, evidence: Evidence) -> np.ndarray:
    """Mask of the examples that may name the best arm: the study's own half, or half of the groups by lot."""
    mask, halved = evidence.judged
    if halved:
        return mask
    lot = np.random.default_rng(derive_seed(0, "halves"))
    groups = np.unique(data.groups)
    return np.isin(data.groups, lot.choice(groups, len(groups) // 2, replace=False))


def write_results(evidence: Evidence, size: int, name: str) -> None:
    """The table of trials, and the best of either paradigm against each other."""
    if evidence.table.trials():
        write_table(evidence, size, name)
        write_margin(evidence, size, name)


def write_table(evidence: Evidence, size: int, name: str) -> None:
    """A row for each finished trial of the size, and for those that chose its recipes."""
    first_half = halves(evidence.data, evidence)
    rows = []
    for trial in evidence.table.trials():
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
            "metric": evidence.settings.metric,
            "value": measurement.value,
            "seconds": round(trial.measurement.seconds, 2),
            "error": measurement.error or "",
        }
        if spec.role == "measuring" and measurement.succeeded:
            row["judge"], row["final"] = on_halves(evidence, trial, first_half)
        rows.append(row)
    pd.DataFrame(rows).to_csv(RESULTS / f"full_{name}.csv", index=False)


def write_margin(evidence: Evidence, size: int, name: str) -> None:
    """The best transfer arm against the best from-scratch arm on the whole test part, paired."""
    draws = evidence.draws(size)
    sides = {side: [arm.key for arm in evidence.measured_at(size) if arm.paradigm == side] for side in PARADIGMS}
    if draws is None or not all(sides.values()):
        return
    estimates = dict(zip(draws.arms, draws.estimates, strict=True))
    best = {side: max(keys, key=estimates.__getitem__) for side, keys in sides.items()}
    gap, low, high, p_better = draws.difference(best["transfer"], best["scratch"])
    lines = [
        f"- {key}: {100 * value:.1f} ({evidence.settings.metric}, n = {size:,})" for key, value in estimates.items()
    ]
    lines.append(
        f"- {best['transfer']} - {best['scratch']}: {100 * gap:+.1f} points [{100 * low:.1f}, {100 * high:.1f}], "
        f"better in {100 * p_better:.0f} % of the draws; {draws.repeats[0]} paired repeat(s)"
    )
    write(f"full_{name}", f"A full comparison on {name}", lines)


def on_halves(evidence: Evidence, trial: Trial, first_half: np.ndarray) -> tuple[float, float]:
    """The metric on either half of the test part."""
    run = evidence.run(trial)
    inside = first_half[run.examples]
    classes = len(evidence.data.class_names)
    judge, final = (metric_of(run.restrict(part), evidence.settings.metric, classes) for part in (inside, ~inside))
    return judge, final


if __name__ == "__main__":
    main()
