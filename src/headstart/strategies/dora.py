"""DoRA: low-rank updates of the direction of weights, their length learnt apart."""

from __future__ import annotations

from headstart.strategies.lora import LoRA


class DoRA(LoRA):
    """LoRA on directions, with a free magnitude for each output."""

    name = "dora"
    words = "DoRA on {}"
    idea = "As LoRA, but the length of each weight vector is learnt apart from its direction."
    wins = "at low ranks, where LoRA falls short of full fine-tuning."
    loses = "on time: each step also normalises the weights."
    cost = "up to twice LoRA's time a step."
    paper = "Liu 2024, arXiv 2402.09353"
    lengths_apart = True
