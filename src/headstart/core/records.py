"""Frozen records that survive a JSON round trip.

``arm`` = candidate x strategy; ``trial`` = arm x recipe x n x repeat; its result is a ``measurement``.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1
PROTOCOL_VERSION = 4  # raise it when a change makes old measurements incomparable with new ones

Paradigm = Literal["transfer", "scratch", "hybrid"]
Role = Literal["tuning", "measuring"]
Augmentation = Literal["none", "shift", "flip", "strong"]
ModelFormat = Literal["transformers", "peft", "skops", "headstart", "ensemble"]  # how a trained model is saved


class Record(BaseModel):
    """A frozen value with a JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    def to_json(self) -> str:
        """Return the value as one JSON document."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote."""
        return cls.model_validate_json(text)


class Recipe(Record):
    """The hyper-parameters of one training run.

    Attributes:
        learning_rate: Peak rate of the weights that start from pretraining (or of all, from scratch).
        head_rate: Peak rate of the new head, as a multiple of ``learning_rate``.
        weight_decay: Decoupled weight decay (AdamW); 1 / C of a logistic regression.
        steps: Optimiser steps; 0 where the head has a closed form.
        batch_size: Examples per step.
        warmup: Share of the steps over which the rate rises linearly; cosine to zero afterwards.
        augmentation: How training examples are varied.
        views: With the first stages frozen: how many fixed variations of each example there are, so that what the
            frozen stages make of them can be kept; 0 varies each time.
        label_smoothing: Share of probability spread over the other classes.
        mixup: Beta parameter of mixup (Zhang 2018); 0 switches it off.
        ema: Decay of the averaged weights that are evaluated; 0 switches it off.
        moving: Which stages move where the strategy leaves it to the recipe: ``all``, ``none``, or ``first``,
            ``middle``, ``last`` or ``relevant`` (by gradient norm) and a number of stages, as in ``last:2``.
        layer_decay: Rate of a stage as a multiple of the rate of what follows it; the head's neighbour has it once.
        anchor: Strength of the pull back to the weights that training started from (L2-SP).
        kept: Share of the stages, from the input on, that keep their pretrained weights; the rest start fresh.
        rank: Of low-rank adapters.
        inserted: Module between the features and the head, where the strategy puts one in: ``residual`` for the
            built-in adapter, or ``package.module:factory``, called with the width of the features; empty for none.
        inserted_rate: Peak rate of an inserted module, which starts from nothing, as a multiple of ``learning_rate``.
        readout: Which features a head is fitted on: ``pooled`` as the network gives them, or ``searched``.
        hidden: Width of the one hidden layer of a head that is not linear; 0 for a linear one.
        standardised: Whether a pipeline brings each example to mean 0 and deviation 1 first.
        prior: Power to which the classes' shares count in predictions: below 1, rare classes are called more often.
        label: Short name for tables, such as ``"default"`` or ``"rate x 3"``; no part of what a recipe is.
    """

    learning_rate: float = Field(default=0.0, ge=0)
    head_rate: float = Field(default=1.0, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    steps: int = Field(default=0, ge=0)
    batch_size: int = Field(default=32, ge=1)
    warmup: float = Field(default=0.1, ge=0, le=1)
    augmentation: Augmentation = "none"
    views: int = Field(default=0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0)
    ema: float = Field(default=0.0, ge=0, lt=1)
    moving: str = Field(default="all", pattern=r"^(all|none|(first|middle|last|relevant):[1-9]\d*)$")
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    anchor: float = Field(default=0.0, ge=0)
    kept: float = Field(default=1.0, ge=0, le=1)
    rank: int = Field(default=8, ge=1)
    inserted: str = ""
    inserted_rate: float = Field(default=3.0, gt=0)
    readout: Literal["pooled", "searched"] = "pooled"
    hidden: int = Field(default=0, ge=0)
    standardised: bool = False
    prior: float = Field(default=1.0, ge=0, le=1)
    label: str = "default"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(tuple(self._values().items()))

    def _values(self) -> dict[str, Any]:
        """Everything that changes a number: renaming a recipe makes no other one of it."""
        return {name: value for name, value in self.__dict__.items() if name != "label"}


class Arm(Record):
    """A candidate together with a strategy: what is compared."""

    candidate: str
    strategy: str
    paradigm: Paradigm

    @property
    def name(self) -> str:
        """The arm in words, such as ``"full_finetune of builtin:image"``."""
        return f"{self.strategy} of {self.candidate}"

    @property
    def key(self) -> str:
        """The arm as an identifier, such as ``"full_finetune@builtin:image"``."""
        return f"{self.strategy}@{self.candidate}"


class TrialSpec(Record):
    """Everything that determines the numbers of one training run.

    Equal specs give equal numbers on the same machine with the same threads; :attr:`key` is what the
    store recognises them by.

    Attributes:
        role: ``tuning`` holds out a fifth of the n labels, ``measuring`` trains on all and reads the test part.
        weights_hash: Content hash of the starting weights, or of the architecture's definition.
        n: Labels the trial may look at, the ones it tunes on included.
        repeat: Which subset of labels, shared by all arms.
        seed: Of initial weights, order, augmentation and dropout: shared by all arms at equal role, n and repeat.
        threads: CPU threads that the trial computes with; another number changes rounding.
        fold: Which test part is measured (0 unless test parts rotate).
        recipe_informed: The recipe was chosen at a size larger than n, or in another repeat.
        inserted_source: Content hash of the file of a user's own module before the head; empty if there is none.
        convergence_check: A tuning trial with twice the steps of its recipe, which shows whether that had converged.
        stopped_at: Steps of the last phase at which the run ended early, its rate brought to zero before: the time
            was over. 0 where all steps were done.
        aimed_at: Steps at which the rate was to reach zero, where the run was broken off before: the machine became
            slower. 0 where it was not.
    """

    role: Role
    arm: Arm
    recipe: Recipe
    weights_hash: str
    input_size: int
    dtype: Literal["float32", "bfloat16"]
    n: int
    repeat: int
    seed: int
    data_fingerprint: str
    threads: int = 1
    fold: int = 0
    recipe_informed: bool = False
    inserted_source: str = ""
    convergence_check: bool = False
    stopped_at: int = Field(default=0, ge=0)
    aimed_at: int = Field(default=0, ge=0)
    protocol_version: int = PROTOCOL_VERSION

    @property
    def whole(self) -> TrialSpec:
        """The same trial with all its steps."""
        return self.model_copy(update={"stopped_at": 0, "aimed_at": 0})

    @property
    def steps_share(self) -> float:
        """Share of the recipe's steps that the trial is done with."""
        return min(1.0, self.stopped_at / self.recipe.steps) if self.stopped_at and self.recipe.steps else 1.0

    @property
    def key(self) -> str:
        """A content hash: the identity of this trial in the store.

        Defaults are left out, so that a new field does not turn every old trial into another one; a default that
        changes its meaning needs a new :data:`PROTOCOL_VERSION`, which is always part of the key.
        """
        values = self.model_dump(mode="json", exclude_defaults=True, exclude={"recipe": {"label"}})
        text = json.dumps({**values, "protocol_version": self.protocol_version}, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


class Measurement(Record):
    """What one finished (or failed) trial showed.

    Attributes:
        value: The study's metric: on the held-out fifth when tuning, on the test part when measuring.
        seconds: Wall-clock seconds of training and evaluation, without waiting for shared caches.
        cpu_seconds: Processor seconds of the same, over all threads: what other work on the machine hardly changes.
        threads: CPU threads that it computed with.
        machine: Name of the machine that it ran on; seconds of another one say little about this one.
        n_realised: Labels used after rounding to classes and groups.
        n_test: Examples that ``value`` was measured on.
        steps: Optimiser steps that were done.
        steps_planned: Those of the whole schedule, where it was ended early; else 0.
        flops: Floating-point operations of training: those of its steps as they were run, frozen parts without the
            backward pass; of a closed form, the forward passes that its features take.
        peak_memory_mb: Of the GPU during the trial; without one, of the process up to its end.
        curve: (seconds, value) pairs during training; empty for closed forms.
        latency: Seconds to predict one example, in batches.
        machine_share: Of the rate that matrix products reach on the machine, what the steps reached; 0 if unknown.
        notes: What a reader must know: smaller batch after running out of memory, widened grids.
        error: One line, if the trial failed; every number is then meaningless.
    """

    schema_version: int = SCHEMA_VERSION
    value: float = float("nan")
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    threads: int = 0
    machine: str = ""
    n_realised: int = 0
    n_test: int = 0
    steps: int = 0
    steps_planned: int = 0
    parameters: int = 0
    trainable_parameters: int = 0
    flops: float = 0.0
    peak_memory_mb: float = 0.0
    latency: float = 0.0
    machine_share: float = 0.0
    curve: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the numbers may be used."""
        return self.error is None
