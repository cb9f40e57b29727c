"""The one training loop. Strategies say what moves; recipes say how; this carries it out."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from headstart.core import Recipe
from headstart.modalities import get_modality
from headstart.models import Inputs, Network, inputs_on
from headstart.strategies import Pairs, Train
from headstart.training.activations import ActivationCache, border_of
from headstart.training.anchor import Anchor
from headstart.training.attention import ChosenAttention
from headstart.training.average import WeightAverage
from headstart.training.checkpoint import Checkpoint, moving_state
from headstart.training.dropout import fast_dropout
from headstart.training.learners import ExampleLearner, Learner, PairLearner
from headstart.training.loop_options import LoopOptions, LoopRecord
from headstart.training.losses import Losses
from headstart.training.moving import freeze
from headstart.training.optimizer import build_optimizer, clip_and_step
from headstart.training.recorded import RecordedPasses
from headstart.training.relevance import relative_gradients
from headstart.training.rows_in_use import RowsInUse
from headstart.training.schedule import Schedule

if TYPE_CHECKING:
    from accelerate import Accelerator

MAX_GRADIENT_NORM = 1.0
RECENT = 5  # steps that say how fast the machine is now
WATCH_SHARES = (0.1, 0.25, 0.5, 0.75)  # of the steps; the end is measured anyway


def train(
    network: Network,
    inputs: Inputs,
    targets: np.ndarray,
    rows: np.ndarray,
    phase: Train | Pairs,
    recipe: Recipe,
    seed: int,
    options: LoopOptions,
) -> LoopRecord:
    """Train a network in place.

    Args:
        network: Its weights are changed; on the CPU or moved to the GPU by accelerate.
        inputs: The data set in the network's form (N examples).
        targets: Class of every example (N,).
        rows: The examples to learn from (n,).
        phase: What moves, and whether it learns from examples or from pairs of them.
        recipe: How it moves.
        seed: Determines order, augmentation and dropout.
        options: How to run.

    Returns:
        What was done.

    Raises:
        Diverged: The loss became infinite or not a number.
    """
    loop = _Setup.of(network, inputs, targets, rows, phase, recipe, seed, options)
    schedule, record, optimizer = loop.schedule, loop.record, loop.optimizer
    watch_at = {round(share * schedule.steps) for share in WATCH_SHARES} if options.watch else set()
    start = time.perf_counter() - record.seconds
    step, begun, flops = record.resumed_at, time.perf_counter(), 0.0
    while step < min(schedule.end, options.stop_after or schedule.end):
        loop.end_in_time(step, time.perf_counter() - begun)
        if step >= schedule.end:
            break
        share = schedule.share(step)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
        with loop.counting(step) as counter, loop.dropout(step):
            loss = loop.learner.backward(step)
        if counter is not None:
            flops = counter.get_total_flops()
        loop.losses.add(loss, f"step {step + 1} of {schedule.end}")
        loop.anchor.pull()
        loop.words.follow(optimizer)
        clip_and_step(optimizer, MAX_GRADIENT_NORM)
        optimizer.zero_grad(set_to_none=True)
        loop.average.update(step)
        step += 1
        record.steps = step
        record.seconds = time.perf_counter() - start
        if step in watch_at and options.watch:
            record.seconds += loop.losses.settle()
            with loop.words.whole():
                record.curve.append((record.seconds, options.watch()))
            loop.set_modes()
            start = time.perf_counter() - record.seconds
        loop.save_if_due()
        if options.on_step:
            options.on_step(step, schedule.end)
    record.seconds += loop.losses.settle()
    record.left_out = schedule.steps - schedule.end
    record.stopped_at = schedule.end if record.left_out else 0
    record.aimed_at = schedule.aimed_at
    record.flops = flops * schedule.end
    record.remark = loop.learner.remark
    loop.finish()
    return record


@dataclass
class _Setup:
    """What the loop holds while it runs.

    Attributes:
        frozen: Modules that stay in eval mode, so that dropout and running statistics leave them alone.
    """

    network: Network
    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    accelerator: Accelerator
    learner: Learner
    losses: Losses
    anchor: Anchor
    average: WeightAverage
    words: RowsInUse
    attention: ChosenAttention
    dropout: Callable[[int], AbstractContextManager[Any]]
    frozen: list[torch.nn.Module]
    options: LoopOptions
    schedule: Schedule
    record: LoopRecord
    taken: float = 0.0  # seconds of the steps so far, without watching
    latest: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))  # seconds of the last few

    @classmethod
    def of(
        cls,
        network: Network,
        inputs: Inputs,
        targets: np.ndarray,
        rows: np.ndarray,
        phase: Train | Pairs,
        recipe: Recipe,
        seed: int,
        options: LoopOptions,
    ) -> _Setup:
        """Freeze, build the optimiser, and go on from a checkpoint if there is one."""
        from accelerate import Accelerator

        torch.manual_seed(seed)
        moving, frozen = freeze(network, phase, recipe, lambda: relative_gradients(network, inputs, targets, rows))
        if get_modality(network.candidate.modality).channels_last:
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            for parameter in network.added:  # peft reads adapters as flat matrices
                parameter.data = parameter.data.contiguous()
        # an average of all weights would have to follow the rows that are left out
        words = RowsInUse.of(network, inputs, rows) if options.rows_in_use and not recipe.ema else RowsInUse()
        accelerator = Accelerator(cpu=not torch.cuda.is_available())
        inputs = inputs_on(inputs, accelerator.device, hold=True)
        model, optimizer = accelerator.prepare(network, build_optimizer(network, moving, recipe))
        anchor, average = Anchor(network, moving, recipe.anchor), WeightAverage(network, recipe.ema)
        steps = max(1, round(recipe.steps * phase.steps_share))
        schedule = Schedule(steps, recipe.warmup, options.stopped_at, options.aimed_at)
        record = _resume(options.checkpoint, schedule.trunk, network, optimizer, average, words)
        network.train()
        for module in frozen:
            module.eval()
        common = (accelerator, network, inputs, targets, recipe, options.microbatch, options.precision == "bfloat16")
        learner: Learner
        if isinstance(phase, Pairs):
            learner = PairLearner(rows, targets, seed, record.resumed_at, *common)
        else:
            seen = steps * recipe.batch_size
            cache = _kept_activations(network, inputs, rows, moving, seen, recipe, seed, options)
            learner = ExampleLearner(model, rows, seed, record.resumed_at, cache, *common)
            if options.recorded_passes and accelerator.device.type == "cuda" and cache is None:
                half, longest = options.precision == "bfloat16", int(inputs.lengths.max())
                learner.recorded = RecordedPasses(network, half, longest)
        attention = ChosenAttention.of(network, inputs.lengths[rows]) if options.plain_attention else ChosenAttention()
        dropout = fast_dropout(network, seed) if options.fast_dropout else lambda step: nullcontext()
        parts = (network, model, optimizer, accelerator, learner, Losses(), anchor, average, words, attention, dropout)
        return cls(*parts, frozen, options, schedule, record)

    def counting(self, step: int) -> Any:
        """Count operations in the first step of this run; None later on."""
        return FlopCounterMode(display=False) if step == self.record.resumed_at else nullcontext()

    def set_modes(self) -> None:
        """Training mode for everything but the frozen modules."""
        self.network.train()
        for module in self.frozen:
            module.eval()

    def end_in_time(self, step: int, taken: float) -> None:
        """End the schedule early where all of it would take longer than there is time, judged by the steps so far.

        Where the machine became so slow that there is no time for that either, the run is broken off.
        """
        done = step - self.record.resumed_at
        if self.options.time_left is None or not done:
            return
        self.latest.append(taken - self.taken)
        self.taken = taken
        pace, recent = taken / done, statistics.median(self.latest)  # one slow step says nothing
        if self.schedule.is_late(step, taken, pace, self.options.time_left(1.0)):
            self.save()  # a whole run goes on from here
            self.schedule.cool_down(step)
        elif self.schedule.must_end(step, recent, self.options.time_left(max(1.0, recent / pace))):
            if not self.schedule.falls_at(step):
                self.save()
            self.schedule.break_off(step)

    def save_if_due(self) -> None:
        """Write a checkpoint where it is time for one, where other phases follow, or where a longer run branches off.

        None is written while the rate falls to an early end, which a whole run does not go through.
        """
        checkpoint, steps = self.options.checkpoint, self.record.steps
        last = self.options.keep_last and steps == self.schedule.end
        branch = self.schedule.end < self.schedule.steps and steps == self.schedule.trunk
        if checkpoint and (checkpoint.due() or last or branch) and not self.schedule.falls_at(steps):
            self.save()

    def save(self) -> None:
        """Write a checkpoint, if one is kept at all."""
        checkpoint = self.options.checkpoint
        if checkpoint:
            self.losses.settle()
            state = {
                "step": self.record.steps,
                "seconds": self.record.seconds,
                "curve": self.record.curve,
                "model": moving_state(self.network.module),
                "optimizer": self.optimizer.state_dict(),
                "words": self.words.state,
            }
            average = {} if self.average.state is None else {"average": self.average.state}
            checkpoint.save({**state, **average})

    def finish(self) -> None:
        """Leave the network ready to predict."""
        self.learner.close()
        self.average.apply()
        self.words.finish()
        self.attention.finish()
        self.network.eval()
        if self.accelerator.device.type != "cpu":  # collecting garbage takes 0.3 s, which on a CPU frees nothing more
            self.accelerator.free_memory()


def _kept_activations(
    network: Network,
    inputs: Inputs,
    rows: np.ndarray,
    moving: tuple[int, ...],
    seen: int,
    recipe: Recipe,
    seed: int,
    options: LoopOptions,
) -> ActivationCache | None:
    """A filled cache, where one is allowed, possible and pays for the examples that this phase will see."""
    border = border_of(network, moving)
    varied = recipe.mixup or (recipe.augmentation != "none" and not recipe.views)
    sliced = options.microbatch is not None and options.microbatch < recipe.batch_size
    if options.activations is None or not border or varied or sliced or seen < 2 * len(rows) * max(1, recipe.views):
        return None
    cache = ActivationCache(network, inputs, rows, border, recipe, seed, options.activations)
    return cache if cache.build() else None


def _resume(
    checkpoint: Checkpoint | None,
    trunk: int,
    network: Network,
    optimizer: torch.optim.Optimizer,
    average: WeightAverage,
    words: RowsInUse,
) -> LoopRecord:
    """Load a checkpoint if there is one that fits; returns what was done before.

    A longer run of the same trial may have left one from after this one's ``trunk``, which is of no use.
    """
    state = checkpoint.load() if checkpoint else None
    shapes = {name: value.shape for name, value in moving_state(network.module).items()}
    if checkpoint is None or state is None or shapes != {name: v.shape for name, v in state["model"].items()}:
        return LoopRecord()
    if state["step"] > trunk:
        return LoopRecord()
    network.module.load_state_dict(state["model"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    average.load(state.get("average", {}))
    words.load(state.get("words", []))
    checkpoint.restore_random_state(state)
    curve = [(seconds, value) for seconds, value in state["curve"]]
    return LoopRecord(state["step"], state["seconds"], curve, resumed_at=state["step"], seconds_before=state["seconds"])
