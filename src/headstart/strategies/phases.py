"""What a strategy asks the training loop to do, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Where = Literal["all", "none", "first", "middle", "last", "relevant"]


@dataclass(frozen=True)
class FitHead:
    """Fit a head in closed form (or by a convex solver) on features that are computed once.

    Attributes:
        on: ``features`` of the frozen network, or the ``items`` themselves (pipelines such as TF-IDF).
        kind: ``linear`` (ridge, strength by leave-one-out), ``logistic`` for features that were tuned on the same
            labels, or ``neighbours`` for a vote of the nearest training examples.
    """

    on: Literal["features", "items"] = "features"
    kind: Literal["linear", "logistic", "neighbours"] = "linear"


@dataclass(frozen=True)
class Moving:
    """Which of a network's stages move; the head and added adapters always do.

    Attributes:
        where: Which end of the network, or ``relevant``: those whose gradients are largest for their weights.
        count: How many stages; None takes ``share`` of them.
        share: Of all stages, rounded, at least one.
        only: ``weights`` of every kind, or ``biases`` alone.
    """

    where: Where = "all"
    count: int | None = None
    share: float = 1.0
    only: Literal["weights", "biases"] = "weights"

    @classmethod
    def parse(cls, text: str) -> Moving:
        """Read the form that recipes use, such as ``all`` or ``last:2``."""
        where, _, count = text.partition(":")
        return cls(where, int(count) if count else None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Train:
    """Move some stages, the head and added adapters by gradient descent.

    Attributes:
        moving: Which stages; every other one is frozen, its statistics too. None: as the recipe says.
        steps_share: Share of the recipe's steps that this phase gets.
        inserted: Whether the recipe's inserted module stands before the head; it is built where it does not yet, and
            moves with the head.
    """

    moving: Moving | None = None
    steps_share: float = 1.0
    inserted: bool = False


@dataclass(frozen=True)
class Pairs:
    """Pull examples of one class together and push those of others apart, for the recipe's steps.

    Attributes:
        steps_share: Share of the recipe's steps that this phase gets.
    """

    steps_share: float = 1.0


Phase = FitHead | Train | Pairs


def only_heads(phases: Sequence[Phase]) -> bool:
    """Whether nothing is trained by gradient descent: heads alone, fitted on features or texts."""
    return bool(phases) and all(isinstance(phase, FitHead) for phase in phases)


def has_inserted(phase: Phase) -> bool:
    """Whether the recipe's inserted module stands before the head in a phase."""
    return isinstance(phase, Train) and phase.inserted


@dataclass(frozen=True)
class Grown:
    """What one phase of a growing strategy showed on labels that it did not train on.

    Attributes:
        phase: What was done.
        loss: Mean log-loss on the held-out labels after it.
        change: Its change against the best phase before; negative is better.
        error: Standard error of that change over the held-out labels.
    """

    phase: Phase
    loss: float
    change: float = 0.0
    error: float = 0.0

    @property
    def gained(self) -> bool:
        """Whether the loss fell by more than its standard error."""
        return self.change < -self.error
