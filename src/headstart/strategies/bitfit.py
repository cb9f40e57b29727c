"""BitFit: only biases and the head move."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import ByModality, Regime, TransferStrategy
from headstart.strategies.phases import Moving, Phase, Train
from headstart.strategies.schedules import at_other_rates, finetuning_default, longer

RATE_FACTOR = ByModality(3.0, text=10.0)  # of full fine-tuning's rate


class BitFit(TransferStrategy):
    """The pretrained weights stay, their biases move."""

    name = "bitfit"
    words = "tuning the biases of {}"
    idea = "Train the biases of the pretrained network and a new head, nothing else."
    wins = "with few labels: a thousandth of the weights moves, so little is forgotten."
    loses = "with many labels, or networks with few biases."
    trains = "biases and the head: about 0.1 % of a transformer"
    cost = "a forward and a backward pass a step, but hardly any optimiser state."
    paper = "Ben Zaken 2022, arXiv 2106.10199"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One run of all biases."""
        return (Train(Moving(only="biases")),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Ten times fine-tuning's rate for text (Ben Zaken 2022 search 1e-4 to 1e-3), three times for images."""
        default = longer(finetuning_default(regime))
        factor = RATE_FACTOR.of(regime.modality)
        default = default.model_copy(update={"learning_rate": default.learning_rate * factor, "head_rate": 1.0})
        return at_other_rates(default, (3.0, 1 / 3))
