"""Hybrid: a probe, then a module built from scratch before the head; stage after stage moves while it pays."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import FitHead, Grown, Moving, Phase, Train, has_inserted
from headstart.strategies.schedules import at_other_rates, finetuning_default

BLOCK = 0.25  # of fine-tuning's steps: what one look at the held-out labels costs
MOST_BLOCKS = 8


class Hybrid(TransferStrategy):
    """The labels decide how much of the network moves, and whether a new module between it and the head pays.

    A block of steps *gains* if it lowers the log-loss on a held-out fifth of the labels, against the best block so
    far, by more than one standard error of the difference over its examples. The rule, with a patience of one block:

    1. Fit the head as a probe: in closed form, so it stands on its plateau.
    2. If the recipe names a module to insert, put it before the head and train it and the head for a block, with
       every stage frozen; again as long as that gains. If no such block gained, take it out again.
    3. Unfreeze the last stage, then after each block without a gain the next one towards the input. After a stage
       that brought none, growth ends.

    The blocks that led to the best one are then repeated on all labels. Every block, its figures and what followed
    from them are in the notes of the measurement.
    """

    name = "hybrid"
    paradigm = "hybrid"
    grows = True
    longest = 2 * MOST_BLOCKS * BLOCK  # every block may gain, and is then repeated on all labels
    inserts = True
    words = "{} unfrozen as far as it pays"
    idea = (
        "Start as a linear probe and unfreeze stage after stage while held-out labels gain, "
        "with a new module before the head first where a recipe names one."
    )
    wins = "when it is not known how much of the network should move, with a hundred labels or more."
    loses = "with very few labels: a held-out fifth of them says little."
    trains = "from the head alone to all, as held-out labels decide"
    cost = "a probe, then up to four times fine-tuning: the search, then the same on all labels."
    paper = "Howard & Ruder 2018, arXiv 1801.06146; Kumar 2022, arXiv 2202.10054; Houlsby 2019, arXiv 1902.00751"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """The probe, then as many blocks as may follow; :meth:`grow` says which do."""
        return (FitHead(on="features"), Train(Moving("last", 1), BLOCK))

    def grow(self, done: Sequence[Grown], stages: int, recipe: Recipe) -> Phase | None:
        """Stay, insert, unfreeze one more stage, or end."""
        last = done[-1]
        if len(done) > MOST_BLOCKS:
            return None
        if len(done) == 1:
            return Train(Moving("none"), BLOCK, inserted=True) if recipe.inserted else Train(Moving("last", 1), BLOCK)
        if last.gained:
            return last.phase
        moving = _moving(last.phase)
        paid = any(step.gained for step in done[1:] if _moving(step.phase) == moving)
        if moving and (not paid or moving == stages):
            return None
        keeps = has_inserted(last.phase) and (moving > 0 or paid)
        return Train(Moving("last", moving + 1), BLOCK, inserted=keeps)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """As for fine-tuning from a probe's head, then with the built-in adapter before the head."""
        default = finetuning_default(regime).model_copy(update={"head_rate": 1.0})
        adapter = default.model_copy(update={"inserted": "residual", "label": "residual adapter"})
        return (*at_other_rates(default, (1 / 3, 3.0)), adapter)


def _moving(phase: Phase) -> int:
    return phase.moving.count or 0 if isinstance(phase, Train) and phase.moving else 0
