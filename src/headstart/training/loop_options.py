"""How the training loop is told to run, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from headstart.training.checkpoint import Checkpoint


@dataclass
class LoopRecord:
    """What a run of the loop did.

    Attributes:
        steps: Optimiser steps, those before a resumption included.
        seconds: Time in the loop without watching, before a resumption included.
        curve: (seconds, value) pairs from ``watch``, in order.
        resumed_at: Steps that a checkpoint saved.
        seconds_before: Seconds that a checkpoint saved.
        flops: Operations of all steps, as counted on one of them.
        stopped_at: Steps after which the last phase was ended early; 0 if it was not.
        aimed_at: Steps at which it was to end when it was broken off; 0 if it was not.
        left_out: Steps of the schedule that were therefore not done.
        remark: What a reader of the timings should know; empty if nothing.
    """

    steps: int = 0
    seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)
    resumed_at: int = 0
    seconds_before: float = 0.0
    flops: float = 0.0
    stopped_at: int = 0
    left_out: int = 0
    aimed_at: int = 0
    remark: str = ""

    def followed_by(self, other: LoopRecord) -> LoopRecord:
        """Both, one after the other."""
        shifted = [(self.seconds + seconds, value) for seconds, value in other.curve]
        return LoopRecord(
            self.steps + other.steps,
            self.seconds + other.seconds,
            [*self.curve, *shifted],
            self.resumed_at + other.resumed_at,
            self.seconds_before + other.seconds_before,
            self.flops + other.flops,
            other.stopped_at,
            other.left_out,
            other.aimed_at,
            other.remark or self.remark,
        )


@dataclass(frozen=True)
class LoopOptions:
    """How the loop runs.

    None of it changes the numbers beyond rounding, with two exceptions: bf16 is coarser, and microbatches
    change the statistics of batch norm and the draws of dropout.

    Attributes:
        precision: ``float32``, or ``bfloat16`` for autocast.
        microbatch: Examples per forward pass; smaller than the batch when memory is short.
        checkpoint: Where the state is kept.
        keep_last: Save the state after the last step too, because other phases follow.
        on_step: Called with (step, steps) after each step.
        watch: Called at a few points of the run; returns a metric for the run's curve.
        stop_after: Stop after so many steps of the schedule, to time it.
        stopped_at: End the schedule early at so many steps, as an earlier run did; 0 does all.
        aimed_at: Steps at which that run was to end when it was broken off; 0 if it was not.
        time_left: Gives the seconds that steps may still take, if the machine is so many times slower than so far; the
            schedule is ended early where it would take longer.
        activations: Folder for the outputs of frozen stages; None recomputes them each time.
        rows_in_use: Leave out of every step the word vectors that no example looks up.
        fast_dropout: Draw the masks of dropout from a fast generator, on a CPU.
        plain_attention: Compute the attention of short inputs without torch's fused kernel, on a CPU.
        recorded_passes: Replay the passes of batches whose shape recurs, on a GPU.
    """

    precision: str = "float32"
    microbatch: int | None = None
    checkpoint: Checkpoint | None = None
    keep_last: bool = False
    on_step: Callable[[int, int], None] | None = None
    watch: Callable[[], float] | None = None
    stop_after: int | None = None
    stopped_at: int = 0
    aimed_at: int = 0
    time_left: Callable[[float], float] | None = None
    activations: Path | None = None
    rows_in_use: bool = True
    fast_dropout: bool = True
    plain_attention: bool = True
    recorded_passes: bool = True
