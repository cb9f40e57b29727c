"""LP-FT: probe first, then fine-tune everything from that head."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import FitHead, Phase, Train
from headstart.strategies.schedules import at_other_rates, finetuning_default


class LinearProbeThenFinetune(TransferStrategy):
    """The head of a converged probe, then all weights at a gentle rate."""

    name = "lp_ft"
    words = "a probe, then fine-tuning all of {}"
    idea = "Fit a linear head on frozen features, then fine-tune all weights from there."
    wins = "with few labels and under distribution shift: a good head does not distort the features."
    loses = "on data far from the pretraining, where the probe that it starts from is poor."
    trains = "all"
    cost = "one pass over the data, then as fine-tuning."
    paper = "Kumar 2022, arXiv 2202.10054"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """The closed form, then everything."""
        return (FitHead(on="features"), Train())

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Fine-tuning's default with a head that moves no faster than the rest, and lower rates first.

        The head is fitted already (Kumar 2022, section 4, tune the second stage's rate below plain
        fine-tuning's).
        """
        default = finetuning_default(regime)
        default = default.model_copy(update={"learning_rate": default.learning_rate / 2, "head_rate": 1.0})
        return at_other_rates(default, (1 / 3, 3.0))
