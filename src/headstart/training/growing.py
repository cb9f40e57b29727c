"""Growing strategies: each next phase is chosen from what the last one showed on held-out labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from headstart.core import HeadstartError, TrialSpec
from headstart.data import tuning_holdout
from headstart.models import FittedModel
from headstart.strategies import Grown, Phase, Strategy, Train, has_inserted
from headstart.training.context import TrialContext
from headstart.training.loop import Run

CarryOut = Callable[[Phase, str, FittedModel | None, np.ndarray], tuple[FittedModel, Run]]
FLOOR = 1e-6  # of a probability, so that one confident mistake does not outvote all others


def grow(
    strategy: Strategy, spec: TrialSpec, context: TrialContext, learn: np.ndarray, carry_out: CarryOut, notes: list[str]
) -> tuple[tuple[Phase, ...], Run]:
    """Find a growing strategy's phases on four fifths of the labels.

    Args:
        strategy: With a rule for what follows.
        spec: The trial.
        context: What trials share.
        learn: Examples to learn from; a fifth of them is held out here.
        carry_out: Does one phase, called with the phase, a name for it, where it starts, and its examples.
        notes: Gets a line for each change, with its evidence.

    Returns:
        The phases that led to the best one, to be repeated on all labels, and what the search did.

    Raises:
        HeadstartError: Too few labels to hold any out.
    """
    rows, held_out = tuning_holdout(context.data, learn, spec.seed)
    if not len(held_out):
        raise HeadstartError(f"{len(learn)} labels are too few to hold any out", hint="Use linear_probe")
    inputs = context.inputs(spec.arm.candidate)
    labels = context.data.labels[held_out]
    done: list[Grown] = []
    trails: list[tuple[int, ...]] = []  # for each phase, those that led to its network, itself included
    total, best = Run(), np.full(len(held_out), np.inf)
    bare: tuple[FittedModel | None, tuple[int, ...]] = (None, ())  # the last network without an inserted module
    fitted, trail = bare
    phase: Phase | None = strategy.phases(context.candidates[spec.arm.candidate].family)[0]
    while phase is not None:
        if not has_inserted(phase):
            fitted, trail = bare
        fitted, run = carry_out(phase, f"grow-{len(done)}", fitted, rows)
        trail = (*trail, len(done))
        trails.append(trail)
        if not has_inserted(phase):
            bare = fitted, trail
        total = total.followed_by(run)
        losses = _losses(fitted, inputs, held_out, labels)
        step = Grown(phase, float(losses.mean()))
        if done:
            change = losses - best
            step = Grown(phase, step.loss, float(change.mean()), float(change.std(ddof=1) / np.sqrt(len(change))))
        if not done or step.loss < min(earlier.loss for earlier in done):
            best = losses
        done.append(step)
        phase = strategy.grow(done, len(fitted.model.stages), spec.recipe)
        notes.append(_told(done, phase))
    kept = trails[int(np.argmin([step.loss for step in done]))]
    return tuple(done[number].phase for number in kept), total


def _losses(fitted: FittedModel, inputs: object, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    probabilities = fitted.predict_inputs(inputs, rows)  # type: ignore[arg-type]
    return -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], FLOOR))


def _told(done: list[Grown], following: Phase | None) -> str:
    last = done[-1]
    what = "ended" if following is None else "same again" if following == last.phase else f"then {_named(following)}"
    if following is not None and has_inserted(last.phase) and not has_inserted(following):
        what = f"taken out again, {what}"
    change = f" ({last.change:+.3f} against the best before, standard error {last.error:.3f})" if len(done) > 1 else ""
    return f"{_named(last.phase)}: held-out log-loss {last.loss:.3f}{change}; {what}"


def _named(phase: Phase) -> str:
    if not isinstance(phase, Train) or phase.moving is None:
        return "probe"
    count = phase.moving.count or 0
    if not phase.inserted:
        return f"last {count} stage(s) moving"
    return f"last {count} stage(s) moving under the inserted module" if count else "inserted module before the head"
