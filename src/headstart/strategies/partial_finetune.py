"""Partial fine-tuning: a few stages move, the others stay as they were pretrained."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import Phase, Train
from headstart.strategies.schedules import finetuning_default, longer

VIEWS = 4  # variations of an image whose way through the frozen stages is kept


class PartialFinetune(TransferStrategy):
    """Some stages move: the last ones, the first, the middle, or those whose gradients are largest."""

    name = "partial_finetune"
    words = "fine-tuning a part of {}"
    idea = "Train a few stages of the pretrained network and its head, keep the others frozen."
    wins = "with some hundred labels, or when the new data differ at one level only (surgical fine-tuning)."
    loses = "where all levels have to change."
    trains = "the stages it names and the head"
    cost = "the frozen stages run once for each example and variation, the rest in every step."
    paper = "Yosinski 2014, arXiv 1411.1792; Lee 2023, arXiv 2210.11466"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One run of the stages that the recipe names."""
        return (Train(),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """The last stage; other choices of stages; the last stage at a higher rate.

        Input-level shifts are best met by the first stages, label shifts by the last; relative gradient norms
        choose nearly as well as trying all (Lee 2023, sections 3 and 4). Fewer weights bear a higher rate. On 200
        tweets 60 steps of the last stage learnt nothing (0.43, the largest class) and 240 as much as a probe.
        """
        default = longer(finetuning_default(regime)).model_copy(update={"moving": "last:1", "views": VIEWS})
        return (
            default,
            default.model_copy(update={"moving": "last:2", "label": "last 2"}),
            default.model_copy(update={"moving": "relevant:1", "label": "largest gradient"}),
            default.model_copy(update={"learning_rate": default.learning_rate * 3, "label": "rate x 3"}),
            default.model_copy(update={"moving": "first:1", "label": "first"}),
            default.model_copy(update={"moving": "middle:1", "label": "middle"}),
        )
