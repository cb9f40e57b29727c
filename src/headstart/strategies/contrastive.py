"""Contrastive tuning of a text encoder on pairs, then a logistic head (SetFit)."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.modalities import Candidate, get_modality
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import FitHead, Pairs, Phase
from headstart.strategies.schedules import at_other_rates

BATCH = 16  # pairs a step, as SetFit
PAIRS_PER_LABEL = 40  # SetFit's 20 of the same class and 20 of others
MOST_PAIRS = 4000  # all pairs would grow with the square of n, which is what fills its users' memory


class Contrastive(TransferStrategy):
    """Texts of one class are pulled together, those of others apart; then a head is fitted."""

    name = "contrastive"
    words = "contrastive tuning of {}"
    idea = "Tune the text encoder on pairs of the same and of different classes, then fit a logistic head."
    wins = "with 4 to 50 labels per class: n labels make n^2 pairs to learn from."
    loses = "with many labels, where fine-tuning with a head uses each of them."
    cost = "like fine-tuning on up to 4,000 pairs of texts."
    trains = "all, then the head"
    paper = "Tunstall 2022, arXiv 2209.11055; Reimers & Gurevych 2019, arXiv 1908.10084"

    def refuses(self, candidate: Candidate) -> str | None:
        """Needs a pretrained text encoder."""
        modality = get_modality(candidate.modality)
        if not modality.tokens:
            return f"it is made for texts; for few {modality.nouns} use linear_probe or lp_ft"
        return super().refuses(candidate)

    def phases(self, family: str) -> tuple[Phase, ...]:
        """Pairs, then the head on what the encoder has become."""
        return (Pairs(), FitHead(on="features", kind="logistic"))

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """SetFit's rate and number of pairs, then three times and a third of the rate (Tunstall 2022, section 4)."""
        pairs = min(PAIRS_PER_LABEL * regime.n, MOST_PAIRS)
        default = Recipe(
            learning_rate=2e-5, weight_decay=0.01, batch_size=BATCH, steps=max(1, pairs // BATCH), warmup=0.1
        )
        return at_other_rates(default, (3.0, 1 / 3))
