"""Which ways of training a pretrained model to try first, and what published pairs say of them."""

from __future__ import annotations

from statistics import median

from headstart.core import Record
from headstart.knowledge.description import Description
from headstart.knowledge.published import comparisons

FEW_LABELS = 1000  # below it a frozen model is tried first: it has few weights to fit and is cheap
FEW_A_CLASS = 50
LARGE = 1000.0  # millions of weights from which on full fine-tuning does not fit usual cards
COWS = "yang2026"


class Way(Record):
    """A strategy in the order in which to try it.

    Attributes:
        strategy: As ``--strategy`` takes it.
        why: In words, with the published figures behind it.
    """

    strategy: str
    why: str


def ways_for(case: Description, parameters_m: float = 0.0) -> tuple[Way, ...]:
    """Strategies in order, the cheapest that may win first, training from scratch always among them."""
    probe, lora = strategy_record("probe"), strategy_record("peft")
    adapters = Way(
        strategy="lora",
        why=f"A few per cent of the weights train, so it fits smaller cards; {lora}. Give it its own learning rate, "
        "about ten times that of full fine-tuning",
    )
    if parameters_m >= LARGE:
        quantised = Way(
            strategy="qlora", why="Weights in 4 bits: the way that fits one card (pip install 'headstart[llm]')"
        )
        frozen = Way(
            strategy="linear_probe", why="A frozen small encoder is the honest rival below a few hundred labels"
        )
        return quantised, adapters, frozen
    few = (case.labels or 0) < FEW_LABELS or (case.per_class or FEW_A_CLASS) < FEW_A_CLASS
    frozen = Way(strategy="linear_probe", why=f"Minutes, and hard to overfit; but {probe}")
    full = Way(strategy="full_finetune", why="All weights train; in most published comparisons the best of these ways")
    own = Way(
        strategy="from_scratch",
        why="The rival. Give it the same tuning and a longer schedule, or the fight is not fair",
    )
    if not case.has_start:
        return own, frozen, full
    return (frozen, full, adapters, own) if few else (full, adapters, frozen, own)


def strategy_record(arm: str) -> str:
    """How an arm fared against full fine-tuning in the published pairs, in words."""
    ours = [one for one in comparisons() if one.rival == "finetune" and one.arm == arm]
    behind = sum(one.points < 0 for one in ours)
    gap = median(one.points for one in ours)
    return f"it was behind full fine-tuning in {behind} of {len(ours)} published pairs (median {gap:+.1f} points)"
