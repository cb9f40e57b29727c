"""From scratch: random weights, the data alone, and a schedule long enough to be a fair opponent."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.modalities import Candidate, get_modality
from headstart.models import get_family
from headstart.strategies.base import Regime, Strategy
from headstart.strategies.phases import FitHead, Phase, Train


class FromScratch(Strategy):
    """Nothing pretrained: the candidate's architecture, a compact network, or TF-IDF + logistic regression."""

    name = "from_scratch"
    paradigm = "scratch"
    weights = "random"
    by_default = True
    words = "{} from scratch"
    idea = "Train on your data alone, from random weights (or on TF-IDF counts)."
    wins = "data far from any pretraining, enough labels, or a small model made for the task."
    loses = "with few labels on data like those of the pretraining."
    trains = "all"
    cost = "1.3 to 5 times the steps of fine-tuning; compact networks are cheaper per step."
    paper = "He 2018, arXiv 1811.08883; Brigato 2021, arXiv 2108.12978"

    def refuses(self, candidate: Candidate) -> str | None:
        """Applies to every candidate."""
        return None

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One long run, or one fit of a pipeline such as TF-IDF."""
        return (Train(),) if get_family(family).network else (FitHead(on="items"),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Recipes by expected gain.

        Each neighbour changes rate, decay or batch size: tuning these alone beats most methods made for small data
        (Brigato 2021), where a decay far above the usual one and batches of about ten examples won. A smaller batch
        takes as many more steps, so that every recipe sees the same number of examples.
        """
        family = get_family(regime.family)
        if not family.network:
            return family.recipes(regime)
        default = get_modality(regime.modality).from_scratch(regime)
        rate, decay = default.learning_rate, default.weight_decay
        return (
            default,
            default.model_copy(update={"learning_rate": rate * 3, "label": "rate x 3"}),
            default.model_copy(update={"learning_rate": rate / 3, "label": "rate / 3"}),
            default.model_copy(update={"weight_decay": decay * 10, "label": "decay x 10"}),
            default.model_copy(
                update={"batch_size": default.batch_size // 2, "steps": default.steps * 2, "label": "batch / 2"}
            ),
        )
