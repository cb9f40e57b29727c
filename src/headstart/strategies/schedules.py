"""Schedules in steps and the default of fine-tuning recipes, shared by the strategies."""

from __future__ import annotations

from collections.abc import Iterable

from headstart.core import Recipe
from headstart.modalities import batch_size_for, get_modality, steps_for
from headstart.strategies.base import Regime

__all__ = ["at_other_rates", "batch_size_for", "finetuning_default", "longer", "steps_for"]

SLOW_STEPS = 240


def finetuning_default(regime: Regime) -> Recipe:
    """The default of full fine-tuning, as the modality has it; other ways to fine-tune differ in rate and length."""
    return get_modality(regime.modality).finetuning(regime)


def longer(default: Recipe, factor: float = 1.0) -> Recipe:
    """A schedule for methods that begin as if nothing had been added and take long to leave that start.

    Measured on 200 tweets of four classes with the built-in encoder: after 60 steps biases alone had learnt nothing
    (0.40, the share of the largest class), after 240 they reached 0.58.

    Args:
        default: The default of full fine-tuning.
        factor: Steps as a multiple of the longer of its schedule and :data:`SLOW_STEPS`.
    """
    return default.model_copy(update={"steps": round(factor * max(default.steps, SLOW_STEPS))})


def at_other_rates(default: Recipe, factors: Iterable[float] = (1 / 3, 3.0)) -> tuple[Recipe, ...]:
    """The default, then the same at other rates."""
    others = []
    for factor in factors:
        label = f"rate x {factor:g}" if factor > 1 else f"rate / {1 / factor:g}"
        others.append(default.model_copy(update={"learning_rate": default.learning_rate * factor, "label": label}))
    return (default, *others)
