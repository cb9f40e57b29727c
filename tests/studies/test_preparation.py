"""What a study looks at before its plan, and what a kill in the middle of it costs."""

from types import SimpleNamespace

import pytest

from headstart.core import Arm, probe_hardware
from headstart.studies import Budget, Journal, Preparation, StrategyLineUp, StudyRecord, StudySettings, StudyState
from headstart.studies.prices import PriceModel, Rates, WorkCounter, this_machine
from headstart.studies.prices.timing import time_arm
from headstart.training import Worker

NAMES = ("builtin:tfidf", "builtin:compact-text")
ARMS = tuple(Arm(candidate=name, strategy="from_scratch", paradigm="scratch") for name in NAMES)


class Kept:
    """A store that keeps nothing but the record."""

    def __init__(self) -> None:
        settings = StudySettings(
            source="s",
            task="text-classification",
            metric="accuracy",
            margin=0.01,
            seed=0,
            candidates=(),
            weights=(),
            strategies=(),
            data_fingerprint="d",
            budget_seconds=100.0,
        )
        self.record = StudyRecord(created="2026-01-01", dtype="float32", settings=settings)

    def set_record(self, record: StudyRecord) -> None:
        self.record = record


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def look_with(text_bench, kept):
    """Look at the machine with a budget, as a run does that finds what is kept."""

    def look(budget: Budget) -> tuple[StudyState, PriceModel]:
        line_up = StrategyLineUp(ARMS, text_bench.candidates, 2, True)
        worker = Worker(text_bench)
        counter = WorkCounter(text_bench, line_up, 2, worker.to_embed)
        stored = Rates.model_validate(kept.record.rates) if kept.record.rates else None
        prices = PriceModel(counter, this_machine(probe_hardware()), 1, stored)
        observer = SimpleNamespace(stage=lambda _: None, note=lambda _: None)
        evidence = SimpleNamespace(table=SimpleNamespace(trials=list))
        look.preparation = preparation = Preparation(
            worker, Journal(kept, kept.record, budget), prices, counter, observer
        )
        state = StudyState(kept.record, line_up, evidence, prices, None, (96, 48))
        return preparation.look(state), prices

    return look


def test_what_was_timed_before_a_kill_is_not_timed_again(look_with, kept, monkeypatch):
    timed = []

    def killed(prices, arm, *words):
        if timed:
            raise KeyboardInterrupt
        timed.append(arm)
        return time_arm(prices, arm, *words)

    monkeypatch.setattr("headstart.studies.preparation.time_arm", killed)
    with pytest.raises(KeyboardInterrupt):
        look_with(Budget(100.0))
    again = []
    monkeypatch.setattr("headstart.studies.preparation.time_arm", lambda prices, arm, *words: again.append(arm))
    look_with(Budget(100.0))
    assert timed == [ARMS[0]]
    assert again
    assert ARMS[0] not in again


def test_a_run_without_time_left_times_nothing(look_with):
    state, prices = look_with(Budget(100.0, before=100.0))
    assert not any(prices.knows(arm) for arm in ARMS)
    assert {why.reason for why in state.record.dropped.values()} == {"no time was left to look at it"}


def test_seconds_of_looking_count_at_once(look_with, kept):
    look_with(Budget(100.0, before=7.0))
    assert kept.record.spent_seconds > 7.0


def test_a_slow_look_leaves_time_for_trials_and_begins_with_what_costs_least(look_with, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    looked = []

    def slow(prices, arm, *words):
        clock.now += 50.0
        looked.append(arm.candidate)
        prices.learn("fit", arm.key, 0, 1.0)

    monkeypatch.setattr("headstart.studies.preparation.time_arm", slow)
    state, _ = look_with(Budget(100.0, started=0.0, clock=lambda: clock.now))
    assert looked == ["builtin:tfidf"]  # without gradient descent
    assert [key for key in state.record.dropped] == [ARMS[1].key]
    assert clock.now < 100.0


def test_an_arm_that_was_not_looked_at_is_when_time_is_left(look_with, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    seconds = 50.0

    def slow(prices, arm, *words):
        clock.now += seconds
        prices.learn("train" if arm == ARMS[1] else "fit", arm.key, 16, 1.0)

    monkeypatch.setattr("headstart.studies.preparation.time_arm", slow)
    state, prices = look_with(Budget(100.0, started=0.0, clock=lambda: clock.now))
    assert ARMS[1].key in state.record.dropped
    seconds = 1.0
    again = look_with.preparation.look_again(state)
    assert again is not None
    assert not again.record.dropped
    assert prices.knows(ARMS[1])
