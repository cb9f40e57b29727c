"""Models too large to train as a whole on usual cards: recognised by name, planned by memory."""

from __future__ import annotations

import re

from headstart.core import Record
from headstart.knowledge.description import Description
from headstart.knowledge.devices import Device, devices
from headstart.knowledge.memory import MemoryPlan, Shape, plan_memory

BILLION = 1000.0  # millions
LENGTH, BATCH = 1024, 1
# Shapes of Llama models (Touvron et al. 2023, table 2; model cards of Llama 2 and 3).
SHAPES = {
    1: Shape(layers=16, width=2048, inner=8192, heads=32, key_width=512, vocabulary=128256, gated=True, tied=True),
    3: Shape(layers=28, width=3072, inner=8192, heads=24, key_width=1024, vocabulary=128256, gated=True, tied=True),
    7: Shape(layers=32, width=4096, inner=11008, heads=32, key_width=4096, vocabulary=32000, gated=True, tied=False),
    8: Shape(layers=32, width=4096, inner=14336, heads=32, key_width=1024, vocabulary=128256, gated=True, tied=False),
    13: Shape(layers=40, width=5120, inner=13824, heads=40, key_width=5120, vocabulary=32000, gated=True, tied=False),
    33: Shape(layers=60, width=6656, inner=17920, heads=52, key_width=6656, vocabulary=32000, gated=True, tied=False),
    65: Shape(layers=80, width=8192, inner=22016, heads=64, key_width=8192, vocabulary=32000, gated=True, tied=False),
    70: Shape(layers=80, width=8192, inner=28672, heads=64, key_width=1024, vocabulary=128256, gated=True, tied=False),
}


class LargePlan(Record):
    """Memory of a large model by strategy.

    Attributes:
        billions: Weights as the name says.
        shape_of: Size in billions of the model whose shape stands in, where no config was given.
        plans: By strategy, one example of 1,024 tokens, gradient checkpointing.
        fitting: Strategies that fit the stated card, or else the smallest card of the table for QLoRA.
        sentence: What to do.
    """

    billions: float
    shape_of: int
    plans: tuple[MemoryPlan, ...]
    fitting: tuple[str, ...]
    sentence: str

    @property
    def parameters_m(self) -> float:
        """Weights in millions."""
        return self.billions * BILLION


def large_plan(case: Description) -> LargePlan | None:
    """A memory plan, if the case names a model of a billion weights or more; else None."""
    words = " ".join((case.domain, *case.candidates)).replace("-", " ")
    sizes = [float(size) for size in re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)\s*[bB]\b", words)]
    if not sizes or max(sizes) < 1:
        return None
    billions = max(sizes)
    near = min(SHAPES, key=lambda size: abs(size - billions))
    plans = tuple(
        plan_memory(SHAPES[near], strategy, batch=BATCH, length=LENGTH, rank=16)
        for strategy in ("full_finetune", "lora", "qlora")
    )
    scale = billions / near
    plans = tuple(plan.model_copy(update={"weights": plan.weights * scale}) for plan in plans) if scale > 1.3 else plans
    known = devices()[1]
    card = case.device or next((one for one in sorted(known, key=_memory) if plans[-1].fits(one)), None)
    fitting = tuple(plan.strategy for plan in plans if card is not None and plan.fits(card))
    return LargePlan(
        billions=billions,
        shape_of=near,
        plans=plans,
        fitting=fitting,
        sentence=_sentence(billions, plans, card, fitting, stated=case.device is not None),
    )


def _memory(device: Device) -> float:
    return device.memory_gb


def _sentence(
    billions: float, plans: tuple[MemoryPlan, ...], card: Device | None, fitting: tuple[str, ...], *, stated: bool
) -> str:
    full, _, small = (plan.total / 1e9 for plan in plans)
    needs = f"full fine-tuning needs {full:,.0f} GB, QLoRA {small:,.0f} GB"
    never = "From scratch at this size is a price, never a trial."
    if card is None:
        return f"No single card of the table holds a {billions:g}B model: {needs}. Use a smaller model. {never}"
    if not fitting:
        where = f"the {card.name} ({card.memory_gb:g} GB)"
        return f"A {billions:g}B model does not fit {where}: {needs}. Use a smaller model. {never}"
    best = {"full_finetune": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}[fitting[0]]
    which = (
        f"the {card.name} ({card.memory_gb:g} GB)" if stated else f"one {card.name} ({card.memory_gb:g} GB) or larger"
    )
    return f"Use {best} on {which}: {needs} for one text of {LENGTH:,} tokens. {never}"
