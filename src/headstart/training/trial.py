"""Carry out one trial: from a frozen specification to its measurement, probabilities and model."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from headstart.core import Hardware, HeadstartError, Measurement, Recipe, TrialSpec
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
    predict_network,
)
from headstart.strategies import FitHead, Train, get_strategy
from headstart.training.checkpoint import Checkpoint
from headstart.training.features import FeatureCache
from headstart.training.heads import fit_ridge_head
from headstart.training.loop import Diverged, LoopOptions, Run, train
from headstart.training.tfidf import fit_tfidf, full_width

WATCH_ROWS = 200
SMALLEST_MICROBATCH = 2


@dataclass
class TrialContext:
    """What trials share. It may change the speed of a trial, never its numbers.

    Attributes:
        candidates: By name.
        cache_folder: Where features are kept.
        checkpoint_folder: Where a running trial keeps its state.
        on_step: Called with (step, steps).
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
    _inputs: dict[str, Inputs] = field(default_factory=dict)
    _features: dict[str, FeatureCache] = field(default_factory=dict)
    _frozen: dict[str, Network] = field(default_factory=dict)

    def inputs(self, name: str) -> Inputs:
        """The data set in a candidate's form, encoded once."""
        if name not in self._inputs:
            self._inputs[name] = encode(self.candidates[name], self.data)
        return self._inputs[name]

    def frozen(self, name: str) -> Network:
        """A candidate's pretrained network that nothing will change, loaded once."""
        if name not in self._frozen:
            network = build(self.candidates[name], self.data.class_names, weights="pretrained", seed=0)
            self._frozen[name] = network.to("cuda" if torch.cuda.is_available() else "cpu")
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
        """Seconds to predict one example, by candidate and kind of head; filled by trials."""
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

    Args:
        spec: What to train; determines every number.
        context: Data, caches and machine.
    """
    learn, measured, realised = trial_rows(spec, context)
    notes: list[str] = []
    try:
        start = time.perf_counter()
        model, run = _fit(spec, context, learn, measured, notes)
        seconds = time.perf_counter() - start
        probabilities, latency = _predict(model, spec, context, measured)
    except (HeadstartError, MemoryError, RuntimeError, ValueError, IndexError) as error:
        reason = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        failed = Measurement(error=reason, n_realised=realised, notes=tuple(notes))
        return Outcome(failed, measured, np.empty((0, 0), dtype=np.float32), None)
    labels = context.data.labels[measured]
    value = METRICS[context.metric](probabilities, labels)
    measurement = Measurement(
        value=value,
        seconds=seconds + latency * len(measured),
        n_realised=realised,
        n_test=len(measured),
        steps=run.steps,
        latency=latency,
        peak_memory_mb=_peak_memory_mb(),
        curve=tuple(run.curve),
        notes=tuple(notes),
        **_sizes(model, context, spec, learn),
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


def _fit(
    spec: TrialSpec, context: TrialContext, learn: np.ndarray, measured: np.ndarray, notes: list[str]
) -> tuple[FittedModel, Run]:
    candidate = context.candidates[spec.arm.candidate]
    strategy = get_strategy(spec.arm.strategy)
    run = Run()
    network: Network | None = None
    fitted: FittedModel | None = None
    for number, phase in enumerate(strategy.phases(candidate.family)):
        if isinstance(phase, FitHead) and phase.on == "text":
            fitted = _fit_text(spec, context, candidate, learn)
        elif isinstance(phase, FitHead):
            fitted = _fit_probe(spec, context, candidate, learn)
            network = fitted.model
        else:
            network, run = _fit_network(
                spec, context, candidate, strategy.weights, phase, number, learn, measured, notes
            )
            native = candidate.family == "transformers"
            fitted = FittedModel(network, _card(spec, context, "transformers" if native else "headstart"))
    assert fitted is not None, "a strategy has at least one phase"
    return fitted, run


def _card(spec: TrialSpec, context: TrialContext, model_format: str, mean_pooled: bool = False) -> Card:
    return Card(
        model_format=model_format, task=context.data.task, class_names=context.data.class_names, arm=spec.arm.key,
        candidate=context.candidates[spec.arm.candidate], mean_pooled=mean_pooled,
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
        module = MeanPooledClassifier(frozen.module.base_model, classes)
        network = Network(module, candidate, module.head)
    else:
        # The encoder is shared with the cache; only the head differs between probes.
        network = frozen
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(head.weight))
        network.head.bias.copy_(torch.from_numpy(head.bias))
    return FittedModel(network, _card(spec, context, "headstart" if pooled else "transformers", pooled))


def _fit_network(
    spec: TrialSpec, context: TrialContext, candidate: Candidate, weights: str, phase: Train, number: int,
    learn: np.ndarray, measured: np.ndarray, notes: list[str],
) -> tuple[Network, Run]:  # fmt: skip
    """Train with the loop; on trouble retry smaller and say so."""
    inputs = context.inputs(candidate.name)
    labels = context.data.labels
    recipe, microbatch = spec.recipe, spec.recipe.batch_size
    watched = np.random.default_rng(spec.seed).choice(measured, min(WATCH_ROWS, len(measured)), replace=False)
    checkpoint = Checkpoint(context.checkpoint_folder / f"{spec.key}-{number}.pt")
    while True:
        network = build(candidate, context.data.class_names, weights=weights, seed=spec.seed)

        def watch(network: Network = network) -> float:
            return METRICS[context.metric](predict_network(network, inputs, watched), labels[watched])

        options = LoopOptions(
            precision=spec.dtype, microbatch=microbatch, checkpoint=checkpoint, on_step=context.on_step,
            watch=watch if spec.role == "measuring" else None,
        )  # fmt: skip
        try:
            run = train(network, inputs, labels, learn, phase, recipe, spec.seed, options)
        except Diverged as trouble:
            if recipe.learning_rate < spec.recipe.learning_rate:
                raise
            recipe = _gentler(recipe)
            notes.append(f"{trouble.fact}; repeated at a tenth of the rate")
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as trouble:
            if not _is_memory(trouble) or microbatch <= SMALLEST_MICROBATCH:
                raise
            microbatch //= 2
            notes.append(f"out of memory; {microbatch} examples at a time instead of {microbatch * 2}")
        else:
            checkpoint.discard()
            return network, run
        checkpoint.discard()


def _gentler(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"learning_rate": recipe.learning_rate / 10})


def _is_memory(trouble: BaseException) -> bool:
    return isinstance(trouble, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(trouble)


def _predict(
    model: FittedModel, spec: TrialSpec, context: TrialContext, measured: np.ndarray
) -> tuple[np.ndarray, float]:
    """Probabilities over all classes, and seconds to predict one example in batches."""
    name = spec.arm.candidate
    if model.card.model_format == "skops":
        start = time.perf_counter()
        probabilities = model.predict_inputs(context.inputs(name), measured)
        latency = (time.perf_counter() - start) / len(measured)
        return full_width(probabilities, model.model.classes_, len(context.data.class_names)), latency
    strategy = get_strategy(spec.arm.strategy)
    if all(isinstance(phase, FitHead) for phase in strategy.phases(context.candidates[name].family)):
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
    """Parameters and operations. Training costs three forward passes an example, probing one."""
    if model.card.model_format == "skops":
        weights = model.model.named_steps["head"].coef_.size
        return {"parameters": int(weights), "trainable_parameters": int(weights)}
    network: Network = model.model
    facts = measure_facts(network, context.inputs(spec.arm.candidate).batch(learn[:8]))
    moving = sum(p.numel() for p in network.parameters() if p.requires_grad)
    trained = spec.recipe.steps * spec.recipe.batch_size
    if not trained:
        moving = sum(p.numel() for p in network.head.parameters())
    flops = facts.forward_flops * (3 * trained if trained else len(learn))
    return {"parameters": facts.parameters, "trainable_parameters": moving, "flops": flops}


def _peak_memory_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
