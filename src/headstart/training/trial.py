"""Carry out one trial: from a frozen specification to its measurement, probabilities and model."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from headstart.core import Hardware, HeadstartError, Measurement, TrialSpec
from headstart.data import LabelledData, Split, nested_subset, tuning_holdout
from headstart.evidence.metrics import METRICS
from headstart.models import (
    Candidate,
    Card,
    FittedModel,
    Inputs,
    MeanPooledClassifier,
    Network,
    build,
    encode,
    measure_facts,
)
from headstart.strategies import FitHead, get_strategy
from headstart.training.checkpoint import Checkpoint
from headstart.training.features import FeatureCache
from headstart.training.heads import fit_ridge_head
from headstart.training.loop import Diverged, Run
from headstart.training.retries import train_phase
from headstart.training.tfidf import fit_tfidf

NATIVE_FORMAT = {"transformers": "transformers", "compact": "headstart"}
# What broken weights, odd data and foreign code raise. Wider would swallow a budget that ran out.
FAILURES = (
    HeadstartError, MemoryError, OSError, ArithmeticError, RuntimeError, LookupError, ValueError, TypeError,
    AttributeError,
)  # fmt: skip


@dataclass
class TrialContext:
    """What trials share. It may change the speed of a trial, never its numbers.

    Attributes:
        candidates: By name.
        cache_folder: Where features are kept.
        checkpoint_folder: Where a running trial keeps its state.
        on_step: Called with (step, steps).
        encoded: Inputs so far, by candidate; :meth:`inputs` fills it.
    """

    data: LabelledData
    splits: tuple[Split, ...]
    candidates: dict[str, Candidate]
    metric: str
    seed: int
    hardware: Hardware
    cache_folder: Path
    checkpoint_folder: Path
    on_step: Callable[[int, int], None] | None = None
    encoded: dict[str, Inputs] = field(default_factory=dict)
    _features: dict[str, FeatureCache] = field(default_factory=dict)
    _frozen: dict[str, Network] = field(default_factory=dict)

    def inputs(self, name: str) -> Inputs:
        """The data set in a candidate's form, encoded once."""
        if name not in self.encoded:
            self.encoded[name] = encode(self.candidates[name], self.data)
        return self.encoded[name]

    def frozen(self, name: str) -> Network:
        """A candidate's pretrained network that nothing will change, loaded once."""
        if name not in self._frozen:
            network = build(self.candidates[name], self.data.class_names, weights="pretrained", seed=0)
            self._frozen[name] = network.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        return self._frozen[name]

    def feature_cache(self, name: str) -> FeatureCache:
        """The table of a candidate's frozen features."""
        if name not in self._features:
            key = f"{self.candidates[name].weights_hash}-{self.candidates[name].input_size}"
            self._features[name] = FeatureCache(self.cache_folder, self.data.fingerprint, key)
        return self._features[name]

    def features(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Frozen features (len(rows), D) of a candidate."""
        return self.feature_cache(name).rows(self.frozen(name), self.inputs(name), rows, self.on_step)

    @cached_property
    def latencies(self) -> dict[str, float]:
        """Seconds to predict one example through a frozen network and its head, by candidate; filled by trials."""
        return {}


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


def execute(spec: TrialSpec, context: TrialContext) -> Outcome:
    """Run one trial. A failure of its training becomes a measurement with ``error``, never an exception.

    What ``on_step`` raises goes through, unless it is of the kinds in :data:`FAILURES`.

    Args:
        spec: What to train; determines every number.
        context: Data, caches and machine.
    """
    learn, measured, realised = trial_rows(spec, context)
    notes: list[str] = []
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        if not len(measured):
            raise HeadstartError(f"{realised} labels are too few to hold any out")
        _fill_caches(spec, context, learn, measured, notes)
        start = time.perf_counter()
        model, run = _fit(spec, context, learn, measured, notes)
        seconds = time.perf_counter() - start + run.seconds_before
        probabilities, latency = _predict(model, spec, context, measured)
        if not np.isfinite(probabilities).all():
            raise Diverged("the trained model predicts no numbers")
        sizes = _sizes(model, context, spec, learn)
    except FAILURES as error:
        reason = (str(error).strip() or "no reason given").splitlines()[0][:300]
        if not isinstance(error, HeadstartError):
            reason = f"{type(error).__name__}: {reason}"
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
    spec: TrialSpec, context: TrialContext, learn: np.ndarray, measured: np.ndarray, notes: list[str]
) -> None:
    """Compute what trials share before the clock of this one starts."""
    name = spec.arm.candidate
    context.inputs(name)
    phases = get_strategy(spec.arm.strategy).phases(context.candidates[name].family)
    if any(isinstance(phase, FitHead) and phase.on == "features" for phase in phases):
        only_heads = all(isinstance(phase, FitHead) for phase in phases)
        context.features(name, np.concatenate((learn, measured)) if only_heads else learn)
        notes.extend(context.feature_cache(name).notes)


def _fit(
    spec: TrialSpec, context: TrialContext, learn: np.ndarray, measured: np.ndarray, notes: list[str]
) -> tuple[FittedModel, Run]:
    """Carry out the strategy's phases; each goes on from the network that the one before left."""
    candidate = context.candidates[spec.arm.candidate]
    strategy = get_strategy(spec.arm.strategy)
    phases = strategy.phases(candidate.family)
    total = Run()
    fitted: FittedModel | None = None
    checkpoints: list[Checkpoint] = []
    for number, phase in enumerate(phases):
        if isinstance(phase, FitHead):
            fit = _fit_text if phase.on == "text" else _fit_probe
            fitted = fit(spec, context, candidate, learn)
            continue
        network, run = train_phase(
            spec, context, strategy.weights, phase, number, learn, measured, notes, checkpoints,
            start=fitted.model if fitted else None, last=number == len(phases) - 1,
        )  # fmt: skip
        total = total.followed_by(run)
        card = fitted.card if fitted else _card(spec, context, NATIVE_FORMAT[candidate.family])
        fitted = FittedModel(network, card)
    for checkpoint in checkpoints:
        checkpoint.discard()
    assert fitted is not None, "a strategy has at least one phase"
    return fitted, total


def _card(spec: TrialSpec, context: TrialContext, model_format: str, mean_pooled: bool = False) -> Card:
    return Card(
        model_format=model_format, task=context.data.task, class_names=context.data.class_names, arm=spec.arm.key,
        candidate=context.candidates[spec.arm.candidate], mean_pooled=mean_pooled, trial=spec.key,
    )  # fmt: skip


def _fit_text(spec: TrialSpec, context: TrialContext, candidate: Candidate, learn: np.ndarray) -> FittedModel:
    texts = [context.inputs(candidate.name).texts[row] for row in learn]
    return FittedModel(
        fit_tfidf(texts, context.data.labels[learn], spec.recipe, spec.seed), _card(spec, context, "skops")
    )


def _fit_probe(spec: TrialSpec, context: TrialContext, candidate: Candidate, learn: np.ndarray) -> FittedModel:
    """Fit on cached features, then put the head into a network that computes the same from raw inputs."""
    classes = len(context.data.class_names)
    head = fit_ridge_head(context.features(candidate.name, learn), context.data.labels[learn], classes)
    pooled = candidate.modality == "text"
    frozen = context.frozen(candidate.name)
    if pooled:
        module = MeanPooledClassifier(frozen.module.base_model, classes).to(next(frozen.parameters()).device)
        network = Network(module, candidate, module.head)
    else:
        network = frozen.with_own_head()
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(head.weight))
        network.head.bias.copy_(torch.from_numpy(head.bias))
    network.eval()
    return FittedModel(network, _card(spec, context, "headstart" if pooled else "transformers", pooled))


def _predict(
    model: FittedModel, spec: TrialSpec, context: TrialContext, measured: np.ndarray
) -> tuple[np.ndarray, float]:
    """Probabilities over all classes, and seconds to predict one example in batches."""
    name = spec.arm.candidate
    strategy = get_strategy(spec.arm.strategy)
    phases = strategy.phases(context.candidates[name].family)
    if all(isinstance(phase, FitHead) and phase.on == "features" for phase in phases):
        features = context.features(name, measured)
        head = model.model.head
        with torch.inference_mode():
            logits = torch.nn.functional.linear(torch.from_numpy(features), head.weight.cpu(), head.bias.cpu())
        if name not in context.latencies:
            context.latencies[name] = _time_prediction(model, context.inputs(name), measured)
        return logits.softmax(-1).numpy(), context.latencies[name]
    start = time.perf_counter()
    probabilities = model.predict_inputs(context.inputs(name), measured)
    return probabilities, (time.perf_counter() - start) / len(measured)


def _time_prediction(model: FittedModel, inputs: Inputs, measured: np.ndarray) -> float:
    rows = measured[:128]
    start = time.perf_counter()
    model.predict_inputs(inputs, rows)
    return (time.perf_counter() - start) / len(rows)


def _sizes(model: FittedModel, context: TrialContext, spec: TrialSpec, learn: np.ndarray) -> dict:
    """Parameters and operations. A step costs three forward passes an example, a probe one."""
    if model.card.model_format == "skops":
        weights = model.model.named_steps["head"].coef_.size
        return {"parameters": int(weights), "trainable_parameters": int(weights)}
    network: Network = model.model
    facts = measure_facts(network, context.inputs(spec.arm.candidate).batch(learn[:8]))
    moving = sum(p.numel() for p in network.parameters() if p.requires_grad)
    trained = spec.recipe.steps * min(spec.recipe.batch_size, len(learn))
    if not trained:
        moving = sum(p.numel() for p in network.head.parameters())
    flops = facts.forward_flops * (3 * trained if trained else len(learn))
    return {"parameters": facts.parameters, "trainable_parameters": moving, "flops": flops}


def _peak_memory_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    import resource  # not on Windows, whose users get as far as the message about locks

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
