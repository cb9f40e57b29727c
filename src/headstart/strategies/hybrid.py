"""Hybrid: start as a probe, unfreeze stage after stage while it pays."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core import Recipe
from headstart.strategies.base import Setting, TransferStrategy
from headstart.strategies.phases import FitHead, Grown, Moving, Phase, Train
from headstart.strategies.schedules import at_other_rates, finetuning_centre

BLOCK = 0.25  # of fine-tuning's steps: what one look at the held-out labels costs
PATIENCE = 1  # blocks without a gain before the next stage moves, and stages without a gain before it ends
MOST_BLOCKS = 8


class Hybrid(TransferStrategy):
    """The labels decide how much of the network moves.

    A block of steps gains if it lowers the log-loss on a held-out fifth of the labels by more than one standard
    error of the difference over its examples. After a block without a gain the next stage towards the input is
    unfrozen; after a stage that brought none, growth ends. The blocks up to the best one are then repeated on all
    labels.
    """

    name = "hybrid"
    paradigm = "hybrid"
    grows = True
    words = "{} unfrozen as far as it pays"
    idea = "Start as a linear probe and unfreeze stage after stage while held-out labels gain."
    wins = "when nobody knows how much of the network should move, with a hundred labels or more."
    loses = "with very few labels: a held-out fifth of them says little."
    trains = "from the head alone to all, as held-out labels decide"
    cost = "a probe, then up to twice fine-tuning."
    paper = "Howard & Ruder 2018, arXiv 1801.06146; Kumar 2022, arXiv 2202.10054"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """The probe, then as many blocks as may follow; :meth:`grow` says which do."""
        return (FitHead(on="features"), Train(Moving("last", 1), BLOCK))

    def grow(self, done: Sequence[Grown], stages: int) -> Phase | None:
        """Stay, unfreeze one more stage, or end."""
        if len(done) == 1:
            return Train(Moving("last", 1), BLOCK)
        moving = _moving(done[-1].phase)
        if len(done) > MOST_BLOCKS:
            return None
        if done[-1].gained:
            return Train(Moving("last", moving), BLOCK)
        idle = [step for step in done[1:] if _moving(step.phase) == moving]
        if not any(step.gained for step in idle) or moving == stages:
            return None
        return Train(Moving("last", moving + 1), BLOCK)

    def recipes(self, setting: Setting) -> tuple[Recipe, ...]:
        """As for fine-tuning from a probe's head."""
        centre = finetuning_centre(setting).model_copy(update={"head_rate": 1.0})
        return at_other_rates(centre, (1 / 3, 3.0))


def _moving(phase: Phase) -> int:
    return phase.moving.count or 0 if isinstance(phase, Train) and phase.moving else 0
