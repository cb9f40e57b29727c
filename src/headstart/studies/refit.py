"""The model that is handed over, trained once more on every label.

Where test parts rotate, no measured model has learnt from all examples: each left a fifth out to be judged on. The
winner's figure comes from those models; the one to keep learns from everything, as ``refit`` does in scikit-learn's
searches.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from headstart.core import Arm, BundleError, Recipe, TrialSpec
from headstart.data import Split
from headstart.studies.spec import SpecMaker
from headstart.training import Bench, OutOfTime, Progress, Worker, train_trial


def every_label(bench: Bench) -> Bench:
    """The bench with one pool of all that may be learnt from: every example where test parts rotate."""
    first = bench.splits[0]
    if len(bench.splits) == 1:
        return bench
    rows = np.unique(np.concatenate([np.concatenate([split.pool, split.test]) for split in bench.splits]))
    work = bench.work_folder / "refit"
    return replace(bench, splits=(Split(0, rows, first.test),), work_folder=work)


def refit_spec(bench: Bench, arm: Arm, recipe: Recipe, stopped_at: int = 0) -> TrialSpec:
    """The trial that learns from every label of :func:`every_label`'s bench, in as many steps as the measured one."""
    spec = SpecMaker.of(bench).spec(arm, recipe, len(bench.splits[0].pool))
    return spec.model_copy(update={"stopped_at": stopped_at})


def refit(
    bench: Bench,
    arm: Arm,
    recipe: Recipe,
    target: Path,
    *,
    deadline: float,
    stopped_at: int = 0,
    progress: Progress | None = None,
) -> int | None:
    """Train an arm on every label and put the model in the place of the one that was handed over so far.

    Args:
        bench: The study's.
        arm: The winner.
        recipe: Its recipe at this size.
        target: Folder of the model.
        deadline: Seconds that it may take.
        stopped_at: Steps at which the measured run ended early; 0 where it did not.
        progress: Called with (done, total) at each step.

    Returns:
        The labels it learnt from; None if it failed or did not end in time, and the model stays as it was.
    """
    whole = every_label(bench)
    try:
        trained = train_trial(refit_spec(whole, arm, recipe, stopped_at), Worker(whole), progress, deadline)
    except OutOfTime:
        return None
    if trained.model is None:
        return None
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        trained.model.save(partial)
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
    except (BundleError, OSError):
        shutil.rmtree(partial, ignore_errors=True)
        return None
    return trained.outcome.measurement.n_realised
