"""Linear probe: the pretrained network stays as it is, a linear head is fitted on its features."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Setting, Strategy
from headstart.strategies.phases import FitHead, Phase


class LinearProbe(Strategy):
    """Frozen features, a ridge head whose strength is chosen by leave-one-out inside the n labels."""

    name = "linear_probe"
    paradigm = "transfer"
    weights = "pretrained"
    idea = "Keep the pretrained network frozen and fit a linear head on its features."
    wins = "few labels, or data close to what the model was pretrained on."
    loses = "with many labels: frozen features set a floor under the error."
    cost = "one pass over the data, then seconds."
    paper = "Kumar 2022, arXiv 2202.10054; Kornblith 2019, arXiv 1805.08974"

    def refuses(self, family: str, has_weights: bool) -> str | None:
        """Needs pretrained weights."""
        return None if has_weights else "there are no pretrained weights whose features could be probed"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One closed-form fit."""
        return (FitHead(on="features"),)

    def recipes(self, setting: Setting) -> tuple[Recipe, ...]:
        """One: the strength is chosen in closed form inside the fit, so nothing is left to tune."""
        return (Recipe(label="strength by leave-one-out"),)
