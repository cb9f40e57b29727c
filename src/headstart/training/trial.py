"""Carry out one trial: from a frozen specification to its measurement, probabilities and model."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
import torch

from headstart.core import HeadstartError, Measurement, ModelFormat, TrialSpec, reason_of
from headstart.data import nested_subset, tuning_holdout
from headstart.evidence.metrics import METRICS
from headstart.models import (
    NATIVE,
    Card,
    FittedModel,
    Inputs,
    Network,
    Readout,
    averaged,
    format_of,
    inserted_in,
    measure_facts,
    members_of,
)
from headstart.strategies import FitHead, Phase, Strategy, get_strategy
from headstart.training.checkpoint import Checkpoint
from headstart.training.context import TrialContext
from headstart.training.growing import grow
from headstart.training.loop import Diverged, Run
from headstart.training.probes import fit_probe, head_probabilities
from headstart.training.retries import train_phase
from headstart.training.tfidf import fit_tfidf

# What broken weights, odd data and foreign code raise. Wider would swallow a budget that ran out.
FAILURES = (
    HeadstartError,
    MemoryError,
    OSError,
    ArithmeticError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
)


@dataclass(frozen=True)
class Outcome:
    """A finished trial.

    Attributes:
        measured: Example indices that were predicted (M,).
        probabilities: (M, classes), fp32.
        model: The trained classifier; None if the trial failed.
    """

    measurement: Measurement
    measured: np.ndarray
    probabilities: np.ndarray
    model: FittedModel | None


def execute(spec: TrialSpec, context: TrialContext, strategy: Strategy | None = None) -> Outcome:
    """Run one trial. A failure of its training becomes a measurement with ``error``, never an exception.

    What ``on_step`` raises goes through, unless it is of the kinds in :data:`FAILURES`.

    Args:
        spec: What to train; determines every number.
        context: Data, caches and machine.
        strategy: The arm's, where it is not an installed one.
    """
    strategy = strategy or get_strategy(spec.arm.strategy)
    learn, measured, realised = trial_rows(spec, context)
    notes: list[str] = []
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        if not len(measured):
            raise HeadstartError(f"{realised} labels are too few to hold any out")
        _fill_caches(strategy, spec, context, learn, measured, notes)
        start = time.perf_counter()
        model, run = _fit(strategy, spec, context, learn, measured, notes)
        seconds = time.perf_counter() - start + run.seconds_before
        probabilities, latency = _predict(model, strategy, spec, context, measured)
        if not np.isfinite(probabilities).all():
            raise Diverged("the trained model predicts no numbers")
        sizes = _sizes(model, context, spec, learn, run.steps)
    except FAILURES as error:
        reason = reason_of(error, kind=not isinstance(error, HeadstartError))
        failed = Measurement(error=reason, n_realised=realised, notes=tuple(notes))
        return Outcome(failed, measured, np.empty((0, 0), dtype=np.float32), None)
    measurement = Measurement(
        value=METRICS[context.metric](probabilities, context.data.labels[measured]),
        seconds=seconds + latency * len(measured),
        n_realised=realised,
        n_test=len(measured),
        steps=run.steps,
        latency=latency,
        peak_memory_mb=_peak_memory_mb(),
        curve=tuple(run.curve),
        notes=tuple(notes),
        **sizes,
    )
    return Outcome(measurement, measured, probabilities, model)


def trial_rows(spec: TrialSpec, context: TrialContext) -> tuple[np.ndarray, np.ndarray, int]:
    """Examples a trial learns from, those it is scored on, and how many labels it looks at."""
    split = context.splits[spec.fold]
    subset = nested_subset(context.data, split, spec.n, spec.repeat, context.seed)
    if spec.role == "measuring":
        return subset, split.test, len(subset)
    learn, held_out = tuning_holdout(context.data, subset, context.seed)
    return learn, held_out, len(subset)


def _fill_caches(
    strategy: Strategy,
    spec: TrialSpec,
    context: TrialContext,
    learn: np.ndarray,
    measured: np.ndarray,
    notes: list[str],
) -> None:
    """Compute what trials share before the clock of this one starts."""
    name = spec.arm.candidate
    context.inputs(name)
    phases = strategy.phases(context.candidates[name].family)
    if isinstance(phases[0], FitHead) and phases[0].on == "features":
        only_heads = all(isinstance(phase, FitHead) for phase in phases)
        rows = np.concatenate((learn, measured)) if only_heads else learn
        context.features(name, rows)
        if spec.recipe.readout == "searched":
            context.read(name, rows, context.readouts(name)[-1])
        notes.extend(context.feature_cache(name).notes)


def _fit(
    strategy: Strategy,
    spec: TrialSpec,
    context: TrialContext,
    learn: np.ndarray,
    measured: np.ndarray,
    notes: list[str],
) -> tuple[FittedModel, Run]:
    """Train the network of the trial's recipe, or those of an ensemble's recipes, which become one."""
    recipes = strategy.members(spec.recipe)
    checkpoints: list[Checkpoint] = []
    fitted, total = [], Run()
    for number, recipe in enumerate(recipes):
        own = spec.model_copy(update={"recipe": recipe})
        last = number == len(recipes) - 1
        one, run = _fit_one(strategy, own, context, learn, measured, notes, checkpoints, last=last)
        fitted.append(one)
        total = total.followed_by(run)
    for checkpoint in checkpoints:
        checkpoint.discard()
    if len(fitted) == 1:
        return fitted[0], total
    network = averaged([one.model for one in fitted])
    told = {"inserted": spec.recipe.inserted, "inserted_source": spec.inserted_source, "members": len(fitted)}
    card = _own_card(network, spec, context).model_copy(update=told)
    total.curve.clear()  # one member after the other: no moment of it has the whole's metric
    return FittedModel(network, card), total


def _fit_one(
    strategy: Strategy,
    spec: TrialSpec,
    context: TrialContext,
    learn: np.ndarray,
    measured: np.ndarray,
    notes: list[str],
    checkpoints: list[Checkpoint],
    *,
    last: bool,
) -> tuple[FittedModel, Run]:
    """Carry out the strategy's phases; each goes on from the network that the one before left."""
    phases = strategy.phases(context.candidates[spec.arm.candidate].family)
    total = Run()
    fitted: FittedModel | None = None

    def carry_out(
        phase: Phase, name: str, start: FittedModel | None, rows: np.ndarray, *, last: bool = False
    ) -> tuple[FittedModel, Run]:
        if isinstance(phase, FitHead):
            return _fit_head(phase, spec, context, rows, start), Run()
        network, run = train_phase(
            spec,
            context,
            strategy,
            phase,
            name,
            rows,
            measured,
            notes,
            checkpoints,
            start=start.model if start else None,
            last=last,
        )
        card = start.card if start else _own_card(network, spec, context)
        if inserted_in(network) is not None:  # which no other library's form can express
            told = {"inserted": spec.recipe.inserted, "inserted_source": spec.inserted_source}
            card = card.model_copy(update={"model_format": "headstart", **told})
        return FittedModel(network, card), run

    if strategy.grows:
        phases, total = grow(strategy, spec, context, learn, carry_out, notes)
        total.curve.clear()  # of networks that are thrown away
    for number, phase in enumerate(phases):
        fitted, run = carry_out(phase, str(number), fitted, learn, last=last and number == len(phases) - 1)
        total = total.followed_by(run)
    assert fitted is not None, "a strategy has at least one phase"
    return fitted, total


def _own_card(network: Network, spec: TrialSpec, context: TrialContext) -> Card:
    return _card(spec, context, format_of(network))


def _card(spec: TrialSpec, context: TrialContext, model_format: ModelFormat, readout: Readout | None = None) -> Card:
    return Card(
        model_format=model_format,
        task=context.data.task,
        class_names=context.data.class_names,
        arm=spec.arm.key,
        candidate=context.candidates[spec.arm.candidate],
        readout=readout,
        trial=spec.key,
        columns=tuple(getattr(context.data, "content_columns", ())),
        source=context.data.source,
        learnt=spec.n,
        labels=len(context.data),
    )


def _fit_head(
    phase: FitHead, spec: TrialSpec, context: TrialContext, learn: np.ndarray, start: FittedModel | None
) -> FittedModel:
    """Fit on raw texts, on cached features, or on those of the network that earlier phases left."""
    name = spec.arm.candidate
    if phase.on == "text":
        texts = [context.inputs(name).texts[row] for row in learn]
        pipeline = fit_tfidf(texts, context.data.labels[learn], spec.recipe, spec.seed)
        return FittedModel(pipeline, _card(spec, context, "skops"))
    network, readout = fit_probe(phase, spec.recipe, context, name, learn, spec.seed, start.model if start else None)
    native = NATIVE[context.candidates[name].family]
    return FittedModel(network, _card(spec, context, "headstart" if readout else native, readout))


def _predict(
    model: FittedModel, strategy: Strategy, spec: TrialSpec, context: TrialContext, measured: np.ndarray
) -> tuple[np.ndarray, float]:
    """Probabilities over all classes, and seconds to predict one example in batches."""
    name = spec.arm.candidate
    phases = strategy.phases(context.candidates[name].family)
    if all(isinstance(phase, FitHead) and phase.on == "features" for phase in phases):
        features = context.read(name, measured, model.card.readout or Readout())
        if name not in context.latencies:
            context.latencies[name] = _time_prediction(model, context.inputs(name), measured)
        return head_probabilities(model.model, features), context.latencies[name]
    start = time.perf_counter()
    probabilities = model.predict_inputs(context.inputs(name), measured)
    return probabilities, (time.perf_counter() - start) / len(measured)


def _time_prediction(model: FittedModel, inputs: Inputs, measured: np.ndarray) -> float:
    rows = measured[:128]
    start = time.perf_counter()
    model.predict_inputs(inputs, rows)
    return (time.perf_counter() - start) / len(rows)


def _sizes(model: FittedModel, context: TrialContext, spec: TrialSpec, learn: np.ndarray, steps: int) -> dict:
    """Parameters and operations. A step costs three forward passes an example, a probe one."""
    if model.card.model_format == "skops":
        weights = model.model.named_steps["head"].coef_.size
        return {"parameters": int(weights), "trainable_parameters": int(weights)}
    network: Network = model.model
    facts = measure_facts(network, context.inputs(spec.arm.candidate).batch(learn[:8]))
    moving = sum(p.numel() for p in network.parameters() if p.requires_grad)
    trained = steps * min(spec.recipe.batch_size, len(learn))
    if not trained:
        moving = sum(p.numel() for p in network.head.parameters())
    flops = facts.forward_flops * (3 * trained / len(members_of(network)) if trained else len(learn))
    return {"parameters": facts.parameters, "trainable_parameters": moving, "flops": flops}


def _peak_memory_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    import resource  # not on Windows, whose users get as far as the message about locks

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
