"""IA3: learnt scales of activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.core import Recipe
from headstart.models import Network, adaptable_layers, narrowing_layers
from headstart.strategies.adapters import AdapterStrategy, adapter_task
from headstart.strategies.base import ByModality

if TYPE_CHECKING:
    from peft import PeftConfig


class IA3(AdapterStrategy):
    """One factor for each channel of each layer."""

    name = "ia3"
    words = "IA3 on {}"
    idea = "Freeze the pretrained weights and learn one factor for each channel of their activations."
    wins = "with very few labels: it can hardly overfit."
    loses = "with many labels: factors alone cannot say much."
    trains = "under 0.1 %, with the head"
    cost = "nearly the time of full fine-tuning a step, next to no memory."
    paper = "Liu 2022, arXiv 2205.05638"
    rate_factor = ByModality(10.0, text=50.0)  # 3e-3 to 5e-3 there

    def config(self, network: Network, recipe: Recipe) -> PeftConfig:
        """Layers that narrow, such as the second of a feed-forward block, have their inputs scaled, others outputs."""
        from peft import IA3Config

        layers = adaptable_layers(network)
        return IA3Config(
            target_modules=layers,
            feedforward_modules=narrowing_layers(network, layers),
            task_type=adapter_task(network),
        )
