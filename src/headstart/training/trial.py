"""Carry out one trial: from a frozen specification to its measurement, probabilities and model."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from headstart.core import BundleError, HeadstartError, Measurement, TrialSpec, derive_seed, reason_of
from headstart.core.hardware import machine_name
from headstart.data import nested_subset, tuning_holdout
from headstart.evidence.metrics import METRICS
from headstart.models import FittedModel, Inputs, Network, Readout, averaged, format_of, get_family, measure_facts
from headstart.models.families.base import Pipeline
from headstart.strategies import FitHead, Strategy, get_strategy, only_heads
from headstart.training.growing import grow
from headstart.training.loop_options import LoopRecord
from headstart.training.losses import Diverged
from headstart.training.outcome import Outcome, Trained
from headstart.training.phases import PhaseRunner
from headstart.training.probes import head_probabilities
from headstart.training.worker import OutOfTime, Progress, Worker

# What may go through a trial that fails: what ends the process or the time allowed. Everything else - broken weights,
# odd data, whatever a strategy from another package raises - is one trial's failure.
PASSED_ON = (OutOfTime, KeyboardInterrupt, GeneratorExit)


def execute(
    spec: TrialSpec, worker: Worker, progress: Progress | None = None, deadline: float | None = None
) -> Outcome:
    """Run one trial and leave its model where the driver can take it from.

    Args:
        spec: What to train; determines every number.
        worker: This process's caches.
        progress: Called with (done, total) at each step.
        deadline: Seconds that the trial may take; a measuring trial that would take longer ends its schedule early.

    Returns:
        The outcome. A failure of the training is a measurement with ``error``, never an exception.

    Raises:
        OutOfTime: The deadline passed where nothing could be measured; the trial's checkpoint stays.
    """
    trained = train_trial(spec, worker, progress, deadline)
    if trained.model is None or spec.role != "measuring" or spec.repeat:
        return trained.outcome  # only the first repeat of a size may be handed over
    folder = worker.bench.model_folder(trained.outcome.spec_of(spec).key)
    try:
        trained.model.save(folder)
    except BundleError as trouble:
        shutil.rmtree(folder, ignore_errors=True)
        measurement = trained.outcome.measurement
        noted = measurement.model_copy(update={"notes": (*measurement.notes, f"{UNSAVED}: {trouble}")})
        return replace(trained.outcome, measurement=noted)
    return replace(trained.outcome, model_dir=folder)


UNSAVED = "the model could not be saved"


def train_trial(
    spec: TrialSpec,
    worker: Worker,
    progress: Progress | None = None,
    deadline: float | None = None,
    strategy: Strategy | None = None,
) -> Trained:
    """Run one trial and keep the trained model in memory.

    Args:
        spec: What to train; determines every number.
        worker: This process's caches.
        progress: Called with (done, total) at each step.
        deadline: Seconds that the trial may take; a measuring trial that would take longer ends its schedule early.
        strategy: The arm's, where it is not an installed one.

    Raises:
        OutOfTime: The deadline passed; the trial's checkpoint stays.
        BaseException: What ``progress`` raises.
    """
    learn, measured, realised = trial_rows(spec, worker)
    notes: list[str] = []
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        with worker.trial(progress, deadline):
            strategy = strategy or get_strategy(spec.arm.strategy)
            if not len(measured):
                raise HeadstartError(f"{realised} labels are too few to hold any out")
            _fill_caches(strategy, spec, worker, learn, measured, notes)
            threads = torch.get_num_threads()
            start, cpu = time.perf_counter(), time.process_time()
            model, record = _fit(strategy, spec, worker, learn, measured, notes)
            if record.stopped_at and spec.role == "measuring":  # a recipe that is given up is no news
                notes.append(
                    f"{spec.arm.name} at n = {spec.n:,} ended after {record.steps:,} of "
                    f"{record.steps + record.left_out:,} steps, as its time was over; more steps may make it better"
                )
            if record.remark:
                notes.append(f"{spec.arm.name}: {record.remark}, so that steps took longer than they might")
            seconds, cpu = time.perf_counter() - start + record.seconds_before, time.process_time() - cpu
            probabilities, latency = _predict(model, strategy, spec, worker, measured)
            if not np.isfinite(probabilities).all():
                raise Diverged("the trained model predicts no numbers")
            sizes = _sizes(model, worker, spec, learn, record)
    except PASSED_ON:
        raise
    except BaseException as error:
        if error is worker.raised:
            raise
        reason = reason_of(error, kind=not isinstance(error, HeadstartError))
        failed = Measurement(error=reason, n_realised=realised, notes=tuple(notes), machine=machine_name())
        return Trained(Outcome(failed, measured, np.empty((0, 0), dtype=np.float32)), None)
    spent = seconds + latency * len(measured)
    measurement = Measurement(
        value=METRICS[worker.metric](probabilities, worker.data.labels[measured]),
        seconds=spent,
        cpu_seconds=cpu * spent / max(seconds - record.seconds_before, 1e-9) if seconds else 0.0,
        threads=threads,
        machine=machine_name(),
        n_realised=realised,
        n_test=len(measured),
        steps=record.steps,
        steps_planned=record.steps + record.left_out if record.stopped_at else 0,
        latency=latency,
        machine_share=_machine_share(record, worker),
        peak_memory_mb=_peak_memory_mb(),
        curve=tuple(record.curve),
        notes=tuple(notes),
        **sizes,
    )
    asked = (record.stopped_at, record.aimed_at) == (spec.stopped_at, spec.aimed_at)
    early = (0, 0) if asked else (record.stopped_at, record.aimed_at)
    return Trained(Outcome(measurement, measured, probabilities, None, *early), model)


def trial_rows(spec: TrialSpec, worker: Worker) -> tuple[np.ndarray, np.ndarray, int]:
    """Examples a trial learns from, those it is scored on, and how many labels it looks at."""
    split = worker.splits[spec.fold]
    subset = nested_subset(worker.data, split, spec.n, spec.repeat, worker.seed)
    if spec.role == "measuring":
        return subset, split.test, len(subset)
    seed = derive_seed(worker.seed, "held out", spec.repeat) if spec.repeat else worker.seed
    learn, held_out = tuning_holdout(worker.data, subset, seed)
    return learn, held_out, len(subset)


def _fill_caches(
    strategy: Strategy, spec: TrialSpec, worker: Worker, learn: np.ndarray, measured: np.ndarray, notes: list[str]
) -> None:
    """Compute what trials share before the clock of this one starts."""
    name = spec.arm.candidate
    worker.inputs(name)
    phases = strategy.phases(worker.candidates[name].family)
    if isinstance(phases[0], FitHead) and phases[0].on == "features":
        rows = np.concatenate((learn, measured)) if only_heads(phases) else learn
        worker.features(name, rows)
        if spec.recipe.readout == "searched":
            worker.read(name, rows, worker.readouts(name)[-1])
        notes.extend(worker.feature_cache(name).notes)


def _fit(
    strategy: Strategy, spec: TrialSpec, worker: Worker, learn: np.ndarray, measured: np.ndarray, notes: list[str]
) -> tuple[FittedModel, LoopRecord]:
    """Train the network of the trial's recipe, or those of an ensemble's recipes, which become one."""
    recipes = strategy.members(spec.recipe)
    fitted: list[FittedModel] = []
    runners: list[PhaseRunner] = []
    total = LoopRecord()
    for number, recipe in enumerate(recipes):
        member = spec.model_copy(update={"recipe": recipe})
        elastic = spec.role == "measuring" and not spec.aimed_at and len(recipes) == 1
        runners.append(PhaseRunner(member, worker, strategy, measured, notes, elastic=elastic))
        model, record = _fit_one(runners[-1], learn, last=number == len(recipes) - 1)
        fitted.append(model)
        total = total.followed_by(record)
    if not total.stopped_at:  # else a whole run may go on from there
        for runner in runners:
            for checkpoint in runner.checkpoints:
                checkpoint.discard()
    if len(fitted) == 1:
        return fitted[0], total
    network = averaged([one.model for one in fitted])
    made_of = {"inserted": spec.recipe.inserted, "inserted_source": spec.inserted_source, "members": len(fitted)}
    whole = PhaseRunner(spec, worker, strategy, measured)
    total.curve.clear()  # one member after the other: no moment of it has the whole's metric
    return FittedModel(network, whole.card(format_of(network)).model_copy(update=made_of)), total


def _fit_one(runner: PhaseRunner, learn: np.ndarray, *, last: bool) -> tuple[FittedModel, LoopRecord]:
    """Carry out the strategy's phases; each goes on from the network that the one before left."""
    strategy = runner.strategy
    phases = strategy.phases(runner.worker.candidates[runner.spec.arm.candidate].family)
    if not phases:
        raise HeadstartError(f"strategy {strategy.name} lists no phases")
    total = LoopRecord()
    if strategy.grows:
        phases, total = grow(runner, learn)
        total.curve.clear()  # of networks that are thrown away
    fitted: FittedModel | None = None
    for number, phase in enumerate(phases):
        fitted, record = runner.run(phase, str(number), fitted, learn, last=last and number == len(phases) - 1)
        total = total.followed_by(record)
    assert fitted is not None
    return fitted, total


def _predict(
    model: FittedModel, strategy: Strategy, spec: TrialSpec, worker: Worker, measured: np.ndarray
) -> tuple[np.ndarray, float]:
    """Probabilities over all classes, and seconds to predict one example in batches."""
    name = spec.arm.candidate
    phases = strategy.phases(worker.candidates[name].family)
    if only_heads(phases) and phases[0].on == "features":  # type: ignore[union-attr]
        features = worker.read(name, measured, model.card.readout or Readout())
        if name not in worker.latencies:
            worker.latencies[name] = _time_prediction(model, worker.inputs(name), measured)
        return head_probabilities(model.model, features), worker.latencies[name]
    start = time.perf_counter()
    probabilities = model.predict_inputs(worker.inputs(name), measured)
    return probabilities, (time.perf_counter() - start) / len(measured)


def _time_prediction(model: FittedModel, inputs: Inputs, measured: np.ndarray) -> float:
    rows = measured[:128]
    start = time.perf_counter()
    model.predict_inputs(inputs, rows)
    return (time.perf_counter() - start) / len(rows)


def _sizes(
    model: FittedModel, worker: Worker, spec: TrialSpec, learn: np.ndarray, record: LoopRecord
) -> dict[str, Any]:
    """Parameters and operations; a head in closed form costs the forward passes of its features."""
    if not isinstance(model.model, Network):
        family = get_family(model.card.candidate.family)
        assert isinstance(family, Pipeline)
        weights = family.weights(model.model)
        return {"parameters": weights, "trainable_parameters": weights}
    network: Network = model.model
    facts = measure_facts(network, worker.inputs(spec.arm.candidate).batch(learn[:8]))
    moving = sum(p.numel() for p in network.parameters() if p.requires_grad)
    if not record.steps:
        moving = sum(p.numel() for p in network.head.parameters())
    flops = record.flops if record.steps else facts.forward_flops * len(learn)
    return {"parameters": facts.parameters, "trainable_parameters": moving, "flops": flops}


def _machine_share(record: LoopRecord, worker: Worker) -> float:
    """Operations a second in the steps, over what matrix products reach."""
    possible = record.seconds * worker.bench.product_rate
    return record.flops / possible if possible else 0.0


def _peak_memory_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    import resource  # not on Windows, whose users get as far as the message about locks

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
