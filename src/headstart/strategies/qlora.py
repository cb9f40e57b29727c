"""QLoRA: low-rank updates beside frozen layers that are held in four bits."""

from __future__ import annotations

from headstart.modalities import Candidate
from headstart.models import get_family
from headstart.models.quantised import INSTALL, MISSING, has_four_bits
from headstart.strategies.lora import LoRA


class QLoRA(LoRA):
    """LoRA; the pretrained weights of linear layers are held in four bits."""

    name = "qlora"
    words = "QLoRA on {}"
    idea = "As LoRA, but the frozen weights are held in four bits (NF4, their constants quantised again)."
    wins = "where a model is too large for the card: its weights take a quarter of the memory of 16 bits."
    loses = "on time, as each pass unpacks the weights, and where the model fits without it."
    cost = "about half a byte of memory a frozen weight; more time a step than LoRA."
    paper = "Dettmers 2023, arXiv 2305.14314"
    quantised = True

    def refuses(self, candidate: Candidate) -> str | None:
        """Needs a model of transformers, and the library that packs its weights."""
        if not get_family(candidate.family).quantises:
            return "only models of transformers can be held in four bits; for others use lora"
        return super().refuses(candidate) or (None if has_four_bits() else f"{MISSING}: {INSTALL}")
