"""Schedules in steps and the default of fine-tuning recipes, shared by the strategies."""

from __future__ import annotations

from collections.abc import Iterable

from headstart.core import Recipe
from headstart.strategies.base import Regime

SLOW_STEPS = 240


def steps_for(n: int, batch_size: int, *, epochs: float, at_least: int, at_most: int) -> int:
    """Steps for about ``epochs`` passes, bounded on both sides.

    Schedules are set in steps because small sets need many passes and large ones few (Zhang 2021,
    arXiv 2006.05987: few-sample fine-tuning fails for want of steps, not of epochs).

    Args:
        n: Training examples.
        batch_size: Examples a step.
        epochs: Passes over the data between the bounds.
        at_least: Lower bound in steps.
        at_most: Upper bound in steps.
    """
    return int(min(max(round(epochs * n / batch_size), at_least), at_most))


def batch_size_for(n: int, largest: int) -> int:
    """The largest power of two that still gives about a dozen batches a pass, between 16 and ``largest``.

    Below 16 batch norm's statistics are noise and small machines spend most of a step on overhead.
    """
    size = 16
    while size < largest and size * 2 * 12 <= n:
        size *= 2
    return min(size, largest)


def finetuning_default(regime: Regime) -> Recipe:
    """The default of full fine-tuning, from which the other ways to fine-tune differ in rate and length.

    Text: AdamW 1e-4, twice the upper end of the BERT grid (Devlin 2019, appendix A.3) because encoders that fit
    the budget are small; a third of it is inside that grid. 10 % warm-up and decay 0.01 as there. Images: AdamW
    1e-3 for a small convolutional network, measured on the built-in backbone (docs: recipes and sources).
    """
    if regime.modality == "text":
        batch = batch_size_for(regime.n, 16)
        return Recipe(
            learning_rate=1e-4,
            head_rate=5.0,
            weight_decay=0.01,
            batch_size=batch,
            steps=steps_for(regime.n, batch, epochs=3, at_least=60, at_most=3000),
            warmup=0.1,
        )
    batch = batch_size_for(regime.n, 64)
    return Recipe(
        learning_rate=1e-3,
        head_rate=3.0,
        weight_decay=0.05,
        batch_size=batch,
        steps=steps_for(regime.n, batch, epochs=20, at_least=200, at_most=2000),
        warmup=0.1,
        augmentation="flip" if regime.mirrored else "shift",
        label_smoothing=0.1,
    )


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
