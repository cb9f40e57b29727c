"""The one training loop. Strategies say what moves; recipes say how; this carries it out."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from headstart.core import HeadstartError, Recipe
from headstart.models import Inputs, Network
from headstart.strategies import Pairs, Train
from headstart.training.activations import ActivationCache, Views, border_of
from headstart.training.anchor import Anchor
from headstart.training.batches import endless_batches
from headstart.training.checkpoint import Checkpoint
from headstart.training.moving import freeze
from headstart.training.optimizer import build_optimizer, rate_share
from headstart.training.pairs import distinct_parts, pair_batches, pair_loss
from headstart.training.relevance import relative_gradients

MAX_GRADIENT_NORM = 1.0
EMA_WARMUP = 10  # early averages forget faster, else they would hold on to the random start
WATCH_SHARES = (0.1, 0.25, 0.5, 0.75)  # of the steps; the end is measured anyway


class Diverged(HeadstartError):
    """The loss stopped being a number."""


@dataclass
class Run:
    """What a run of the loop did.

    Attributes:
        steps: Optimiser steps, those before a resumption included.
        seconds: Time in the loop without watching, before a resumption included.
        curve: (seconds, value) pairs from ``watch``, in order.
        resumed_at: Steps that a checkpoint saved.
        seconds_before: Seconds that a checkpoint saved.
    """

    steps: int = 0
    seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)
    resumed_at: int = 0
    seconds_before: float = 0.0

    def followed_by(self, other: Run) -> Run:
        """Both, one after the other."""
        shifted = [(self.seconds + seconds, value) for seconds, value in other.curve]
        return Run(
            self.steps + other.steps,
            self.seconds + other.seconds,
            [*self.curve, *shifted],
            self.resumed_at + other.resumed_at,
            self.seconds_before + other.seconds_before,
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
        activations: Folder for the outputs of frozen stages; None computes them anew each time.
    """

    precision: str = "float32"
    microbatch: int | None = None
    checkpoint: Checkpoint | None = None
    keep_last: bool = False
    on_step: Callable[[int, int], None] | None = None
    watch: Callable[[], float] | None = None
    stop_after: int | None = None
    activations: Path | None = None


def train(
    network: Network,
    inputs: Inputs,
    targets: np.ndarray,
    rows: np.ndarray,
    phase: Train | Pairs,
    recipe: Recipe,
    seed: int,
    options: LoopOptions,
) -> Run:
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
    from accelerate import Accelerator

    torch.manual_seed(seed)
    moving, frozen = freeze(network, phase, recipe, lambda: relative_gradients(network, inputs, targets, rows))
    if network.candidate.modality == "image":
        network.to(memory_format=torch.channels_last)
        for parameter in network.added:  # peft reads adapters as flat matrices
            parameter.data = parameter.data.contiguous()
    # its own mixed precision is fixed for the whole process by the first one made; see _accumulate
    accelerator = Accelerator(cpu=not torch.cuda.is_available())
    model, optimizer = accelerator.prepare(network, build_optimizer(network, moving, recipe))
    anchor = Anchor(network, moving, recipe.anchor)
    average = copy.deepcopy(network.module.state_dict()) if recipe.ema else None
    steps = max(1, round(recipe.steps * phase.steps_share))
    run = _resume(options.checkpoint, network, optimizer, average)
    labels = torch.from_numpy(targets)
    learns_pairs = isinstance(phase, Pairs)
    if learns_pairs:
        batches = pair_batches(rows, targets, recipe.batch_size, seed, skip=run.resumed_at)
    else:
        batches = endless_batches(rows, inputs.lengths, recipe.batch_size, seed, skip=run.resumed_at)
    watch_at = {round(share * steps) for share in WATCH_SHARES} if options.watch else set()
    _train_mode(network, frozen)
    seen = steps * recipe.batch_size
    cache = None if learns_pairs else _kept_activations(network, inputs, rows, moving, seen, recipe, seed, options)
    views = Views(inputs, recipe, seed)
    start = time.perf_counter() - run.seconds
    for step in range(run.resumed_at, min(steps, options.stop_after or steps)):
        share = rate_share(step, steps, recipe.warmup)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
        batch = next(batches)
        if learns_pairs:
            loss = _learn_pairs(accelerator, network, inputs, labels, batch, options)
        else:
            if cache or views.count > 1:
                values = (cache or views).batch(batch, step * recipe.batch_size // len(rows))
            else:
                values = inputs.batch(batch, recipe.augmentation)
            with cache.installed() if cache else nullcontext():
                loss = _accumulate(accelerator, model, values, labels, batch, recipe, options)
        if not np.isfinite(loss):
            raise Diverged(f"the loss became {loss} at step {step + 1} of {steps}")
        anchor.pull()
        accelerator.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if average is not None:
            _blend(average, network, min(recipe.ema, (1 + step) / (EMA_WARMUP + step)))
        run.steps = step + 1
        run.seconds = time.perf_counter() - start
        if step + 1 in watch_at and options.watch:
            run.curve.append((run.seconds, options.watch()))
            _train_mode(network, frozen)
            start = time.perf_counter() - run.seconds
        if options.checkpoint and (options.checkpoint.due() or (options.keep_last and run.steps == steps)):
            options.checkpoint.save(_state(run, network, optimizer, average))
        if options.on_step:
            options.on_step(step + 1, steps)
    if cache:
        cache.close()
    if average is not None:
        network.module.load_state_dict(average)
    network.eval()
    if accelerator.device.type != "cpu":  # collecting garbage takes 0.3 s, which on a CPU frees nothing more
        accelerator.free_memory()
    return run


def _train_mode(network: Network, frozen: list[torch.nn.Module]) -> None:
    """Frozen layers stay in eval mode, so that dropout and running statistics leave them alone."""
    network.train()
    for module in frozen:
        module.eval()


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


def _accumulate(accelerator, model, values, labels, batch, recipe, options) -> float:  # noqa: ANN001
    """Backpropagate one batch in slices that fit into memory; returns its mean loss.

    Augmentation and mixup are drawn for the whole batch, so that slicing does not change them.
    """
    values = {name: tensor.to(accelerator.device) for name, tensor in values.items()}
    wanted = labels[batch].to(accelerator.device)
    share, partners = 1.0, wanted
    if recipe.mixup and "pixel_values" in values:
        share, partners, values = _mix(values["pixel_values"], wanted, recipe.mixup)
    total, microbatch = 0.0, options.microbatch or len(batch)
    for start in range(0, len(batch), microbatch):
        part = slice(start, start + microbatch)
        with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=options.precision == "bfloat16"):
            logits = model(**{name: tensor[part] for name, tensor in values.items()})
        logits = logits.float()
        loss = F.cross_entropy(logits, wanted[part], label_smoothing=recipe.label_smoothing)
        if share < 1:
            other = F.cross_entropy(logits, partners[part], label_smoothing=recipe.label_smoothing)
            loss = share * loss + (1 - share) * other
        loss = loss * (len(logits) / len(batch))
        accelerator.backward(loss)
        total += loss.item()
    return total


def _learn_pairs(accelerator, network, inputs, labels, pairs, options) -> float:  # noqa: ANN001
    """Backpropagate one batch of pairs in slices that fit into memory; returns its mean loss."""
    count = pairs.shape[1]
    total, microbatch = 0.0, options.microbatch or count
    for start in range(0, count, microbatch):
        part = pairs[:, start : start + microbatch]
        parts, where = distinct_parts(part, inputs.lengths)
        features = []
        for rows in parts:
            values = {name: tensor.to(accelerator.device) for name, tensor in inputs.batch(rows).items()}
            with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=options.precision == "bfloat16"):
                features.append(network.features(**values).float())
        left, right = torch.cat(features)[torch.from_numpy(where).to(accelerator.device)]
        same = (labels[part[0]] == labels[part[1]]).float().to(accelerator.device)
        loss = pair_loss(left, right, same) * (part.shape[1] / count)
        accelerator.backward(loss)
        total += loss.item()
    return total


def _mix(
    pixels: torch.Tensor, wanted: torch.Tensor, strength: float
) -> tuple[float, torch.Tensor, dict[str, torch.Tensor]]:
    """Mixup (Zhang 2018, arXiv 1710.09412): a convex pair of images has the same mixture as its target."""
    share = torch.distributions.Beta(strength, strength).sample().item()
    order = torch.randperm(len(pixels)).to(pixels.device)
    return share, wanted[order], {"pixel_values": share * pixels + (1 - share) * pixels[order]}


def _blend(average: dict[str, torch.Tensor], network: Network, keep: float) -> None:
    with torch.no_grad():
        for name, value in network.module.state_dict().items():
            if value.is_floating_point():
                average[name].lerp_(value, 1 - keep)
            else:
                average[name].copy_(value)


def _state(run: Run, network: Network, optimizer, average) -> dict:  # noqa: ANN001
    state = {
        "step": run.steps,
        "seconds": run.seconds,
        "curve": run.curve,
        "model": network.module.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    return {**state, "average": average} if average is not None else state


def _resume(checkpoint: Checkpoint | None, network: Network, optimizer, average) -> Run:  # noqa: ANN001
    """Load a checkpoint if there is one that fits; returns what was done before."""
    state = checkpoint.load() if checkpoint else None
    shapes = {name: value.shape for name, value in network.module.state_dict().items()}
    if checkpoint is None or state is None or shapes != {name: v.shape for name, v in state["model"].items()}:
        return Run()
    network.module.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if average is not None:
        for name, value in state["average"].items():
            average[name].copy_(value)
    checkpoint.restore_random_state(state)
    curve = [(seconds, value) for seconds, value in state["curve"]]
    return Run(state["step"], state["seconds"], curve, resumed_at=state["step"], seconds_before=state["seconds"])
