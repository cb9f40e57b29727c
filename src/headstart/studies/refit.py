"""The model that is handed over, trained once more on every label.

Where test parts rotate, no measured model has learnt from all examples: each left a fifth out to be judged on. The
winner's figure comes from those models; the one to keep learns from everything, as ``refit`` does in scikit-learn's
searches.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headstart.core import Arm, BundleError, Recipe, TrialSpec
from headstart.data import Split
from headstart.studies.spec import SpecMaker
from headstart.studies.state import StudyState
from headstart.studies.trials import Trial
from headstart.training import Bench, OutOfTime, Progress, Worker, train_trial

REFIT_MARGIN = 1.25  # x the price of the largest measured size: a fifth more labels than a fold has
WORTH_IT = 1.1  # x what the model at hand learnt from: labels times the share of the steps


def every_label(bench: Bench) -> Bench:
    """The bench with one pool of all that may be learnt from: every example where test parts rotate."""
    first = bench.splits[0]
    if len(bench.splits) == 1:
        return bench
    rows = np.unique(np.concatenate([np.concatenate([split.pool, split.test]) for split in bench.splits]))
    work = bench.work_folder / "refit"
    return replace(bench, splits=(Split(0, rows, first.test),), work_folder=work)


@dataclass(frozen=True)
class Learnt:
    """What the model that is handed over learnt from.

    Attributes:
        labels: How many.
        share: Of its recipe's steps.
    """

    labels: int
    share: float


@dataclass(frozen=True)
class Refit:
    """The run on every label that is worth handing over.

    Attributes:
        arm: The winner.
        recipe: Its recipe at this size.
        steps: At which the run ends; 0 does all of the recipe's.
        least: Steps with fewer than which the model at hand is the better one.
    """

    arm: Arm
    recipe: Recipe
    steps: int = 0
    least: int = 0

    def spec(self, bench: Bench) -> TrialSpec:
        """The trial that learns from every label of :func:`every_label`'s bench."""
        spec = SpecMaker.of(bench).spec(self.arm, self.recipe, len(bench.splits[0].pool))
        return spec.model_copy(update={"stopped_at": self.steps})


def affordable(state: StudyState, recipe: Recipe, known: Trial, labels: int, seconds: float) -> Refit | None:
    """The run on every label that ends in time and is better than the model at hand, as far as one can tell.

    It does as many steps as the run whose figure it has, or fewer where time is short. Steps bring no more than labels
    do (``bench/steps_left_out.py``), so that a share of the steps is taken to be worth that share of the labels.

    Args:
        state: Of the study.
        recipe: The winner's, with all labels of a pool.
        known: The winner's run with most labels.
        labels: Every label.
        seconds: That it may take.

    Returns:
        None where no run is worth it.
    """
    arm, whole = known.spec.arm, state.spec(known.spec.arm, recipe, state.pool_size)
    share = 1 - known.shortened
    possible = seconds / max(REFIT_MARGIN * state.prices.seconds(arm, recipe, whole.n), 1e-9)
    least = share * WORTH_IT * known.spec.n / labels
    if possible >= share and share == 1:
        return Refit(arm, recipe, 0, round(min(least, 1.0) * recipe.steps))
    shorter = state.shortened(whole, min(share, possible))
    if shorter is None or possible < min(least, share):
        return None
    return Refit(arm, recipe, shorter.stopped_at, round(min(least, share) * recipe.steps))


def refit(
    bench: Bench, run: Refit, target: Path, *, deadline: float, progress: Progress | None = None
) -> Learnt | None:
    """Train an arm on every label and put the model in the place of the one that was handed over so far.

    Args:
        bench: The study's.
        run: What is run.
        target: Folder of the model.
        deadline: Seconds that it may take.
        progress: Called with (done, total) at each step.

    Returns:
        What it learnt from; None if it failed or did not end in time, and the model stays as it was.
    """
    whole = every_label(bench)
    try:
        trained = train_trial(run.spec(whole), Worker(whole), progress, deadline)
    except OutOfTime:
        return None
    measured = trained.outcome.measurement
    if trained.model is None or measured.steps < run.least:
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
    return Learnt(measured.n_realised, measured.steps / max(1, run.recipe.steps) if run.recipe.steps else 1.0)
