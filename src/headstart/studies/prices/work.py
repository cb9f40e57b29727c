"""The work of a trial, whatever machine does it: examples, steps, labels of convex fits, operations, bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from headstart.core import Arm, Recipe, Record, Role
from headstart.models import get_family
from headstart.strategies import get_strategy, only_heads
from headstart.studies.line_up import LineUp
from headstart.training import Bench

FLOAT = 4  # bytes


class Work(Record):
    """What a trial does.

    Attributes:
        batch_size: Examples of a step; 0 where nothing is trained by gradient descent.
        steps: Optimiser steps, those of a search and of ensemble members included.
        trained: Examples that run forward and backward, over all steps.
        fitted: Labels times classes of a closed-form or convex fit.
        embedded: Examples whose frozen features are still missing, with those that are computed beside them.
        predicted: Examples predicted afterwards through a whole network.
        flops: Floating-point operations; 0 where they were not counted yet.
        bytes: Weights, gradients and optimiser state that are held while training.
    """

    batch_size: int = 0
    steps: int = 0
    trained: int = 0
    fitted: int = 0
    embedded: int = 0
    predicted: int = 0
    flops: float = 0.0
    bytes: float = 0.0


class ArmWork(Record):
    """Operations and bytes of an arm, counted once on a real batch.

    Attributes:
        forward_flops: To predict one example.
        step_flops: To train on one example: forward, and backward through what moves alone.
        parameters: Weights in all.
        moving: Weights that move.
    """

    forward_flops: float = 0.0
    step_flops: float = 0.0
    parameters: int = 0
    moving: int = 0

    @property
    def bytes(self) -> float:
        """Held while training: weights, and for those that move a gradient and two moments of AdamW."""
        return FLOAT * (self.parameters + 3.0 * self.moving)


class CountsWork(Protocol):
    """Counts the work of trials before they run.

    Attributes:
        arms: Operations of each arm, by key, once they were counted.
    """

    arms: dict[str, ArmWork]

    def count(self, arm: Arm, recipe: Recipe, n: int, role: Role) -> Work:
        """The work of one trial."""


@dataclass
class WorkCounter:
    """Counts the work of trials on a bench.

    Attributes:
        bench: Splits and candidates.
        line_up: The arms.
        classes: Number of classes.
        to_embed: Says how many examples run through a candidate's frozen network for the features of some, or for its
            read-outs.
        arms: Operations of each arm, by key, once they were counted.
    """

    bench: Bench
    line_up: LineUp
    classes: int
    to_embed: Callable[[str, str, np.ndarray], int]
    arms: dict[str, ArmWork] = field(default_factory=dict)

    def count(self, arm: Arm, recipe: Recipe, n: int, role: Role) -> Work:
        """The work of one trial."""
        split = self.bench.splits[0]
        measured = len(split.test) if role == "measuring" else n // 5
        strategy, candidate = get_strategy(arm.strategy), self.bench.candidates[arm.candidate]
        counts = self.arms.get(arm.key, ArmWork())
        if only_heads(strategy.phases(candidate.family)):
            embedded, tested = 0, 0
            if not get_family(candidate.family).network:
                tested = measured
            else:
                rows = np.concatenate([split.pool[:n], split.test])
                tables = ("", "readouts") if recipe.readout == "searched" else ("",)
                embedded = sum(self.to_embed(arm.candidate, of, rows) for of in tables)
            return Work(
                fitted=n * self.classes, embedded=embedded, predicted=tested, flops=embedded * counts.forward_flops
            )
        steps = round(recipe.steps * strategy.longest) * len(strategy.members(recipe))
        trained = steps * min(recipe.batch_size, n)
        return Work(
            batch_size=recipe.batch_size,
            steps=steps,
            trained=trained,
            predicted=measured,
            flops=trained * counts.step_flops + measured * counts.forward_flops,
            bytes=counts.bytes,
        )
