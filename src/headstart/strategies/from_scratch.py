"""From scratch: random weights, the data alone, and a schedule long enough to be a fair opponent."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.models import Candidate
from headstart.strategies.base import Regime, Strategy
from headstart.strategies.phases import FitHead, Phase, Train
from headstart.strategies.schedules import batch_size_for, steps_for


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
        """One long run, or one convex fit for TF-IDF."""
        return (FitHead(on="text"),) if family == "tfidf" else (Train(),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Recipes by expected gain.

        Each neighbour changes rate, decay or batch size: tuning these alone beats most methods made for small data
        (Brigato 2021), where a decay far above the usual one and batches of about ten examples won. A smaller batch
        takes as many more steps, so that every recipe sees the same number of examples.
        """
        if regime.family == "tfidf":
            return tuple(
                Recipe(weight_decay=1 / strength, label=f"C = {strength:g}") for strength in (10.0, 1.0, 100.0)
            )
        default = _text_default(regime) if regime.modality == "text" else _image_default(regime)
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


def _image_default(regime: Regime) -> Recipe:
    """AdamW at a rate usual for small residual networks; twice the fine-tuning schedule and more variation."""
    batch = batch_size_for(regime.n, 64)
    return Recipe(
        learning_rate=2e-3,
        weight_decay=0.05,
        batch_size=batch,
        warmup=0.1,
        steps=steps_for(regime.n, batch, epochs=40, at_least=600, at_most=4000),
        augmentation="flip" if regime.mirrored else "shift",
        label_smoothing=0.1,
    )


def _text_default(regime: Regime) -> Recipe:
    """Compact networks take large rates (their word table starts from noise); transformers smaller ones."""
    batch = batch_size_for(regime.n, 32)
    compact = regime.family == "compact"
    return Recipe(
        learning_rate=2e-3 if compact else 5e-4,
        weight_decay=0.05,
        batch_size=batch,
        warmup=0.1,
        steps=steps_for(regime.n, batch, epochs=10, at_least=300, at_most=4000),
        label_smoothing=0.1,
    )
