"""Growing strategies: each next phase is chosen from what the last one showed on held-out labels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headstart.core import HeadstartError
from headstart.data import tuning_holdout
from headstart.models import FittedModel
from headstart.strategies import Grown, Phase, Train, has_inserted
from headstart.training.loop_options import LoopRecord
from headstart.training.phases import PhaseRunner

SMALLEST_PROBABILITY = 1e-6  # so that one confident mistake does not outvote all others


@dataclass
class _Search:
    """What a search has tried.

    Attributes:
        done: Phases with what they showed.
        trails: For each phase, those that led to its network, itself included.
        losses: Of the best network so far, by held-out example.
        bare: The last network without an inserted module, and what led to it.
    """

    done: list[Grown] = field(default_factory=list)
    trails: list[tuple[int, ...]] = field(default_factory=list)
    losses: np.ndarray | None = None
    bare: tuple[FittedModel | None, tuple[int, ...]] = (None, ())

    def add(self, phase: Phase, losses: np.ndarray) -> None:
        """Note what a phase showed, compared with the best before."""
        step = Grown(phase, float(losses.mean()))
        if self.losses is not None:
            change = losses - self.losses
            step = Grown(phase, step.loss, float(change.mean()), float(change.std(ddof=1) / np.sqrt(len(change))))
        if not self.done or step.loss < min(earlier.loss for earlier in self.done):
            self.losses = losses
        self.done.append(step)

    @property
    def best(self) -> tuple[Phase, ...]:
        """The phases that led to the best network."""
        kept = self.trails[int(np.argmin([step.loss for step in self.done]))]
        return tuple(self.done[number].phase for number in kept)


def grow(runner: PhaseRunner, learn: np.ndarray) -> tuple[tuple[Phase, ...], LoopRecord]:
    """Find a growing strategy's phases on four fifths of the labels.

    Args:
        runner: Of the trial; its strategy has a rule for what follows. Its notes get a line for each change, with its
            evidence.
        learn: Examples to learn from; a fifth of them is held out here.

    Returns:
        The phases that led to the best network, to be repeated on all labels, and what the search did.

    Raises:
        HeadstartError: Too few labels to hold any out.
    """
    spec, worker, strategy = runner.spec, runner.worker, runner.strategy
    rows, held_out = tuning_holdout(worker.data, learn, spec.seed)
    if not len(held_out):
        raise HeadstartError(f"{len(learn)} labels are too few to hold any out", hint="Use linear_probe")
    search, total = _Search(), LoopRecord()
    fitted, trail = search.bare
    phase: Phase | None = strategy.phases(worker.candidates[spec.arm.candidate].family)[0]
    while phase is not None:
        if not has_inserted(phase):
            fitted, trail = search.bare
        fitted, record = runner.run(phase, f"grow-{len(search.done)}", fitted, rows)
        trail = (*trail, len(search.done))
        search.trails.append(trail)
        if not has_inserted(phase):
            search.bare = fitted, trail
        total = total.followed_by(record)
        search.add(phase, _losses(runner, fitted, held_out))
        phase = strategy.grow(search.done, len(fitted.model.stages), spec.recipe)
        runner.notes.append(_sentence(search.done, phase))
    return search.best, total


def _losses(runner: PhaseRunner, fitted: FittedModel, rows: np.ndarray) -> np.ndarray:
    labels = runner.worker.data.labels[rows]
    probabilities = fitted.predict_inputs(runner.worker.inputs(runner.spec.arm.candidate), rows)
    losses: np.ndarray = -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], SMALLEST_PROBABILITY))
    return losses


def _sentence(done: list[Grown], following: Phase | None) -> str:
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
