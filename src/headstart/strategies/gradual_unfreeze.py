"""Gradual unfreezing: the head first, then stage after stage towards the input."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import Moving, Phase, Train
from headstart.strategies.schedules import at_other_rates, finetuning_default

DISCRIMINATIVE = 1 / 2.6  # rate of a layer over that of the next one (Howard & Ruder 2018, section 3.2)


class GradualUnfreeze(TransferStrategy):
    """Head, last quarter, last half, everything; lower stages move more slowly."""

    name = "gradual_unfreeze"
    words = "unfreezing {} step by step"
    idea = "Train the head, then unfreeze the network in steps from the output to the input."
    wins = "with few labels and deep encoders, where moving everything at once forgets."
    loses = "where the first stages have to change much: they move late and slowly."
    trains = "all, the first stages last"
    cost = "less than full fine-tuning: early steps move little."
    paper = "Howard & Ruder 2018, arXiv 1801.06146"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """Four runs; half of the steps move everything."""
        return (
            Train(Moving("none"), 0.1),
            Train(Moving("last", share=0.25), 0.15),
            Train(Moving("last", share=0.5), 0.25),
            Train(Moving("all"), 0.5),
        )

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Fine-tuning's default with discriminative rates; twice the rate, since lower stages get little of it."""
        default = finetuning_default(regime)
        update = {"learning_rate": default.learning_rate * 2, "layer_decay": DISCRIMINATIVE, "head_rate": 1.0}
        default = default.model_copy(update=update)
        softer = default.model_copy(update={"layer_decay": DISCRIMINATIVE**0.5, "label": "gentler layer decay"})
        return (*at_other_rates(default, (3.0, 1 / 3)), softer)
