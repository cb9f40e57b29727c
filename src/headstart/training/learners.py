"""One batch of a phase: where it comes from, and its gradients in slices that fit into memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from headstart.core import Recipe
from headstart.modalities import get_modality
from headstart.models import Inputs, Network
from headstart.models.heads import prior_shift
from headstart.models.inputs import Batch
from headstart.training.activations import ActivationCache, Views
from headstart.training.batches import endless_batches
from headstart.training.pairs import distinct_parts, pair_batches, pair_loss
from headstart.training.recorded import RecordedPasses

if TYPE_CHECKING:
    from accelerate import Accelerator


class Learner(ABC):
    """Batches of one phase and their gradients.

    Args:
        accelerator: Owns device and backward pass.
        network: What learns.
        inputs: The data set (N examples).
        targets: Class of every example (N,).
        recipe: Batch size, augmentation and loss.
        microbatch: Examples or pairs of a slice at most.
        half: Whether the forward pass runs in bf16.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        network: Network,
        inputs: Inputs,
        targets: np.ndarray,
        recipe: Recipe,
        microbatch: int | None,
        half: bool,
    ) -> None:
        self.accelerator, self.network, self.inputs, self.recipe = accelerator, network, inputs, recipe
        self.labels = torch.from_numpy(targets).to(accelerator.device)
        self.microbatch, self.half = microbatch, half

    @abstractmethod
    def backward(self, step: int) -> torch.Tensor:
        """Add the gradients of the next batch, which is that of ``step``; returns its mean loss, of no dimension."""

    @property
    def remark(self) -> str:
        """What a reader of the timings should know; empty if nothing."""
        return ""

    def close(self) -> None:  # noqa: B027 - most keep nothing
        """Remove what was kept for this phase alone."""

    def _autocast(self) -> torch.autocast:
        # accelerate's own mixed precision is fixed for the whole process by the first Accelerator made
        return torch.autocast(self.accelerator.device.type, torch.bfloat16, enabled=self.half)

    def _slices(self, count: int) -> Iterator[slice]:
        size = self.microbatch or count
        return (slice(start, start + size) for start in range(0, count, size))

    def _indices(self, rows: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.asarray(rows)).to(self.accelerator.device)

    def _on_device(self, batch: Batch) -> Batch:
        return {name: tensor.to(self.accelerator.device, non_blocking=True) for name, tensor in batch.items()}


class ExampleLearner(Learner):
    """Cross-entropy on examples, perhaps mixed, perhaps from stored activations of the frozen stages.

    Args:
        model: The network as accelerate prepared it.
        rows: Examples to learn from (n,).
        seed: Of order and augmentation.
        skip: Batches that were learnt before.
        cache: Activations at the freeze boundary; None runs the whole network.
        common: As for :class:`Learner`.

    Attributes:
        recorded: Replays the passes of batches whose shape recurs; None runs every operation anew.
    """

    def __init__(
        self, model: nn.Module, rows: np.ndarray, seed: int, skip: int, cache: ActivationCache | None, *common: object
    ) -> None:
        super().__init__(*common)  # type: ignore[arg-type]
        self.model, self.rows, self.cache = model, rows, cache
        self._labels_learnt, self._shift = self.labels.cpu().numpy()[rows], torch.zeros(0)
        self.recorded: RecordedPasses | None = None
        self._views = Views(self.inputs, self.recipe, seed)
        self._batches = endless_batches(rows, self.inputs.lengths, self.recipe.batch_size, seed, skip=skip)

    def backward(self, step: int) -> torch.Tensor:
        """Add the gradients of the next batch.

        Augmentation and mixup are drawn for the whole batch, so that slicing does not change them.
        """
        batch = next(self._batches)
        values = self._values(batch, step)
        if self.recorded is not None:
            values = self.recorded.padded(values)
        with self.cache.installed() if self.cache else nullcontext():
            return self._accumulate(self._on_device(values), self.labels[self._indices(batch)])

    @property
    def remark(self) -> str:
        """Why passes were not recorded, where they were to be."""
        return self.recorded.reason if self.recorded is not None else ""

    def close(self) -> None:
        """Remove what was stored and recorded."""
        if self.cache:
            self.cache.close()
        if self.recorded is not None:
            self.recorded.close()

    def _values(self, batch: np.ndarray, step: int) -> Batch:
        source = self.cache or (self._views if self._views.count > 1 else None)
        if source is None:
            return self.inputs.batch(batch, self.recipe.augmentation)
        return source.batch(batch, step * self.recipe.batch_size // len(self.rows))

    def _logits(self, values: Batch, part: slice, count: int) -> torch.Tensor:
        """Logits of a slice of a batch of ``count``."""
        if self.recorded is not None and part.stop - part.start >= count:  # replays do not add to gradients
            logits = self.recorded.logits(values)
            if logits is not None:
                return logits
        with self._autocast():
            found: torch.Tensor = self.model(**{name: tensor[part] for name, tensor in values.items()})
        return found

    def _adjusted(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits as the loss sees them, so that those of the network hold another prior than the labels' own."""
        if self.recipe.prior == 1:
            return logits
        if not len(self._shift):
            shift = prior_shift(self._labels_learnt, logits.shape[1], self.recipe.prior)
            self._shift = torch.from_numpy(shift).to(logits.device)
        return logits - self._shift

    def _accumulate(self, values: Batch, wanted: torch.Tensor) -> torch.Tensor:
        share, partners = 1.0, wanted
        mixed = [name for name in get_modality(self.network.candidate.modality).mixed if name in values]
        if self.recipe.mixup and mixed:
            share, partners, values = _mix(values, mixed, wanted, self.recipe.mixup)
        total, smoothing = torch.zeros((), device=wanted.device), self.recipe.label_smoothing
        for part in self._slices(len(wanted)):
            logits = self._adjusted(self._logits(values, part, len(wanted)).float())
            loss = F.cross_entropy(logits, wanted[part], label_smoothing=smoothing)
            if share < 1:
                other = F.cross_entropy(logits, partners[part], label_smoothing=smoothing)
                loss = share * loss + (1 - share) * other
            loss = loss * (len(logits) / len(wanted))
            self.accelerator.backward(loss)
            total += loss.detach()
        return total


class PairLearner(Learner):
    """Cosine similarity on pairs of examples, as many of one class as of two.

    Args:
        rows: Examples to learn from (n,).
        targets: Class of every example (N,).
        seed: Of the pairs.
        skip: Batches that were learnt before.
        common: As for :class:`Learner`.
    """

    def __init__(self, rows: np.ndarray, targets: np.ndarray, seed: int, skip: int, *common: object) -> None:
        super().__init__(*common)  # type: ignore[arg-type]
        self._batches = pair_batches(rows, targets, self.recipe.batch_size, seed, skip=skip)

    def backward(self, step: int) -> torch.Tensor:
        """Add the gradients of the next batch of pairs."""
        pairs = next(self._batches)
        device = self.accelerator.device
        total = torch.zeros((), device=device)
        for chosen in self._slices(pairs.shape[1]):
            part = pairs[:, chosen]
            parts, where = distinct_parts(part, self.inputs.lengths)
            features = []
            for rows in parts:
                with self._autocast():
                    features.append(self.network.features(**self._on_device(self.inputs.batch(rows))).float())
            left, right = torch.cat(features)[torch.from_numpy(where).to(device)]
            same = (self.labels[self._indices(part[0])] == self.labels[self._indices(part[1])]).float()
            loss = pair_loss(left, right, same) * (part.shape[1] / pairs.shape[1])
            self.accelerator.backward(loss)
            total += loss.detach()
        return total


def _mix(
    values: Batch, names: Sequence[str], wanted: torch.Tensor, strength: float
) -> tuple[float, torch.Tensor, Batch]:
    """Mixup (Zhang 2018, arXiv 1710.09412): a convex pair of examples has the same mixture as its target."""
    share = torch.distributions.Beta(strength, strength).sample().item()
    order = torch.randperm(len(wanted)).to(wanted.device)
    mixed = {name: share * values[name] + (1 - share) * values[name][order] for name in names}
    return share, wanted[order], {**values, **mixed}
