"""The driver: fill the slots, drain them, store, notify; resumable at every point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np

from headstart.core import BundleError, HeadstartError, Measurement, TrialSpec, reason_of
from headstart.studies.budget import Budget
from headstart.studies.executors.base import Executor, WorkerLost
from headstart.studies.interrupts import Interrupts
from headstart.studies.journal import Journal
from headstart.studies.models import ModelShelf
from headstart.studies.observer import Observer
from headstart.studies.planners.base import SHORTENED, Drop, Plan, Planner, Stop
from headstart.studies.prices.model import PriceModel
from headstart.studies.state import Dropped, StudyState
from headstart.studies.store import Store
from headstart.training import Outcome, OutOfTime

LOSSES = 2  # workers that one trial may lose before it counts as failed
LOOKS, LEFT_FOR_A_LOOK = 3, 0.2  # further looks at the machine, and the share of the budget that must be left
PATIENCE = 1.0  # seconds between two looks at running trials


@dataclass(frozen=True)
class _Running:
    """A trial in flight: since when, and the wall time predicted for it."""

    spec: TrialSpec
    started: float
    predicted: float


class Driver:
    """Runs a study's trials.

    Args:
        state: The study as it stands.
        store: Where trials are kept.
        journal: Keeps the record.
        prices: Learn from each trial.
        planner: Chooses trials.
        executor: Runs them.
        shelf: Keeps models.
        observer: Receives what happens.
        after_trial: Called with the state when a trial is stored.
        look_again: Called when nothing fits any more while much time is left: prices may have been those of a busy
            machine. Gives another state to plan from, or None.

    Attributes:
        interrupted: Whether the user asked to stop.
    """

    def __init__(
        self,
        state: StudyState,
        store: Store,
        journal: Journal,
        prices: PriceModel,
        planner: Planner,
        executor: Executor,
        shelf: ModelShelf,
        observer: Observer,
        after_trial: Callable[[StudyState], None] = lambda _: None,
        look_again: Callable[[StudyState], StudyState | None] = lambda _: None,
    ) -> None:
        self.state, self.store, self.journal, self.prices = state, store, journal, prices
        self.planner, self.executor, self.shelf, self.observer = planner, executor, shelf, observer
        self.after_trial, self.look_again = after_trial, look_again
        self._looks = 0
        self._tried_anyway = False
        self.interrupted = False
        self._running: dict[Future[Outcome], _Running] = {}
        self._losses: Counter[str] = Counter()
        self._said_busy = False

    @property
    def budget(self) -> Budget:
        """The clock."""
        return self.journal.budget

    def plan(self, keep_back: float = 0.0) -> Plan:
        """Let the planner say what it will do, and store that."""
        plan = self.planner.plan(self.state, self.budget.left - keep_back)
        self._record(plan=plan.model_dump(mode="json"), planner=self.planner.name)
        return plan

    def run(self, keep_back: float = 0.0) -> None:
        """Run trials until nothing that is useful fits into the time that is left, or the user stops.

        Args:
            keep_back: Seconds to leave for what comes after.
        """
        self.observer.stage("measuring")
        with Interrupts(self._note_interrupt) as interrupts:
            while True:
                while len(self._running) < self.executor.slots and not interrupts.asked:
                    step = self.planner.suggest(self.state, self.budget.left - keep_back, self._specs)
                    if isinstance(step, Stop):
                        step = self._first_answer() or step
                    if isinstance(step, Drop):
                        self._drop(step)
                    elif isinstance(step, Stop):
                        break
                    else:
                        self._start(step, keep_back)
                if self._running:
                    self._drain()
                elif interrupts.asked or not self._plan_again(keep_back):
                    break
        self.interrupted = interrupts.asked

    def _first_answer(self) -> TrialSpec | None:
        """The cheapest trial there is, once, where no price fits and nothing was tried: prices of a few steps err."""
        state = self.state
        if self._running or self._tried_anyway or self.budget.left <= 0 or not state.alive:
            return None
        if state.evidence.table.trials():
            return None
        self._tried_anyway = True
        n = min(state.grid)
        arm = min(state.alive, key=lambda arm: state.default_seconds(arm, n))
        return state.spec(arm, state.line_up.recipes(arm, n)[0], n)

    def _plan_again(self, keep_back: float) -> bool:
        """Look at the machine once more while much of the time is left, and plan again if it has become faster."""
        if self._looks >= LOOKS or self.budget.left < LEFT_FOR_A_LOOK * self.budget.seconds:
            return False
        self._looks += 1
        state = self.look_again(self.state)
        if state is None:
            return False
        self.state = state
        self.plan(keep_back)
        return True

    @property
    def _specs(self) -> tuple[TrialSpec, ...]:
        return tuple(running.spec for running in self._running.values())

    def _start(self, spec: TrialSpec, keep_back: float) -> None:
        """Start a trial; one that can end early does so before it takes what the planner keeps for the model."""
        predicted, deadline = self.state.seconds(spec), self.budget.left - keep_back / 2
        elastic = spec.role == "measuring" and spec.recipe.steps > 0
        kept = getattr(self.planner, "kept", None) if elastic else None
        reserve = kept(self.state, spec, deadline) if kept is not None else 0.0
        if SHORTENED * predicted + reserve <= deadline:
            deadline -= reserve
        self.observer.trial_started(spec, predicted)
        started = self.budget.spent
        future = self.executor.submit(spec, deadline)
        self._running[future] = _Running(spec, started, predicted)

    def _drain(self) -> None:
        """Wait for a trial to end, and settle every one that has."""
        for future in self.executor.wait(self._running, PATIENCE):
            running = self._running.pop(future)
            try:
                outcome = future.result()
            except OutOfTime as reason:
                self.observer.note(f"{running.spec.arm.name} at n = {running.spec.n:,} stopped: {reason}")
            except WorkerLost as lost:
                self._lose(running, lost)
            except HeadstartError as trouble:
                self._settle(running, _failure(reason_of(trouble)))
            else:
                self._settle(running, outcome)
        for running in self._running.values():
            self.prices.overdue(running.spec, self.budget.spent - running.started)

    def _settle(self, running: _Running, outcome: Outcome) -> None:
        """Store a finished trial, then everything that follows from it."""
        spec, ended = outcome.spec_of(running.spec), self.budget.spent
        trial = self.store.add(spec, outcome, running.started, ended)
        try:
            self.shelf.take(trial, self.store.trials())
        except BundleError as trouble:
            self._event(str(trouble))
        self.prices.observe(spec, outcome.measurement)
        self._record(rates=self.prices.rates.model_dump(mode="json"))
        self._report_busy()
        value = outcome.measurement.value
        if spec.role == "measuring" and trial.succeeded:
            value = self.state.evidence.value(trial)
        self.observer.trial_ended(spec, outcome.measurement, value, ended - running.started)
        for note in outcome.measurement.notes:
            self.observer.note(note)
        if spec.role == "measuring":
            self._show_leaders(spec.n)
        self.after_trial(self.state)

    def _lose(self, running: _Running, lost: WorkerLost) -> None:
        """List a lost worker; its trial runs again, unless it is what ends workers."""
        spec = running.spec
        self._losses[spec.key] += 1
        self._event(f"{lost.fact} during {spec.arm.name} at n = {spec.n:,}")
        if self._losses[spec.key] >= LOSSES:
            self._settle(running, _failure(f"{lost.fact}, {LOSSES} times: perhaps the memory did not suffice"))

    def _drop(self, step: Drop) -> None:
        dropped = {**self.state.record.dropped, step.arm.key: Dropped(reason=step.reason, lasting=step.lasting)}
        self._record(dropped=dropped)
        self.observer.note(f"{step.arm.name} left out: {step.reason}")

    def _event(self, text: str) -> None:
        self._record(events=(*self.state.record.events, text))
        self.observer.note(text)

    def _record(self, **values: object) -> None:
        self.state = replace(self.state, record=self.journal.update(**values))

    def _report_busy(self) -> None:
        busy = self.prices.busy
        if busy is not None and not self._said_busy:
            self._said_busy = True
            self._event(f"the machine is busy: trials take about {busy:.1f} x the time they would alone")

    def _note_interrupt(self) -> None:
        running = "this trial" if len(self._running) < 2 else f"the {len(self._running)} running trials"
        self.observer.note(f"stopping after {running}; Ctrl-C again to stop now")

    def _show_leaders(self, n: int) -> None:
        draws = self.state.evidence.draws(n, part="judge")
        if draws is None:
            return
        names = {arm.key: arm.name for arm in self.state.arms}
        rows = []
        for index in np.argsort(-draws.estimates):
            low, high = draws.interval(draws.arms[index])
            rows.append((names[draws.arms[index]], n, float(draws.estimates[index]), (high - low) / 2))
        self.observer.leaderboard(rows)


def _failure(reason: str) -> Outcome:
    nothing = np.empty((0, 0), dtype=np.float32)
    return Outcome(Measurement(error=reason), np.empty(0, dtype=np.int64), nothing)
