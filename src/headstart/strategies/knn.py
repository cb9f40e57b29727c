"""k nearest neighbours on frozen features: the floor under every other use of them."""

from __future__ import annotations

from headstart.core import Recipe
from headstart.strategies.base import Regime, TransferStrategy
from headstart.strategies.phases import FitHead, Phase


class NearestNeighbours(TransferStrategy):
    """A vote of the most similar training examples."""

    name = "knn"
    words = "nearest neighbours on {}"
    idea = "Keep the network frozen and let the most similar training examples vote."
    wins = "almost never by much; it has nothing to tune and shows what the features alone are worth."
    loses = "wherever a linear head can use directions that distances ignore."
    trains = "nothing"
    cost = "one pass over the data."
    paper = "Wu 2018, arXiv 1805.01978, section 3.4"

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One look-up table."""
        return (FitHead(on="features", kind="neighbours"),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """One: the number of neighbours is chosen by leave-one-out inside the fit."""
        return (Recipe(label="neighbours by leave-one-out"),)
