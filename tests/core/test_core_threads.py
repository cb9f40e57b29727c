"""How many threads a study computes with."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from headstart.core import threads
from headstart.core.threads import fastest_threads


class Clock:
    """Seconds that pass by the number of threads."""

    def __init__(self, seconds) -> None:
        self.now, self.seconds, self.starts = 0.0, seconds, True

    def __call__(self) -> float:
        if not self.starts:
            self.now += self.seconds[torch.get_num_threads()]
        self.starts = not self.starts
        return self.now


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def set_to(seconds, share=1.0):
        wall = Clock(seconds)
        monkeypatch.setattr(threads, "time", SimpleNamespace(perf_counter=wall, process_time=lambda: share * wall.now))

    return set_to


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({4: 1.0, 2: 1.6, 1: 3.0}, 4),  # nothing else runs
        ({4: 5.0, 2: 3.0, 1: 1.0}, 1),  # the cores are taken
        ({4: 3.0, 2: 1.0, 1: 2.0}, 2),  # half of them are
        ({4: 1.1, 2: 1.2, 1: 1.0}, 4),  # hardly a difference: all of them
    ],
)
def test_the_fastest_number_is_taken(clock, seconds, chosen):
    clock(seconds)
    before = torch.get_num_threads()
    assert fastest_threads(4) == chosen
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("seconds", "chosen"),
    [
        ({2: 0.7, 1: 1.0}, 1),  # two threads ran together by luck
        ({2: 0.4, 1: 1.0}, 2),  # two threads get more than twice the time of one
    ],
)
def test_where_no_core_is_free_more_threads_must_be_twice_as_fast(clock, seconds, chosen):
    clock(seconds, share=0.6)
    assert fastest_threads(2) == chosen


def test_what_the_user_set_stands(clock, monkeypatch):
    clock({4: 5.0, 2: 3.0, 1: 1.0})
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert fastest_threads(4) == 4


def test_one_thread_needs_no_timing():
    assert fastest_threads(1) == 1
