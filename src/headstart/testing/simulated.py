"""A machine on which recorded trials run in simulated seconds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np

from headstart.core import Measurement, TrialSpec, derive_seed
from headstart.data import Split
from headstart.studies.executors import WorkerLost
from headstart.studies.prices.machine import Machine
from headstart.testing.recorded import UNITS, RecordedLineUp, RecordedTable, RecordedWork
from headstart.training import Outcome, OutOfTime
from headstart.training.schedule import COOLDOWN, SHORTEST

MACHINE = Machine(name="simulated", gflops_float32=1.0, gflops_bfloat16=1.0, memory_gb=1.0)


@dataclass
class Situation:
    """The machine that a replay runs on.

    Attributes:
        speed: Slowdown at a moment of the study, 1 for the recording machine.
        busy: Whether the slowdown comes from other work, which leaves processor time as it is.
        slots: Trials at once.
        failing: Arms, by key, whose training always fails.
        lost: The numbers of submissions whose worker dies on the way.
        noise: Relative spread of the time a trial takes.
    """

    speed: Callable[[float], float] = lambda seconds: 1.0
    busy: bool = False
    slots: int = 1
    failing: frozenset[str] = frozenset()
    lost: frozenset[int] = frozenset()
    noise: float = 0.0


class SimulatedClock:
    """Seconds that pass only where something is simulated."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


class SimulatedExecutor:
    """Ends trials when their recorded seconds have passed on the simulated clock."""

    name = "simulated"

    def __init__(
        self, table: RecordedTable, data: Any, split: Split, situation: Situation, clock: SimulatedClock
    ) -> None:
        self.table, self.data, self.split, self.situation, self.clock = table, data, split, situation, clock
        self.slots = situation.slots
        self._ends: dict[Future[Outcome], tuple[float, Outcome | Exception]] = {}
        self._submitted = 0
        self._trunks: dict[str, float] = {}  # shares of their steps from which runs that ended early can go on

    def submit(self, spec: TrialSpec, deadline: float) -> Future[Outcome]:
        """Start a trial."""
        future: Future[Outcome] = Future()
        recorded = RecordedWork(self.table).count(spec.arm, spec.recipe, spec.n, spec.role).trained / UNITS
        asked = spec.stopped_at / max(1, spec.recipe.steps) if spec.stopped_at else 1.0
        rng = np.random.default_rng(derive_seed("time", spec.key))
        whole = recorded * float(np.exp(self.situation.noise * rng.standard_normal()))
        begun = self._trunks.get(spec.whole.key, 0.0)
        begun = begun if begun <= _trunk(asked) else 0.0
        work = (asked - begun) * whole
        seconds = _passing(work, self.clock.now, self.situation.speed)
        number, self._submitted = self._submitted, self._submitted + 1
        if seconds > deadline and spec.role == "measuring" and deadline >= SHORTEST * seconds and self._learns(spec):
            reached = begun + (asked - begun) * deadline / seconds
            self._trunks[spec.whole.key] = max(begun, _trunk(reached))
            cut = self._outcome(spec, deadline, work * deadline / seconds, reached, begun * whole)
            self._ends[future] = (self.clock.now + deadline, cut)
        elif seconds > deadline:
            self._ends[future] = (self.clock.now + max(deadline, 0.0), OutOfTime("the time allowed is used up"))
        elif number in self.situation.lost:
            self._ends[future] = (self.clock.now + seconds / 2, WorkerLost("a simulated worker was lost"))
        else:
            if asked < 1:
                self._trunks[spec.whole.key] = max(begun, _trunk(asked))
            ended = self._outcome(spec, seconds, work, asked, begun * whole)
            self._ends[future] = (self.clock.now + seconds, ended)
        return future

    def wait(self, futures: Collection[Future[Outcome]], seconds: float) -> set[Future[Outcome]]:
        """Let time pass until the first trial ends."""
        first = min(futures, key=lambda future: self._ends[future][0])
        at, result = self._ends.pop(first)
        self.clock.now = max(self.clock.now, at)
        if isinstance(result, Exception):
            first.set_exception(result)
        else:
            first.set_result(result)
        return {first}

    def close(self) -> None:
        """Nothing is held."""

    def _learns(self, spec: TrialSpec) -> bool:
        """Whether a trial has steps."""
        return not RecordedLineUp(self.table).closed_form(spec.arm)

    def _outcome(self, spec: TrialSpec, seconds: float, work: float, share: float, before: float) -> Outcome:
        """What is seen of a trial that did a share of its steps, some of them in a run ``before`` that ended early."""
        seconds, work = seconds + before, work + before
        cpu = work if self.situation.busy else seconds
        if spec.arm.key in self.situation.failing:
            return Outcome(Measurement(error="it fails", machine=MACHINE.name), np.empty(0, int), np.empty((0, 0)))
        rows = self.split.test if spec.role == "measuring" else self.split.pool[: max(2, spec.n // 5)]
        labels = self.data.labels[rows]
        probabilities = self.table.predictions(spec.arm, spec.recipe, spec.n, spec.repeat, labels, share)
        steps = RecordedWork(self.table).count(spec.arm, spec.recipe, spec.n, spec.role).steps
        done = max(1, round(share * steps))
        measurement = Measurement(
            value=float((probabilities.argmax(1) == labels).mean()),
            seconds=seconds,
            cpu_seconds=cpu,
            threads=1,
            machine=MACHINE.name,
            n_realised=spec.n,
            n_test=len(rows),
            steps=done,
            steps_planned=steps if done < steps else 0,
        )
        ended = max(1, round(share * spec.recipe.steps))
        early = ended if done < steps and ended != spec.stopped_at else 0
        return Outcome(measurement, rows, probabilities, stopped_at=early)


def _trunk(share: float) -> float:
    """Share of the steps that a run which ends early has in common with the whole one."""
    return share if share >= 1 else (1 - COOLDOWN) * share


def _passing(work: float, start: float, speed: Callable[[float], float]) -> float:
    """Seconds that some work takes from a moment on, in steps of a fiftieth of it."""
    seconds, part = 0.0, work / 50
    for _ in range(50):
        seconds += part * speed(start + seconds)
    return seconds
