"""Partial transfer: early stages start pretrained, later ones from scratch; everything moves."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.models import Network, draw_anew
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import Phase, Train
from headstart.strategies.schedules import finetuning_default


class PartialTransfer(TransferStrategy):
    """What early stages learnt is often all that is worth keeping."""

    name = "partial_transfer"
    paradigm = "hybrid"
    words = "{} with fresh late stages"
    idea = "Keep the pretrained weights of the early stages, reinitialise the later ones, train everything."
    wins = "when the new data share edges and textures with the source, but not its objects."
    loses = "with few labels, where the late stages cannot be learnt."
    trains = "all"
    cost = "as training from scratch."
    paper = "Raghu 2019, arXiv 1902.07208, section 5"

    def prepare(self, network: Network, recipe: Recipe, seed: int) -> Network:
        """Reinitialise the stages beyond the kept share."""
        total = len(network.stages)
        draw_anew(network, range(round(recipe.kept * total), total), seed)
        return network

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One run in which everything moves."""
        return (Train(),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Half of the stages kept, at twice fine-tuning's length; then other shares."""
        default = finetuning_default(regime)
        default = default.model_copy(update={"kept": 0.5, "steps": default.steps * 2, "head_rate": 1.0})
        return (
            default,
            default.model_copy(update={"kept": 0.75, "label": "three quarters kept"}),
            default.model_copy(update={"kept": 0.25, "label": "one quarter kept"}),
            default.model_copy(update={"learning_rate": default.learning_rate * 3, "label": "rate x 3"}),
        )
