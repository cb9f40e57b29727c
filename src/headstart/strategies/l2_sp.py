"""L2-SP: fine-tuning with a pull back to the pretrained weights."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import Phase, Train
from headstart.strategies.schedules import finetuning_default

STRENGTH = 0.01  # inside the grid 1e-3 to 1e-1 of Li 2018, section 4.2, where most sets choose 1e-2 or 1e-1


class L2SP(TransferStrategy):
    """All weights move, and are pulled to where they started instead of to zero."""

    name = "l2_sp"
    words = "fine-tuning {} with a pull to its start"
    idea = "Fine-tune all weights with a penalty on their distance from the pretrained ones."
    wins = "when the source is close to the new data and labels are few."
    loses = "when the features have to change much."
    trains = "all"
    cost = "as full fine-tuning, with a second copy of the weights."
    paper = "Li 2018, arXiv 1802.01483"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One run in which everything moves."""
        return (Train(),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Fine-tuning's default with the penalty's strength, then other strengths and rates."""
        default = finetuning_default(regime).model_copy(update={"anchor": STRENGTH})
        return (
            default,
            default.model_copy(update={"anchor": STRENGTH * 10, "label": "pull x 10"}),
            default.model_copy(update={"learning_rate": default.learning_rate * 3, "label": "rate x 3"}),
            default.model_copy(update={"anchor": STRENGTH / 10, "label": "pull / 10"}),
        )
