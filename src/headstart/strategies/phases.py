"""What a strategy asks the training loop to do, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FitHead:
    """Fit a head in closed form (or by a convex solver) on features that are computed once.

    Attributes:
        on: ``features`` of the frozen network, or the raw ``text`` (TF-IDF).
    """

    on: Literal["features", "text"] = "features"


@dataclass(frozen=True)
class ParameterGroup:
    """Stages that move together.

    Attributes:
        stages: Indices into the network's stages; negative ones count from the output.
        rate_factor: Their rate as a multiple of the recipe's.
    """

    stages: tuple[int, ...]
    rate_factor: float = 1.0


@dataclass(frozen=True)
class Train:
    """Move some stages and the head by gradient descent, for the recipe's steps.

    Attributes:
        groups: Which stages move, and how fast; every other stage is frozen, its statistics too.
            ``None``: all stages at the recipe's rate.
        steps_share: Share of the recipe's steps that this phase gets.
    """

    groups: tuple[ParameterGroup, ...] | None = None
    steps_share: float = 1.0


Phase = FitHead | Train
