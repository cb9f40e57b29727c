"""Train one phase and, on trouble, once more in a smaller way that the measurement's notes tell of."""

from __future__ import annotations

import copy
import shutil

import numpy as np
import torch

from headstart.core import Recipe, TrialSpec, derive_seed
from headstart.evidence.metrics import METRICS
from headstart.models import Network, build, insert, predict_network
from headstart.strategies import Pairs, Strategy, Train, has_inserted
from headstart.training.checkpoint import Checkpoint
from headstart.training.context import TrialContext
from headstart.training.loop import Diverged, LoopOptions, Run, train

WATCH_ROWS = 200  # measured examples that the curve during training is read from
SMALLEST_MICROBATCH = 2
GENTLER = 0.1  # of the rate, where the loss stopped being a number


def train_phase(
    spec: TrialSpec,
    context: TrialContext,
    strategy: Strategy,
    phase: Train | Pairs,
    number: str,
    learn: np.ndarray,
    measured: np.ndarray,
    notes: list[str],
    checkpoints: list[Checkpoint],
    *,
    start: Network | None,
    last: bool,
) -> tuple[Network, Run]:
    """Train with the loop.

    A loss that stops being a number is met by a tenth of the rate, once; memory that runs out by half the
    microbatch, as often as it takes.

    Args:
        spec: The trial.
        context: What trials share.
        strategy: Says where the network starts, unless ``start`` does.
        phase: What moves.
        number: Names the phase within the trial.
        learn: Examples to learn from.
        measured: Examples the trial will be scored on; a few of them give the curve, which nothing reads
            while the trial runs.
        notes: Gets a line for each retry.
        checkpoints: Gets the checkpoints that the trial's end makes superfluous.
        start: The network that the phase before left; stays as it is.
        last: Whether no phase follows.

    Raises:
        Diverged: Also at the lower rate.
    """
    candidate = context.candidates[spec.arm.candidate]
    inputs, labels = context.inputs(candidate.name), context.data.labels
    recipe, microbatch = spec.recipe, spec.recipe.batch_size
    seed = spec.seed if number == "0" else derive_seed(spec.seed, "phase", number)
    watched = np.random.default_rng(spec.seed).choice(measured, min(WATCH_ROWS, len(measured)), replace=False)
    while True:
        attempt = f"{spec.key}-{number}-{microbatch}" + ("-gentler" if recipe != spec.recipe else "")
        checkpoint = Checkpoint(context.checkpoint_folder / f"{attempt}.pt")
        checkpoints.append(checkpoint)
        network = _prepared(strategy, spec, context) if start is None else copy.deepcopy(start)
        if has_inserted(phase):
            network = insert(network, spec.recipe.inserted, derive_seed(spec.seed, "inserted"))

        def watch(network: Network = network) -> float:
            return METRICS[context.metric](predict_network(network, inputs, watched), labels[watched])

        kept = context.cache_folder / f"border-{attempt}"
        options = LoopOptions(
            precision=spec.dtype,
            microbatch=microbatch,
            checkpoint=checkpoint,
            keep_last=not last,
            on_step=context.on_step,
            watch=watch if spec.role == "measuring" else None,
            activations=kept,
        )
        try:
            return network, train(network, inputs, labels, learn, phase, recipe, seed, options)
        except Diverged as trouble:
            if recipe != spec.recipe:
                raise
            recipe = _gentler(recipe)
            notes.append(f"{trouble.fact}; repeated at a tenth of the rate")
        except (MemoryError, RuntimeError) as trouble:
            if not _is_memory(trouble) or microbatch <= SMALLEST_MICROBATCH:
                raise
            microbatch = min(microbatch, len(learn)) // 2
            notes.append(f"out of memory; at most {microbatch} examples at a time from here on")
        finally:
            shutil.rmtree(kept, ignore_errors=True)  # also when the budget ran out in the middle
        checkpoint.discard()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _prepared(strategy: Strategy, spec: TrialSpec, context: TrialContext) -> Network:
    candidate = context.candidates[spec.arm.candidate]
    network = build(candidate, context.data.class_names, weights=strategy.weights, seed=spec.seed)
    return strategy.prepare(network, spec.recipe, spec.seed)


def _gentler(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"learning_rate": recipe.learning_rate * GENTLER})


def _is_memory(trouble: BaseException) -> bool:
    return isinstance(trouble, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(trouble)
