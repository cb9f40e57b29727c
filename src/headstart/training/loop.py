"""The one training loop. Strategies say what moves; recipes say how; this carries it out."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from headstart.core import HeadstartError, Recipe
from headstart.models import Inputs, Network
from headstart.strategies import Train
from headstart.training.batches import endless_batches
from headstart.training.checkpoint import Checkpoint
from headstart.training.optimizer import build_optimizer, freeze, rate_share

MAX_GRADIENT_NORM = 1.0
EMA_WARMUP = 10


class Diverged(HeadstartError):
    """The loss stopped being a number."""


@dataclass
class Run:
    """What a run of the loop did.

    Attributes:
        curve: (seconds, value) pairs from ``watch``, in order.
        last_losses: Training losses of the last steps, for the overfitting gap.
    """

    steps: int = 0
    seconds: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)
    last_losses: list[float] = field(default_factory=list)
    resumed_at: int = 0


@dataclass(frozen=True)
class LoopOptions:
    """How the loop runs, none of which changes its numbers beyond rounding.

    Attributes:
        microbatch: Examples per forward pass; smaller than the batch when memory is short.
        on_step: Called with (step, steps) after each step.
        watch: Called at a few points of the run; returns a metric for the run's curve.
        stop_after: Stop after so many steps of the schedule, to time it.
    """

    precision: str = "float32"
    microbatch: int | None = None
    checkpoint: Checkpoint | None = None
    on_step: Callable[[int, int], None] | None = None
    watch: Callable[[], float] | None = None
    stop_after: int | None = None


def train(
    network: Network,
    inputs: Inputs,
    targets: np.ndarray,
    rows: np.ndarray,
    phase: Train,
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
        phase: What moves.
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
    frozen = freeze(network, phase)
    if network.candidate.modality == "image":
        network.to(memory_format=torch.channels_last)
    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(), mixed_precision="bf16" if options.precision == "bfloat16" else "no"
    )
    model, optimizer = accelerator.prepare(network, build_optimizer(network, phase, recipe))
    average = copy.deepcopy(network.module.state_dict()) if recipe.ema else None
    steps = max(1, round(recipe.steps * phase.steps_share))
    run = Run(resumed_at=_resume(options.checkpoint, network, optimizer, average))
    labels = torch.from_numpy(targets)
    batches = endless_batches(rows, inputs.lengths, recipe.batch_size, seed, skip=run.resumed_at)
    watch_at = {round(share * steps) for share in (0.1, 0.25, 0.5, 0.75)} if options.watch else set()
    start = time.perf_counter()
    watching = 0.0
    for step in range(run.resumed_at, min(steps, options.stop_after or steps)):
        _train_mode(network, frozen)
        share = rate_share(step, steps, recipe.warmup)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * share
        batch = next(batches)
        loss = _accumulate(accelerator, model, inputs, labels, batch, recipe, options.microbatch or len(batch))
        if not np.isfinite(loss):
            raise Diverged(f"the loss became {loss} at step {step + 1} of {steps}")
        accelerator.clip_grad_norm_(model.parameters(), MAX_GRADIENT_NORM)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if average is not None:
            _blend(average, network, min(recipe.ema, (1 + step) / (EMA_WARMUP + step)))
        run.last_losses = [*run.last_losses[-19:], loss]
        run.steps = step + 1
        if options.on_step:
            options.on_step(step + 1, steps)
        if step + 1 in watch_at and options.watch:
            paused = time.perf_counter()
            rng = torch.get_rng_state()
            run.curve.append((paused - start - watching, options.watch()))
            torch.set_rng_state(rng)
            watching += time.perf_counter() - paused
        if options.checkpoint and options.checkpoint.due():
            options.checkpoint.save(_state(step + 1, network, optimizer, average))
    run.seconds = time.perf_counter() - start - watching
    if average is not None:
        network.module.load_state_dict(average)
    network.eval()
    accelerator.free_memory()
    return run


def _train_mode(network: Network, frozen: list[torch.nn.Module]) -> None:
    if network.training and not any(module.training for module in frozen):
        return
    network.train()
    for module in frozen:
        module.eval()


def _accumulate(accelerator, model, inputs, labels, batch, recipe, microbatch) -> float:  # noqa: ANN001
    """Backpropagate one batch in slices that fit into memory; returns its mean loss."""
    total = 0.0
    for start in range(0, len(batch), microbatch):
        part = batch[start : start + microbatch]
        values = inputs.batch(part, recipe.augmentation)
        values = {name: tensor.to(accelerator.device) for name, tensor in values.items()}
        wanted = labels[part].to(accelerator.device)
        if recipe.mixup and "pixel_values" in values:
            loss = _mixed_loss(model, values["pixel_values"], wanted, recipe)
        else:
            loss = F.cross_entropy(model(**values).float(), wanted, label_smoothing=recipe.label_smoothing)
        accelerator.backward(loss * (len(part) / len(batch)))
        total += loss.item() * len(part) / len(batch)
    return total


def _mixed_loss(model, pixels: torch.Tensor, wanted: torch.Tensor, recipe: Recipe) -> torch.Tensor:  # noqa: ANN001
    """Mixup (Zhang 2018, arXiv 1710.09412): a convex pair of images has the same mixture as its target."""
    share = torch.distributions.Beta(recipe.mixup, recipe.mixup).sample().item()
    partner = torch.randperm(len(pixels), device=pixels.device)
    logits = model(pixel_values=share * pixels + (1 - share) * pixels[partner]).float()
    first = F.cross_entropy(logits, wanted, label_smoothing=recipe.label_smoothing)
    second = F.cross_entropy(logits, wanted[partner], label_smoothing=recipe.label_smoothing)
    return share * first + (1 - share) * second


def _blend(average: dict[str, torch.Tensor], network: Network, keep: float) -> None:
    with torch.no_grad():
        for name, value in network.module.state_dict().items():
            if value.is_floating_point():
                average[name].lerp_(value, 1 - keep)
            else:
                average[name].copy_(value)


def _state(step: int, network: Network, optimizer, average) -> dict:  # noqa: ANN001
    state = {"step": step, "model": network.module.state_dict(), "optimizer": optimizer.state_dict()}
    return {**state, "average": average} if average is not None else state


def _resume(checkpoint: Checkpoint | None, network: Network, optimizer, average) -> int:  # noqa: ANN001
    """Load a checkpoint if there is one; returns the step to go on from."""
    state = checkpoint.load() if checkpoint else None
    if state is None:
        return 0
    network.module.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if average is not None and "average" in state:
        average.update(state["average"])
    return int(state["step"])
