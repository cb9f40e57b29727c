"""DoRA: low-rank updates of the direction of weights, their length learnt apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.core import Recipe
from headstart.models import Network
from headstart.strategies.lora import LoRA

if TYPE_CHECKING:
    from peft import PeftConfig


class DoRA(LoRA):
    """LoRA on directions, with a free magnitude for each output."""

    name = "dora"
    idea = "As LoRA, but the length of each weight vector is learnt apart from its direction."
    wins = "at low ranks, where LoRA falls short of full fine-tuning."
    loses = "on time: each step also normalises the weights."
    cost = "up to twice LoRA's time a step."
    paper = "Liu 2024, arXiv 2402.09353"

    def config(self, network: Network, recipe: Recipe) -> PeftConfig:
        """LoRA's description with peft's switch for it."""
        config = super().config(network, recipe)
        config.use_dora = True
        return config
