"""A look at the machine: a few real steps of each arm, with their operations counted."""

from __future__ import annotations

import time

import numpy as np
import torch

from headstart.core import Arm, Recipe
from headstart.models import ItemInputs, build, get_family, measure_facts
from headstart.models.families.base import Pipeline
from headstart.strategies import Moving, Train, get_strategy, only_heads
from headstart.studies.prices.model import PriceModel
from headstart.studies.prices.work import ArmWork
from headstart.training import LoopOptions, Worker, block_starts, train

FEWEST_STEPS, TIMED_STEPS = 2, 7
LOOK, MOST_STEPS = 0.4, 50  # seconds that timed steps or passes take at least: a few short ones can all be undisturbed
PATIENCE = 4.0  # seconds a step may take before one of it is enough to time
SAMPLE, FITTED = 64, 200  # examples through a frozen network, and of a small fit of a pipeline


def time_arm(
    prices: PriceModel, arm: Arm, recipe: Recipe, worker: Worker, rows: np.ndarray, patience: float = PATIENCE
) -> ArmWork | None:
    """Time a few real steps of an arm (or one batch through a frozen network, or a small fit).

    Args:
        prices: Learns the rates.
        arm: What to time.
        recipe: Its recipe at a typical size; only batch size and augmentation matter.
        worker: Data and caches.
        rows: Examples to take batches from.
        patience: Seconds that the steps beyond the first should take at most.

    Returns:
        Operations of the arm; None where none are counted.
    """
    candidate = worker.candidates[arm.candidate]
    phases = get_strategy(arm.strategy).phases(candidate.family)
    if not only_heads(phases):
        return _time_steps(prices, arm, recipe, worker, rows, patience)
    family = get_family(candidate.family)
    if isinstance(family, Pipeline):
        _time_pipeline(family, prices, arm, recipe, worker, rows)
        return None
    return _time_features(prices, arm, worker, rows)


def _time_pipeline(
    family: Pipeline, prices: PriceModel, arm: Arm, recipe: Recipe, worker: Worker, rows: np.ndarray
) -> None:
    """Fit on a few examples: its seconds a label and class hold for larger sizes well enough."""
    chosen = np.sort(np.random.default_rng(0).choice(rows, min(FITTED, len(rows)), replace=False))
    labels = worker.data.labels[chosen]
    if len(np.unique(labels)) < 2:
        return
    inputs = worker.inputs(arm.candidate)
    assert isinstance(inputs, ItemInputs)
    items = inputs.take(chosen)
    start, cpu = time.perf_counter(), time.process_time()
    pipeline = family.fit(items, labels, recipe, 0, worker.check_time)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    units = len(chosen) * len(worker.data.class_names)
    prices.learn("fit", arm.key, 0, seconds / units, cpu / units)
    start = time.perf_counter()
    pipeline.predict_proba(items)
    prices.learn("predict", arm.key, 0, (time.perf_counter() - start) / len(items))


def _time_features(prices: PriceModel, arm: Arm, worker: Worker, rows: np.ndarray) -> ArmWork:
    name = arm.candidate
    network, inputs = worker.reader(name), worker.inputs(name)
    sample = np.sort(np.random.default_rng(0).choice(rows, min(SAMPLE, len(rows)), replace=False))
    worker.features(name, sample[:2])  # builds what is built once
    by_length = sample[np.argsort(inputs.lengths[sample], kind="stable")]  # as they are embedded later
    device = next(network.parameters()).device

    @torch.inference_mode()
    def look() -> tuple[float, float]:
        start, cpu = time.perf_counter(), time.process_time()
        starts = block_starts(inputs, by_length, device.type)
        for part in np.split(by_length, starts[1:]):
            network.features(**{word: value.to(device) for word, value in inputs.batch(part).items()})
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start, time.process_time() - cpu

    # the first pass over blocks of this size pays for warming up: up to five times what the next ones take
    looks = [look()]
    while looks[0][0] < PATIENCE / 2 and sum(wall for wall, _ in looks[1:]) < LOOK and len(looks) <= MOST_STEPS:
        looks.append(look())
    # a pass that something else disturbed does not count, nor does it where there are two
    seconds, cpu = (float(one) for one in np.quantile(looks[1:] or looks, 0.5, axis=0, method="lower"))
    prices.learn("embed", name, 0, seconds / len(sample), cpu / len(sample))
    if not prices.knows(arm):
        prices.learn("fit", arm.key, 0, 1e-4 / len(worker.data.class_names))  # until the first probe is fitted
    facts = measure_facts(worker.frozen(name), inputs.batch(sample[:2]))
    return ArmWork(forward_flops=facts.forward_flops, parameters=facts.parameters)


def _time_steps(
    prices: PriceModel, arm: Arm, recipe: Recipe, worker: Worker, rows: np.ndarray, patience: float
) -> ArmWork:
    strategy, candidate = get_strategy(arm.strategy), worker.candidates[arm.candidate]
    moving = [phase for phase in strategy.phases(candidate.family) if not only_heads((phase,))]
    phase = Train(Moving()) if strategy.grows else moving[-1]  # the one in which most moves
    inputs = worker.inputs(candidate.name)
    network = build(candidate, worker.data.class_names, weights=strategy.weights, seed=0, quantised=strategy.quantised)
    network = strategy.prepare(network, recipe, 0)
    stamps: list[tuple[float, float]] = []

    def stamp(done: int, total: int) -> None:
        stamps.append((time.perf_counter(), time.process_time()))
        worker.on_step(done, total)

    def run(steps: int) -> float:
        options = LoopOptions(precision=worker.bench.dtype, stop_after=steps, on_step=stamp)
        record = train(network, inputs, worker.data.labels, rows, phase, recipe, 0, options)  # type: ignore[arg-type]
        return record.flops / max(1, round(recipe.steps * phase.steps_share))  # type: ignore[union-attr]

    def look(steps: int) -> np.ndarray:
        stamps.clear()
        run(1 + steps)
        return np.diff(np.asarray(stamps), axis=0).T

    start, cpu = time.perf_counter(), time.process_time()
    flops = run(1)  # pays for warming up as well
    seconds, cpu = stamps[-1][0] - start, stamps[-1][1] - cpu
    if seconds < PATIENCE:
        walls, cpus = look(int(np.clip(patience / seconds, FEWEST_STEPS, TIMED_STEPS)))
        if walls.sum() < min(LOOK, patience):
            walls, cpus = look(int(np.clip(LOOK / np.median(walls), TIMED_STEPS, MOST_STEPS)))
        # a step that something else disturbed does not count
        seconds, cpu = float(np.median(walls)), float(np.median(cpus))
    batch = min(recipe.batch_size, len(rows))
    prices.learn("train", arm.key, recipe.batch_size, seconds / batch, cpu / batch)
    # backward costs twice the forward pass
    members = len(strategy.members(recipe))
    prices.learn("predict", arm.key, 0, seconds / batch / 3 * members)
    facts = measure_facts(network, inputs.batch(rows[:2]))
    return ArmWork(
        forward_flops=facts.forward_flops,
        step_flops=flops / batch,
        parameters=facts.parameters,
        moving=sum(p.numel() for p in network.parameters() if p.requires_grad),
    )
