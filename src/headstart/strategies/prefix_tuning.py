"""Prefix tuning: learnt keys and values in front of every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.core import Recipe
from headstart.models import Network
from headstart.strategies.adapters import AdapterStrategy
from headstart.strategies.base import ByModality

if TYPE_CHECKING:
    from peft import PeftConfig

TOKENS = 20


class PrefixTuning(AdapterStrategy):
    """Every attention layer can look at learnt positions."""

    name = "prefix_tuning"
    texts_only = True
    words = "prefix tuning of {}"
    idea = "Freeze the text encoder and learn keys and values that every layer attends to."
    wins = "on encoders of a billion weights and more."
    loses = "on small encoders, where it learns slowly."
    trains = "under 1 %, with the head"
    cost = "nearly the time of full fine-tuning a step, and more steps."
    paper = "Li & Liang 2021, arXiv 2101.00190; Liu 2021 (P-tuning v2), arXiv 2110.07602"
    rate_factor = ByModality(100.0, text=100.0)  # 5e-3 to 1e-2 in P-tuning v2
    length_factor = 2.0

    def config(self, network: Network, recipe: Recipe) -> PeftConfig:
        """Twenty positions, without a network that makes them."""
        from peft import PrefixTuningConfig

        return PrefixTuningConfig(num_virtual_tokens=TOKENS, task_type="SEQ_CLS")
