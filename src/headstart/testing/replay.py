"""Plays a study on a recorded table in simulated seconds: the real driver, store, prices and evidence, no training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from headstart.core import Measurement, TrialSpec
from headstart.data import Split
from headstart.studies.budget import Budget
from headstart.studies.driver import Driver
from headstart.studies.evidence import Evidence
from headstart.studies.journal import Journal
from headstart.studies.planners.base import SHORTENED, Drop, Plan, Planner, Step
from headstart.studies.prices.model import PriceModel
from headstart.studies.settings import StudySettings
from headstart.studies.spec import SpecMaker
from headstart.studies.state import Dropped, StudyRecord, StudyState
from headstart.studies.trials import Trial
from headstart.testing.recorded import UNITS, RecordedLineUp, RecordedTable, RecordedWork
from headstart.testing.simulated import MACHINE, SimulatedClock, SimulatedExecutor, Situation
from headstart.training import Outcome

TIMING_SECONDS = 0.5  # simulated seconds that a look at one arm takes
MOST_STEPS = 20_000  # suggestions after which a planner counts as endless


@dataclass
class Replay:
    """What a replayed study did.

    Attributes:
        state: At its end.
        plan: The first one.
        steps: What the planner answered, with the seconds that were left.
        spent: Simulated seconds.
        driver: That ran it.
    """

    state: StudyState
    plan: Plan
    steps: list[tuple[Step, float]]
    spent: float
    driver: Driver

    @property
    def measured_sides(self) -> set[str]:
        """Sides of the comparison with at least one measurement."""
        return {trial.spec.arm.paradigm for trial in self.state.evidence.trials(role="measuring")}


def replay(
    table: RecordedTable,
    planner: Planner,
    budget: float,
    situation: Situation | None = None,
    *,
    seed: int = 0,
    earlier: MemoryStore | None = None,
    margin: float | None = 0.01,
) -> Replay:
    """Play a study.

    Args:
        table: What trials would show.
        planner: Chooses them.
        budget: Simulated seconds.
        situation: The machine; the recording one if not given.
        seed: Of the study.
        earlier: The store of an earlier replay, to go on from.
        margin: What difference matters.

    Raises:
        AssertionError: The planner does not end.
    """
    situation = situation or Situation()
    clock = SimulatedClock()
    store = earlier or MemoryStore()
    settings = StudySettings(
        source="recorded",
        task="recorded",
        metric="accuracy",
        margin=margin,
        seed=seed,
        candidates=tuple(one.arm.candidate for one in table.arms),
        strategies=tuple(dict.fromkeys(one.arm.strategy for one in table.arms)),
        data_fingerprint="recorded",
        budget_seconds=budget,
    )
    known = store.kept or StudyRecord(created="", settings=settings, dtype="float32")
    looks = known.looks + (store.kept is not None)
    record = known.model_copy(update={"settings": settings, "dropped": _lasting(known), "looks": looks})
    journal = Journal(store, record, Budget(budget, record.spent_seconds, 0.0, clock))
    data, split = _data(table)
    line_up, counter = RecordedLineUp(table), RecordedWork(table)
    prices = PriceModel(counter, MACHINE)
    evidence = Evidence(
        settings,
        data,
        (split,),
        line_up.arms,
        store,
        lambda: {key: why.reason for key, why in journal.record.dropped.items() if why.lasting},
    )
    maker = SpecMaker(
        seed=seed,
        dtype="float32",
        threads=1,
        data_fingerprint="recorded",
        folds=1,
        weights={one.arm.candidate: "recorded" for one in table.arms},
        input_sizes={one.arm.candidate: 1 for one in table.arms},
    )
    state = StudyState(record, line_up, evidence, prices, maker, _grid(table))
    for trial in store.trials():
        prices.observe(trial.spec, trial.measurement)

    def look(state: StudyState) -> StudyState | None:
        return _time_arms(state, prices, journal, situation, clock)

    _time_arms(state, prices, journal, situation, clock)
    watched = _Watched(planner)
    executor = SimulatedExecutor(table, data, split, situation, clock)
    driver = Driver(
        replace(state, record=journal.update()),
        store,  # type: ignore[arg-type]
        journal,
        prices,
        watched,
        executor,
        _NoShelf(),  # type: ignore[arg-type]
        _Silent(),
        look_again=look,
    )
    plan = driver.plan()
    driver.run()
    return Replay(driver.state, plan, watched.steps, journal.budget.spent, driver)


@dataclass
class MemoryStore:
    """Trials and record of a replayed study.

    Attributes:
        kept: The record as it was stored last.
    """

    kept: StudyRecord | None = None
    _trials: dict[str, Trial] = field(default_factory=dict)
    _arrays: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def set_record(self, record: StudyRecord) -> None:
        """Keep the record."""
        self.kept = record

    def trials(self) -> list[Trial]:
        """Every trial in the order in which they ended."""
        return list(self._trials.values())

    def predictions(self, key: str) -> tuple[np.ndarray, np.ndarray]:
        """Example indices (M,) and probabilities (M, classes)."""
        return self._arrays[key]

    def add(self, spec: TrialSpec, outcome: Outcome, started: float, ended: float) -> Trial:
        """Keep a finished trial."""
        trial = Trial(spec, outcome.measurement, started, ended)
        self._trials[spec.key] = trial
        self._arrays[spec.key] = (outcome.measured, outcome.probabilities)
        return trial


class _Watched:
    """A planner whose answers are checked and kept."""

    def __init__(self, planner: Planner) -> None:
        self.planner, self.name = planner, planner.name
        self.steps: list[tuple[Step, float]] = []

    def plan(self, state: StudyState, seconds: float) -> Plan:
        return self.planner.plan(state, seconds)

    def suggest(self, state: StudyState, seconds: float, running: Sequence[TrialSpec]) -> Step:
        before = state.record.to_json()
        step = self.planner.suggest(state, seconds, running)
        assert state.record.to_json() == before, "the planner changed the state that it was given to read"
        if isinstance(step, TrialSpec):
            known = {trial.key for trial in state.evidence.table.trials()} | {spec.key for spec in running}
            assert step.key not in known, f"{step.arm.key} at {step.n} was suggested although it is done or running"
            needed = state.seconds(step) * (1.0 if state.closed_form(step.arm) or step.role == "tuning" else SHORTENED)
            assert needed <= seconds + 1e-6, f"a trial of {needed:.1f} s was suggested with {seconds:.1f} s left"
        elif isinstance(step, Drop):
            assert step.arm in state.alive, f"{step.arm.key} was dropped twice"
        self.steps.append((step, seconds))
        assert len(self.steps) < MOST_STEPS, "the planner does not end"
        return step

    def kept(self, state: StudyState, spec: TrialSpec, seconds: float) -> float:
        kept = getattr(self.planner, "kept", None)
        return kept(state, spec, seconds) if kept is not None else 0.0


class _NoShelf:
    def take(self, trial: Trial, trials: object) -> None:
        """A replay trains no models."""


class _Silent:
    def stage(self, text: str) -> None: ...

    def trial_started(self, spec: TrialSpec, predicted_seconds: float) -> None: ...

    def trial_ended(self, spec: TrialSpec, measurement: Measurement, value: float, seconds: float) -> None: ...

    def steps(self, done: int, total: int) -> None: ...

    def note(self, text: str) -> None: ...

    def leaderboard(self, rows: list[tuple[str, int, float, float]]) -> None: ...


@dataclass(frozen=True)
class _Data:
    """What evidence reads of a data set."""

    labels: np.ndarray
    groups: np.ndarray
    class_names: tuple[str, ...]
    ids: list[str]
    findings: tuple[object, ...] = ()
    has_test: bool = True
    has_groups: bool = False
    texts: None = None
    images: None = None


def _data(table: RecordedTable) -> tuple[Any, Split]:
    total = table.pool + table.tested
    labels = np.arange(total) % table.classes
    data = _Data(
        labels,
        np.arange(total),
        tuple(f"class {label}" for label in range(table.classes)),
        [f"example {row}" for row in range(total)],
    )
    return data, Split(0, np.arange(table.pool), np.arange(table.pool, total))


def _grid(table: RecordedTable) -> tuple[int, ...]:
    sizes, smallest = [table.pool], max(20, int(max(one.sizes[0] for one in table.arms)))
    while sizes[-1] // 2 >= smallest:
        sizes.append(sizes[-1] // 2)
    return tuple(sizes)


def _lasting(record: StudyRecord) -> Mapping[str, Dropped]:
    return {key: why for key, why in record.dropped.items() if why.lasting}


def _time_arms(
    state: StudyState, prices: PriceModel, journal: Journal, situation: Situation, clock: SimulatedClock
) -> StudyState | None:
    """A look at every arm that no finished trial has priced; says whether anything became cheaper."""
    cheaper = False
    for arm in state.arms:
        if prices.proven(arm):
            continue
        slow = situation.speed(clock.now)
        before = prices.step_seconds(arm, 1)
        prices.forget(arm)
        prices.learn("train", arm.key, 1, slow / UNITS, (1.0 if situation.busy else slow) / UNITS)
        clock.now += TIMING_SECONDS * slow
        cheaper |= prices.step_seconds(arm, 1) < before / 1.5
    if not cheaper:
        return None
    return replace(state, record=journal.update(dropped=_lasting(journal.record), plan=None))
