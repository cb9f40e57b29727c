"""Full fine-tuning: start from the pretrained weights and let all of them move."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Setting, Strategy
from headstart.strategies.phases import Phase, Train
from headstart.strategies.schedules import batch_size_for, steps_for


class FullFinetune(Strategy):
    """All pretrained weights move, at one rate; the new head moves faster."""

    name = "full_finetune"
    paradigm = "transfer"
    weights = "pretrained"
    idea = "Start from pretrained weights and train all of them with a new head."
    wins = "from a few hundred labels on, when test data look like training data."
    loses = "with very few labels, where moving features costs more than it gains."
    cost = "three times the forward pass per step; no cache helps."
    paper = "Devlin 2019, arXiv 1810.04805; Kumar 2022, arXiv 2202.10054"

    def refuses(self, family: str, has_weights: bool) -> str | None:
        """Needs pretrained weights."""
        return None if has_weights else "there are no pretrained weights to start from"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One run in which everything moves."""
        return (Train(),)

    def recipes(self, setting: Setting) -> tuple[Recipe, ...]:
        """Rates around the centre by factors of three.

        Text: AdamW 1e-4, twice the upper end of the BERT grid (Devlin 2019, appendix A.3) because encoders
        that fit the budget are small; the neighbour below is inside that grid. 10 % warm-up and decay 0.01
        as there. Images: AdamW 1e-3 for a small
        convolutional network, measured on the built-in backbone (docs: recipes and sources).
        """
        if setting.modality == "text":
            batch = batch_size_for(setting.n, 16)
            centre = Recipe(
                learning_rate=1e-4, head_rate=5.0, weight_decay=0.01, batch_size=batch,
                steps=steps_for(setting.n, batch, epochs=3, at_least=60, at_most=3000), warmup=0.1,
            )  # fmt: skip
        else:
            batch = batch_size_for(setting.n, 64)
            centre = Recipe(
                learning_rate=1e-3, head_rate=3.0, weight_decay=0.05, batch_size=batch,
                steps=steps_for(setting.n, batch, epochs=20, at_least=200, at_most=2000), warmup=0.1,
                augmentation="flip" if setting.mirrored else "shift", label_smoothing=0.1,
            )  # fmt: skip
        factors = ((1 / 3, "rate / 3"), (3.0, "rate x 3"))
        others = [
            centre.model_copy(update={"learning_rate": centre.learning_rate * factor, "label": label})
            for factor, label in factors
        ]
        return (centre, *others)
