"""Prompt tuning: learnt tokens in front of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headstart.core import Recipe
from headstart.models import Network
from headstart.strategies.adapters import AdapterStrategy
from headstart.strategies.base import ByModality

if TYPE_CHECKING:
    from peft import PeftConfig

TOKENS = 20


class PromptTuning(AdapterStrategy):
    """Learnt word vectors in front of every text."""

    name = "prompt_tuning"
    texts_only = True
    words = "prompt tuning of {}"
    idea = "Freeze the text encoder and learn a few word vectors that stand in front of every text."
    wins = "on encoders of ten billion weights, where it meets full fine-tuning."
    loses = "on small encoders, clearly."
    trains = "under 0.1 %, with the head"
    cost = "nearly the time of full fine-tuning a step, and more steps."
    paper = "Lester 2021, arXiv 2104.08691"
    rate_factor = ByModality(300.0, text=300.0)  # 0.3 with Adafactor there; AdamW bears a tenth of it
    length_factor = 2.0

    def config(self, network: Network, recipe: Recipe) -> PeftConfig:
        """Twenty tokens from random vectors."""
        from peft import PromptTuningConfig

        return PromptTuningConfig(num_virtual_tokens=TOKENS, task_type="SEQ_CLS")
