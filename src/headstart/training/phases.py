"""Carry out the phases of one trial; on trouble a phase is run once more in a smaller way, which the notes report."""

from __future__ import annotations

import copy
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from headstart.core import ModelFormat, TrialSpec, derive_seed
from headstart.evidence.metrics import METRICS
from headstart.modalities import get_modality
from headstart.models import (
    Card,
    FittedModel,
    ItemInputs,
    Network,
    Readout,
    build,
    format_of,
    get_family,
    insert,
    inserted_in,
    predict_network,
)
from headstart.models.families.base import Pipeline
from headstart.strategies import FitHead, Pairs, Phase, Strategy, Train, has_inserted
from headstart.training.checkpoint import Checkpoint
from headstart.training.loop import train
from headstart.training.loop_options import LoopOptions, LoopRecord
from headstart.training.losses import Diverged
from headstart.training.probes import fit_probe
from headstart.training.worker import Worker

WATCH_ROWS = 200  # measured examples that the curve during training is read from
SMALLEST_MICROBATCH = 2
PREDICTING = 1.3  # x the time that predictions took on a few examples
AFTERWARDS = 0.5  # seconds for saving
GENTLER = 0.1  # of the learning rate, where the loss stopped being a number


@dataclass
class PhaseRunner:
    """What the phases of one network of a trial share.

    Attributes:
        spec: The trial, or a member of its ensemble.
        measured: Examples the trial is scored on; a few of them give the curve, which nothing reads while it runs.
        elastic: Whether the last phase may end early where time is short.
        notes: A line for each retry.
        checkpoints: Those that the trial's end makes superfluous.
    """

    spec: TrialSpec
    worker: Worker
    strategy: Strategy
    measured: np.ndarray
    notes: list[str] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    elastic: bool = False

    def run(
        self, phase: Phase, name: str, start: FittedModel | None, rows: np.ndarray, *, last: bool = False
    ) -> tuple[FittedModel, LoopRecord]:
        """Carry out one phase.

        Args:
            phase: What to do.
            name: Of the phase within the trial.
            start: The model that the phase before left; its network stays as it is.
            rows: Examples to learn from.
            last: Whether no phase follows.

        Raises:
            Diverged: Also at a tenth of the learning rate.
        """
        if isinstance(phase, FitHead):
            return self._fit_head(phase, rows, start), LoopRecord()
        network, record = self._train(phase, name, start.model if start else None, rows, last)
        card = start.card if start else self.card(format_of(network))
        if record.stopped_at:
            stopped = self.spec.model_copy(update={"stopped_at": record.stopped_at, "aimed_at": record.aimed_at})
            share = record.steps / (record.steps + record.left_out)
            card = card.model_copy(update={"trial": stopped.key, "steps_share": share})
        if inserted_in(network) is not None:  # which no other library's form can express
            inserted = {"inserted": self.spec.recipe.inserted, "inserted_source": self.spec.inserted_source}
            card = card.model_copy(update={"model_format": "headstart", **inserted})
        return FittedModel(network, card), record

    def card(self, model_format: ModelFormat, readout: Readout | None = None) -> Card:
        """The card of a model that this trial trained."""
        data, candidate = self.worker.data, self.worker.candidates[self.spec.arm.candidate]
        candidate = get_modality(candidate.modality).fitted(candidate, data.content)
        return Card(
            model_format=model_format,
            task=data.task,
            class_names=data.class_names,
            arm=self.spec.arm.key,
            candidate=candidate,
            readout=readout,
            quantised=self.strategy.quantised,
            trial=self.spec.key,
            columns=tuple(name for name, use in data.accounting.columns.items() if use == candidate.modality),
            source=data.source,
            learnt=self.spec.n,
            labels=len(data),
        )

    def _fit_head(self, phase: FitHead, learn: np.ndarray, start: FittedModel | None) -> FittedModel:
        """Fit on the items themselves, on cached features, or on those of the network that earlier phases left."""
        spec, worker, name = self.spec, self.worker, self.spec.arm.candidate
        family = get_family(worker.candidates[name].family)
        if phase.on == "items":
            inputs = worker.inputs(name)
            assert isinstance(family, Pipeline)
            assert isinstance(inputs, ItemInputs)
            pipeline = family.fit(
                inputs.take(learn), worker.data.labels[learn], spec.recipe, spec.seed, worker.check_time
            )
            return FittedModel(pipeline, self.card(family.native))
        tuned = start.model if start else None
        network, readout = fit_probe(phase, spec.recipe, worker, name, learn, spec.seed, tuned)
        return FittedModel(network, self.card("headstart" if readout else family.native, readout))

    def _train(
        self, phase: Train | Pairs, name: str, start: Network | None, learn: np.ndarray, last: bool
    ) -> tuple[Network, LoopRecord]:
        """Train with the loop.

        A loss that stops being a number is met by a tenth of the learning rate, once; memory that runs out by half
        the microbatch, as often as it takes.
        """
        spec, worker = self.spec, self.worker
        inputs, labels = worker.inputs(spec.arm.candidate), worker.data.labels
        recipe, microbatch = spec.recipe, spec.recipe.batch_size
        seed = spec.seed if name == "0" else derive_seed(spec.seed, "phase", name)
        while True:
            # runs that end early and the whole one are the same up to there, and go on from each other's state
            attempt = f"{spec.whole.key}-{name}-{microbatch}" + ("-gentler" if recipe != spec.recipe else "")
            checkpoint = Checkpoint(worker.bench.work_folder / "checkpoints" / f"{attempt}.pt")
            self.checkpoints.append(checkpoint)
            network = self._prepared() if start is None else copy.deepcopy(start)
            if has_inserted(phase):
                network = insert(network, spec.recipe.inserted, derive_seed(spec.seed, "inserted"))
            kept = worker.bench.work_folder / f"border-{attempt}"
            watch = _Watch(self, network)
            options = LoopOptions(
                precision=spec.dtype,
                microbatch=microbatch,
                checkpoint=checkpoint,
                keep_last=not last,
                on_step=worker.on_step,
                watch=watch if spec.role == "measuring" else None,
                activations=kept,
                stopped_at=spec.stopped_at if last else 0,
                aimed_at=spec.aimed_at if last else 0,
                time_left=self._time_left(watch) if last and self.elastic else None,
            )
            try:
                return network, train(network, inputs, labels, learn, phase, recipe, seed, options)
            except Diverged as trouble:
                if recipe != spec.recipe:
                    raise
                recipe = recipe.model_copy(update={"learning_rate": recipe.learning_rate * GENTLER})
                self.notes.append(f"{trouble.fact}; repeated at a tenth of the learning rate")
            except (MemoryError, RuntimeError) as trouble:
                if not _is_memory(trouble) or microbatch <= SMALLEST_MICROBATCH:
                    raise
                microbatch = min(microbatch, len(learn)) // 2
                self.notes.append(f"out of memory; at most {microbatch} examples at a time from here on")
            finally:
                shutil.rmtree(kept, ignore_errors=True)  # also when the time ran out in the middle
            checkpoint.discard()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _time_left(self, watch: _Watch) -> Callable[[float], float]:
        """Seconds that steps may take: what is left of the trial's time, without predicting and saving.

        It is asked with how many times slower than so far the machine has become.
        """
        predicted = PREDICTING * len(self.measured)
        return lambda slower: self.worker.seconds_left - AFTERWARDS - predicted * watch.latency * slower

    def _prepared(self) -> Network:
        spec, worker = self.spec, self.worker
        candidate = worker.candidates[spec.arm.candidate]
        way = self.strategy
        network = build(
            candidate, worker.data.class_names, weights=way.weights, seed=spec.seed, quantised=way.quantised
        )
        return self.strategy.prepare(network, spec.recipe, spec.seed)


class _Watch:
    """The metric on a few of the measured examples, for the curve during training."""

    def __init__(self, runner: PhaseRunner, network: Network) -> None:
        self._runner, self._network = runner, network
        measured = runner.measured
        chosen = np.random.default_rng(runner.spec.seed).choice(measured, min(WATCH_ROWS, len(measured)), replace=False)
        self._rows = chosen
        self.latency = 0.0  # seconds an example, the least seen: what disturbs a look of a second makes it longer only

    def __call__(self) -> float:
        worker = self._runner.worker
        inputs = worker.inputs(self._runner.spec.arm.candidate)
        start = time.perf_counter()
        found = predict_network(self._network, inputs, self._rows)
        seen = (time.perf_counter() - start) / len(self._rows)
        self.latency = min(seen, self.latency or seen)
        return METRICS[worker.metric](found, worker.data.labels[self._rows])


def _is_memory(trouble: BaseException) -> bool:
    return isinstance(trouble, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(trouble)
