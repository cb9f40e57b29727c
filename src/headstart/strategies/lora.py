"""LoRA: low-rank updates beside frozen layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.core import Recipe
from headstart.models import Network, adaptable_layers
from headstart.strategies.adapters import AdapterStrategy, adapter_task

if TYPE_CHECKING:
    from peft import PeftConfig

SCALING = 2  # alpha over rank, as in the paper's experiments on encoders


class LoRA(AdapterStrategy):
    """Every linear and convolution layer gets an update of low rank."""

    name = "lora"
    words = "LoRA on {}"
    idea = "Freeze the pretrained weights and learn a low-rank update of each layer."
    wins = "close to full fine-tuning with a hundredth of the weights; many tasks can share one network."
    loses = "when the features must change more than a low rank can say."
    trains = "0.5 to 5 %, with the head"
    cost = "nearly the time of full fine-tuning a step, far less memory."
    paper = "Hu 2021, arXiv 2106.09685; rate about ten times full fine-tuning's: Schulman 2025, 'LoRA without regret'"

    lengths_apart = False

    def config(self, network: Network, recipe: Recipe) -> PeftConfig:
        """All layers, not the attention alone: that is what comes close to full fine-tuning."""
        from peft import LoraConfig

        return LoraConfig(
            r=recipe.rank,
            lora_alpha=SCALING * recipe.rank,
            target_modules=adaptable_layers(network),
            use_dora=self.lengths_apart,
            task_type=adapter_task(network),
        )
