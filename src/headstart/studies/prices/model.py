"""Predicted seconds of trials: counted work times rates that every finished trial corrects, in either direction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from headstart.core import Arm, Measurement, Recipe, Record, Role, TrialSpec
from headstart.studies.prices.machine import Machine
from headstart.studies.prices.work import ArmWork, CountsWork

SAFETY = 1.15  # machines are shared: predictions lean to the long side
FIXED_SECONDS = 0.5  # building, saving and storing
FIXED_EXAMPLES = 10  # examples that take as long as what is the same for every step (small networks on two cores: 8-20)
NEWEST = 0.7  # weight of a finished trial against what was known before, in the logarithm
SHIFTED = 1.5  # an arm that is off by more than this factor, after it was right, says something about the machine
BUSY = 1.5  # wall time over what the same processor time takes alone, from which on the machine counts as busy
LONG = 1.0  # seconds of a trial from which on its processor time is compared with its wall time
Kind = Literal["train", "fit", "embed", "predict"]


class Rate(Record):
    """Seconds for one unit of work, as if nothing else ran.

    Attributes:
        seconds: Wall-clock, on the machine alone.
        use: Processor seconds a wall-clock second and thread, the most that was seen; 0 where that was not measured.
        drift: The model's drift when this was learnt.
        finished: Whether a whole trial stands behind it, rather than a few timed steps.
    """

    seconds: float
    use: float = 0.0
    drift: float = 1.0
    finished: bool = False


class Rates(Record):
    """What a price model has learnt, as a study stores it.

    Attributes:
        machine: Where it was learnt.
        by_work: Rates by kind of work, arm or candidate, and batch size.
        work: Operations of arms, by key.
        drift: Speed of the machine now against that of the first measurements, beyond what other work explains.
        slowdown: Wall time over what the same processor time takes alone, last seen.
    """

    machine: str
    by_work: Mapping[str, Rate] = {}
    work: Mapping[str, ArmWork] = {}
    drift: float = 1.0
    slowdown: float = 1.0


class PriceModel:
    """Prices trials, and learns from those that ended.

    Prices rest on processor time, which other work on the machine hardly changes, times the slowdown that was seen
    last. What is left - a machine that throttles, a quota - moves the prices of all arms when arms whose price was
    right before are off.

    Args:
        counter: Counts the work of a trial.
        machine: Where trials run.
        threads: Of a trial.
        stored: What was learnt in earlier runs; ignored if that was another machine.
    """

    def __init__(self, counter: CountsWork, machine: Machine, threads: int = 1, stored: Rates | None = None) -> None:
        self.counter, self.machine, self.threads = counter, machine, threads
        known = stored if stored is not None and stored.machine == machine.name else Rates(machine=machine.name)
        self._rates = dict(known.by_work)
        self.drift, self.slowdown = known.drift, known.slowdown

    @property
    def rates(self) -> Rates:
        """What was learnt, to be stored."""
        return Rates(
            machine=self.machine.name,
            by_work=dict(self._rates),
            work=dict(self.counter.arms),
            drift=self.drift,
            slowdown=self.slowdown,
        )

    @property
    def busy(self) -> float | None:
        """How many times longer work takes than it would alone; None where the machine is not busy."""
        return self.slowdown if self.slowdown >= BUSY else None

    def knows(self, arm: Arm) -> bool:
        """Whether anything of an arm was timed."""
        return any(key.split("|")[1] == arm.key for key in self._rates if key.startswith(("train", "fit")))

    def proven(self, arm: Arm) -> bool:
        """Whether a whole trial stands behind an arm's price."""
        return any(rate.finished for key, rate in self._rates.items() if key.startswith(f"train|{arm.key}|"))

    def forget(self, arm: Arm) -> None:
        """Forget what was timed of an arm's steps."""
        for key in [key for key in self._rates if key.startswith((f"train|{arm.key}|", f"predict|{arm.key}|"))]:
            del self._rates[key]

    def timed(self, arm: Arm, batch_size: int) -> bool:
        """Whether an arm was timed at this batch size."""
        return _key("train", arm.key, batch_size) in self._rates

    def step_seconds(self, arm: Arm, batch_size: int) -> float:
        """Seconds of one step with a batch, as far as is known; 0 if nothing is."""
        return batch_size * self._rate("train", arm.key, batch_size) * self.slowdown

    def learn(self, kind: Kind, name: str, batch_size: int, seconds: float, cpu_seconds: float = 0.0) -> None:
        """Learn a rate from a few timed units, each of which took so long."""
        self._learn(_key(kind, name, batch_size), seconds, cpu_seconds / seconds if seconds else 0.0, finished=False)

    def seconds(self, arm: Arm, recipe: Recipe, n: int, role: Role = "measuring") -> float:
        """Predicted wall-clock seconds of a trial."""
        work = self.counter.count(arm, recipe, n, role)
        alone = (
            work.trained * self._rate("train", arm.key, work.batch_size)
            + work.fitted * self._rate("fit", arm.key)
            + work.embedded * self._rate("embed", arm.candidate)
            + work.predicted * self._rate("predict", arm.key)
        )
        return SAFETY * alone * self.slowdown + FIXED_SECONDS

    def project(self, arm: Arm, recipe: Recipe, n: int, machine: Machine, dtype: str) -> float | None:
        """Seconds of a trial on another machine, if it is used to the same share of its rate; None without a count."""
        work = self.counter.count(arm, recipe, n, "measuring")
        if not work.flops:
            return None
        here = self.seconds(arm, recipe, n) / SAFETY
        return here * self.machine.rate(dtype) / machine.rate(dtype)

    def observe(self, spec: TrialSpec, measurement: Measurement) -> None:
        """Correct the rates of an arm by a finished trial that ran on this machine."""
        if not measurement.succeeded or measurement.machine not in ("", self.machine.name):
            return
        arm, n, latency = spec.arm, measurement.n_realised, measurement.latency
        work = self.counter.count(arm, spec.recipe, n or spec.n, spec.role)
        learning = max(measurement.seconds - latency * measurement.n_test, 0.0)  # its seconds hold both
        long = measurement.seconds >= LONG  # a short one says little about other work on the machine
        use = measurement.cpu_seconds / measurement.seconds if long else 0.0
        if work.predicted and latency:
            self._learn(_key("predict", arm.key), latency, use, finished=True)
        if work.steps and learning:
            steps = measurement.steps or work.steps
            unit = learning / (steps * min(work.batch_size, n or spec.n))
            self._learn(_key("train", arm.key, work.batch_size), unit, use, finished=True, drifts=long)
        elif work.fitted and learning:
            self._learn(_key("fit", arm.key), learning / work.fitted, use, finished=True)

    def overdue(self, spec: TrialSpec, seconds: float) -> None:
        """Take a running trial into account that has taken longer than predicted."""
        predicted = self.seconds(spec.arm, spec.recipe, spec.n, spec.role)
        if seconds > SHIFTED * predicted:
            self.drift *= seconds / predicted

    def _learn(self, key: str, seconds: float, use: float, *, finished: bool, drifts: bool = False) -> None:
        """Learn seconds a unit, during which ``use`` processor seconds a second were spent.

        What says something about the machine is a long run of steps, which are all alike; fits without gradient
        descent are short, and do not take twice the time with twice the labels.
        """
        known = self._rates.get(key)
        share = use / self.threads
        most = max(share, known.use if known else 0.0)
        slowdown = most / share if share > 0 else 1.0
        if share > 0:
            self.slowdown = slowdown
        alone = seconds / slowdown
        if known is not None and known.use and most > known.use:
            known = known.model_copy(update={"seconds": known.seconds * known.use / most})  # it was busy before
        if known is not None and known.finished and finished:
            ratio = alone / (known.seconds * self.drift / known.drift)
            if drifts and not 1 / SHIFTED < ratio < SHIFTED:
                self.drift *= math.sqrt(ratio)
            before = known.seconds * self.drift / known.drift
            alone = math.exp(NEWEST * math.log(alone) + (1 - NEWEST) * math.log(max(before, 1e-12)))
        self._rates[key] = Rate(
            seconds=max(alone, 1e-12), use=most, drift=self.drift, finished=finished or bool(known and known.finished)
        )

    def _rate(self, kind: Kind, name: str, batch_size: int = 0) -> float:
        """Seconds a unit, at this batch size or from what is known of others; 0 if nothing is."""
        rate = self._rates.get(_key(kind, name, batch_size))
        if rate is None and batch_size:
            return self._between(f"{kind}|{name}|", batch_size)
        return 0.0 if rate is None else rate.seconds * self.drift / rate.drift

    def _between(self, prefix: str, batch_size: int) -> float:
        """Seconds an example at a batch size that was not timed: a step takes a fixed time and some for each example.

        Between two sizes that were timed, steps are on a line; beyond them :data:`FIXED_EXAMPLES` says how they scale.
        """
        rates = {int(key.rpartition("|")[2]): rate for key, rate in self._rates.items() if key.startswith(prefix)}
        steps = {size: size * rate.seconds * self.drift / rate.drift for size, rate in rates.items()}
        if not steps:
            return 0.0
        below, above = [size for size in steps if size < batch_size], [size for size in steps if size > batch_size]
        if below and above:
            low, high = max(below), min(above)
            share = (batch_size - low) / (high - low)
            return ((1 - share) * steps[low] + share * steps[high]) / batch_size
        nearest = max(below) if below else min(above)
        return steps[nearest] * (FIXED_EXAMPLES + batch_size) / (FIXED_EXAMPLES + nearest) / batch_size


def _key(kind: Kind, name: str, batch_size: int = 0) -> str:
    return f"{kind}|{name}|{batch_size}"
