"""What a recipe may depend on, and schedules in steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Regime:
    """What a recipe may depend on: the data's shape, never its labels' values.

    Attributes:
        modality: Name of the modality, as in ``image``.
        family: How the candidate is built, as in ``transformers``.
        n: Labels the trial may look at.
        mirrored: Whether examples keep their label when they are mirrored, so that flips are safe.
    """

    modality: str
    family: str
    n: int
    num_classes: int
    mirrored: bool = True


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
