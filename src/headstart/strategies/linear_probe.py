"""Linear probe: the pretrained network stays as it is, a linear head is fitted on its features."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import FitHead, Phase

HIDDEN = 128  # units of the two-layer head


class LinearProbe(TransferStrategy):
    """Frozen features, a ridge head whose strength is chosen by leave-one-out inside the n labels."""

    name = "linear_probe"
    by_default = True
    words = "a linear probe on {}"
    idea = "Keep the pretrained network frozen and fit a linear head on its features."
    wins = "few labels, or data close to what the model was pretrained on."
    loses = "with many labels: frozen features set a floor under the error."
    trains = "the head alone: under 1 %"
    cost = "one pass over the data, then seconds."
    paper = "Kumar 2022, arXiv 2202.10054; Kornblith 2019, arXiv 1805.08974"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One closed-form fit."""
        return (FitHead(on="features"),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Strength is chosen in closed form inside the fit; what is left to try is where and how to read.

        The best layer is often not the last (Kornblith 2019 for images, Peters 2019, arXiv 1903.05987, for texts).
        """
        return (
            Recipe(label="strength by leave-one-out"),
            Recipe(readout="searched", label="best read-out"),
            Recipe(hidden=HIDDEN, label="two layers"),
        )
