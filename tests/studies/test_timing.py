"""What a look at the machine makes of passes that are disturbed or pay for warming up."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from headstart.core import Arm, Recipe
from headstart.studies.prices import timing

PROBE = Arm(candidate="net", strategy="linear_probe", paradigm="transfer")


class Clock:
    """Wall and processor time that only a network moves on."""

    def __init__(self):
        self.wall = self.processor = 0.0

    def perf_counter(self):
        return self.wall

    def process_time(self):
        return self.processor


class Frozen:
    """Passes that take what a list says, the last entry for all that follow; half of it on the processor."""

    def __init__(self, clock, passes):
        self.clock, self.passes, self.seen = clock, passes, 0

    def parameters(self):
        return iter([torch.zeros(1)])

    def features(self, **batch):
        took = self.passes[min(self.seen, len(self.passes) - 1)]
        self.seen += 1
        self.clock.wall += took
        self.clock.processor += took / 2


@pytest.fixture
def priced(monkeypatch):
    """Seconds and processor seconds of an example, and how many passes were made."""

    def look(*passes):
        clock, learnt = Clock(), {}
        network = Frozen(clock, passes)
        inputs = SimpleNamespace(lengths=np.ones(100, dtype=int), batch=lambda rows: {})
        worker = SimpleNamespace(
            candidates={"net": SimpleNamespace(family="own")},
            reader=lambda name: network,
            frozen=lambda name: network,
            inputs=lambda name: inputs,
            features=lambda name, rows: None,
        )
        prices = SimpleNamespace(
            learn=lambda kind, name, batch, seconds, cpu=0.0: learnt.update({kind: (seconds, cpu)}),
            knows=lambda arm: True,
        )
        facts = SimpleNamespace(forward_flops=1.0, parameters=1)
        monkeypatch.setattr(timing, "time", clock)
        monkeypatch.setattr(timing, "block_starts", lambda inputs, order, device: np.asarray([0]))
        monkeypatch.setattr(timing, "measure_facts", lambda network, batch: facts)
        timing.time_arm(prices, PROBE, Recipe(), worker, np.arange(100))
        return *(timing.SAMPLE * one for one in learnt["embed"]), network.seen

    return look


def test_the_pass_that_pays_for_warming_up_is_not_the_price_of_a_frozen_network(priced):
    seconds, processor, passes = priced(0.30, 0.05)
    assert seconds == pytest.approx(0.05)
    assert processor == pytest.approx(0.025)
    assert passes > 5


def test_a_pass_that_something_else_disturbed_is_not_either(priced):
    assert priced(0.1, 0.1, 0.9, 0.1, 0.1, 0.1)[0] == pytest.approx(0.1)
    assert priced(0.1, 0.05, 0.05, 0.15, 0.05, 0.05, 0.15, 0.05)[0] == pytest.approx(0.05)


def test_a_network_that_takes_seconds_is_looked_at_once(priced):
    seconds, _, passes = priced(3.0, 2.0)
    assert seconds == pytest.approx(3.0)
    assert passes == 1
