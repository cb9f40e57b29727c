"""Full fine-tuning: start from the pretrained weights and let all of them move."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import Phase, Train
from headstart.strategies.schedules import at_other_rates, finetuning_default

LAYER_DECAY = 0.75


class FullFinetune(TransferStrategy):
    """All pretrained weights move; the new head moves faster."""

    name = "full_finetune"
    by_default = True
    words = "fine-tuning all of {}"
    idea = "Start from pretrained weights and train all of them with a new head."
    wins = "from a few hundred labels on, when test data look like training data."
    loses = "with very few labels, where moving features costs more than it gains."
    trains = "all"
    cost = "three times the forward pass per step; no cache helps."
    paper = "Devlin 2019, arXiv 1810.04805; Kumar 2022, arXiv 2202.10054"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One run in which everything moves."""
        return (Train(),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Rates around the default by factors of three, then a decay of the rate from the head to the input.

        Layer-wise decay 0.75: inside the range 0.65 to 0.9 that BEiT (Bao 2021, arXiv 2106.08254) and ELECTRA
        (Clark 2020, arXiv 2003.10555) use.
        """
        default = finetuning_default(regime)
        decayed = default.model_copy(update={"layer_decay": LAYER_DECAY, "label": f"layer decay {LAYER_DECAY}"})
        return (*at_other_rates(default), decayed)
