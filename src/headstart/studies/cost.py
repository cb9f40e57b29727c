"""What a trial will cost, before it starts: measured rates times counted work."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from headstart.core import Arm, Measurement, Recipe
from headstart.models import build
from headstart.strategies import FitHead, Moving, Train, get_strategy
from headstart.studies.store import now
from headstart.training import LoopOptions, TrialContext, train

SAFETY = 1.15  # machines are shared: predictions lean to the long side
FEWEST_STEPS, TIMED_STEPS = 2, 7
PATIENCE = 4.0  # seconds a step may take before one of it is enough to time
FIXED_SECONDS = 0.5  # building, saving and storing


@dataclass
class CostModel:
    """Rates by arm, learnt from a few timed steps and corrected by every finished trial.

    Attributes:
        train_rate: Seconds per example and step, by arm and batch size: small batches cost more an example.
        predict_rate: Seconds per predicted example.
        embed_rate: Seconds per example through a frozen network, by candidate.
        fit_rate: Seconds per label of convex fits.
    """

    train_rate: dict[tuple[str, int], float] = field(default_factory=dict)
    predict_rate: dict[str, float] = field(default_factory=dict)
    embed_rate: dict[str, float] = field(default_factory=dict)
    fit_rate: dict[str, float] = field(default_factory=dict)

    def time_arm(
        self, arm: Arm, recipe: Recipe, context: TrialContext, rows: np.ndarray, patience: float = PATIENCE
    ) -> None:
        """Time a few real steps (or one real batch through a frozen network) of an arm.

        Args:
            arm: What to time.
            recipe: Its recipe at a typical size; only batch size and augmentation matter.
            context: Data and caches.
            rows: Examples to take batches from.
            patience: Seconds that the steps beyond the first should take at most.
        """
        candidate = context.candidates[arm.candidate]
        strategy = get_strategy(arm.strategy)
        phases = strategy.phases(candidate.family)
        moving = [phase for phase in phases if not isinstance(phase, FitHead)]
        if candidate.family == "tfidf":
            self.fit_rate.setdefault(arm.key, 2e-3)
            self.predict_rate.setdefault(arm.key, 3e-4)
            return
        inputs = context.inputs(candidate.name)
        if not moving:
            network = context.frozen(candidate.name)
            sample = np.sort(np.random.default_rng(0).choice(rows, min(64, len(rows)), replace=False))
            context.features(candidate.name, sample[:2])  # the first pass pays for warming up
            start = now()
            batch = inputs.batch(sample)
            with torch.inference_mode():
                network.features(**{name: value.to(next(network.parameters()).device) for name, value in batch.items()})
            self.embed_rate[candidate.name] = (now() - start) / len(sample)
            self.fit_rate.setdefault(arm.key, 1e-4)
            return
        phase = Train(Moving()) if strategy.grows else moving[-1]  # the one in which most moves
        network = build(candidate, context.data.class_names, weights=strategy.weights, seed=0)
        network = strategy.prepare(network, recipe, 0)
        stamps: list[float] = []

        def run(steps: int) -> None:
            options = LoopOptions(
                precision=context.hardware.dtype, stop_after=steps, on_step=lambda *_: stamps.append(now())
            )
            train(network, inputs, context.data.labels, rows, phase, recipe, 0, options)

        start = now()
        run(1)  # pays for warming up as well
        seconds = stamps.pop() - start
        if seconds < PATIENCE:
            run(1 + int(np.clip(patience / seconds, FEWEST_STEPS, TIMED_STEPS)))
            seconds = float(np.median(np.diff(stamps)))  # a step that something else disturbed does not count
        rate = seconds / min(recipe.batch_size, len(rows))
        self.train_rate[arm.key, recipe.batch_size] = rate
        # backward costs twice the forward pass
        predicting = rate / 3 * len(strategy.members(recipe))
        self.predict_rate[arm.key] = min(predicting, self.predict_rate.get(arm.key, predicting))

    def rate(self, arm: Arm, batch_size: int) -> float:
        """Seconds per example and step at a batch size, or at the nearest one that is known; 0 if none is."""
        known = {size: rate for (key, size), rate in self.train_rate.items() if key == arm.key}
        if not known:
            return 0.0
        return known[min(known, key=lambda size: abs(size - batch_size))]

    def predict(self, arm: Arm, recipe: Recipe, n: int, measured: int, context: TrialContext, embed: int = 0) -> float:
        """Seconds that a trial will take.

        Args:
            arm: What trains.
            recipe: With its steps.
            n: Labels learnt from.
            measured: Examples predicted afterwards.
            context: For caches.
            embed: Examples whose frozen features are still missing.
        """
        strategy = get_strategy(arm.strategy)
        candidate = context.candidates[arm.candidate]
        if any(not isinstance(phase, FitHead) for phase in strategy.phases(candidate.family)):
            steps = recipe.steps * strategy.longest * len(strategy.members(recipe))
            work = steps * min(recipe.batch_size, n) * self.rate(arm, recipe.batch_size)
        else:
            work = n * self.fit_rate.get(arm.key, 0.0) + embed * self.embed_rate.get(candidate.name, 0.0)
        return SAFETY * (work + measured * self.predict_rate.get(arm.key, 0.0)) + FIXED_SECONDS

    def observe(self, arm: Arm, recipe: Recipe, measurement: Measurement) -> None:
        """Correct the rates of an arm by a finished trial; slower counts at once, faster by half."""
        n, latency = measurement.n_realised, measurement.latency
        learning = max(measurement.seconds - latency * measurement.n_test, 0.0)  # its seconds hold both
        if arm.key in self.predict_rate:  # a probe's test features come from the cache
            self.predict_rate[arm.key] = _corrected(self.predict_rate[arm.key], latency)
        if recipe.steps:
            known = self.rate(arm, recipe.batch_size)
            seen = learning / ((measurement.steps or recipe.steps) * min(recipe.batch_size, n))
            self.train_rate[arm.key, recipe.batch_size] = _corrected(known, seen)
        elif arm.key in self.fit_rate and n:
            self.fit_rate[arm.key] = _corrected(self.fit_rate[arm.key], learning / n)


def _corrected(known: float, seen: float) -> float:
    return max(seen, (seen + known) / 2)


class OutOfTime(Exception):
    """The clock ran out inside a trial; its checkpoint stays for a larger budget.

    Not a :class:`~headstart.core.HeadstartError`: nothing is wrong with the trial.
    """
