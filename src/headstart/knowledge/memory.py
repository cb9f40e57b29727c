"""Memory that training a large model takes, part by part, from its ``config.json`` alone.

Nothing is loaded. Sizes are in bytes; GB are 1e9 bytes, as the published figures have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from headstart.core import Record, SettingsError, did_you_mean
from headstart.knowledge.devices import Device

Strategy = Literal["full_finetune", "lora", "dora", "qlora", "linear_probe"]
Optimiser = Literal["adamw", "adamw-16bit", "adamw-8bit", "sgd"]
STRATEGIES: tuple[Strategy, ...] = ("full_finetune", "lora", "dora", "qlora", "linear_probe")
# bytes a trained weight; torch's AdamW keeps moments as wide as the weights: 16 bits where those train in bf16
MOMENTS: dict[str, float] = {"adamw": 8.0, "adamw-16bit": 4.0, "adamw-8bit": 2.0, "sgd": 0.0}
LOGITS = 3  # copies in 32 bits: the logits, the log-probabilities that the loss keeps, and their gradient
WIDTH = {"float32": 4, "bfloat16": 2, "float16": 2}
BLOCK, BLOCKS = 64, 256  # weights of a constant, and constants of a second one (QLoRA, Dettmers et al. 2023, section 3)
CONTEXT = 0.8e9  # what the driver and the libraries hold on a card before anything is allocated
GATED = ("llama", "mistral", "mixtral", "qwen2", "qwen3", "gemma", "gemma2", "phi3")


def nf4_bits(double: bool = True) -> float:
    """Bits a weight in NF4: 4, and its share of the constants (QLoRA, section 3: 0.5, or 0.127 quantised again)."""
    return 4 + (8 / BLOCK + 32 / (BLOCK * BLOCKS) if double else 32 / BLOCK)


class Shape(Record):
    """What a transformer's memory depends on.

    Attributes:
        width: Of the hidden states.
        inner: Width inside the feed-forward part.
        key_width: Width of keys and values together heads, smaller with grouped queries.
        gated: Whether the feed-forward part has three matrices.
        positions: Rows of learnt position and segment embeddings.
        tied: Whether the head shares the embeddings.
    """

    layers: int
    width: int
    inner: int
    heads: int
    key_width: int
    vocabulary: int
    gated: bool
    positions: int = 0
    tied: bool = True

    @property
    def linear(self) -> int:
        """Weights of the linear layers of all blocks: what is quantised."""
        attention = 2 * self.width**2 + 2 * self.width * self.key_width
        return self.layers * (attention + (3 if self.gated else 2) * self.width * self.inner)

    @property
    def parameters(self) -> int:
        """All weights, embeddings and norms included."""
        small = self.layers * (2 * self.width if self.gated else 9 * self.width + self.inner) + self.width
        tables = self.vocabulary * (1 if self.tied else 2) + self.positions
        return self.linear + tables * self.width + small

    def adapter(self, rank: int) -> int:
        """Weights of LoRA on every linear layer: rank x (inputs + outputs) (LoRA, Hu et al. 2021, section 4.1)."""
        attention = 2 * (2 * self.width) + 2 * (self.width + self.key_width)
        return rank * self.layers * (attention + (3 if self.gated else 2) * (self.width + self.inner))


def shape_of(config: Mapping[str, Any]) -> Shape:
    """Read a ``config.json`` of transformers.

    Raises:
        SettingsError: It lacks what memory depends on.
    """
    width = _number(config, "hidden_size", "n_embd", "d_model", "dim")
    heads = _number(config, "num_attention_heads", "n_head", "n_heads")
    kind = str(config.get("model_type", ""))
    gated = kind.startswith(GATED) or config.get("hidden_act") in ("silu", "swiglu")
    groups = int(config.get("num_key_value_heads") or heads)
    head = int(config.get("head_dim") or width // heads)
    return Shape(
        layers=_number(config, "num_hidden_layers", "n_layer", "n_layers"),
        width=width,
        inner=_number(config, "intermediate_size", "n_inner", "hidden_dim", otherwise=4 * width),
        heads=heads,
        key_width=groups * head,
        vocabulary=_number(config, "vocab_size"),
        gated=gated,
        positions=0 if gated else int(config.get("max_position_embeddings") or config.get("n_positions") or 0),
        tied=bool(config.get("tie_word_embeddings", not gated)),
    )


class MemoryPlan(Record):
    """Bytes by part while training.

    Attributes:
        weights: Of the model.
        adapters: Weights that were added.
        gradients: Of what trains.
        optimiser: Moments, and 32-bit copies where there are any.
        activations: Kept for the backward pass.
        block: Of the one block that is being computed, or computed again.
        logits: Of the head, with loss and gradient: the part that is forgotten most.
        context: What a card holds before anything is allocated.
        trained: Weights that train.
    """

    strategy: Strategy
    parameters: int
    trained: int
    weights: float
    adapters: float
    gradients: float
    optimiser: float
    activations: float
    block: float
    logits: float
    context: float = CONTEXT

    @property
    def state(self) -> float:
        """Bytes that no smaller batch saves."""
        return self.weights + self.adapters + self.gradients + self.optimiser

    @property
    def total(self) -> float:
        """All parts."""
        return self.state + self.of_batch + self.context

    @property
    def of_batch(self) -> float:
        """Bytes that grow with the batch: the head's are free again when the backward pass reaches a block."""
        return self.activations + max(self.block, self.logits)

    def fits(self, device: Device) -> bool:
        """Whether it fits a card, whose GB are counted as 1e9 bytes."""
        return self.total <= device.memory_gb * 1e9

    def largest_batch(self, device: Device, batch: int) -> int:
        """Largest batch that fits, if this plan is for ``batch``."""
        room = device.memory_gb * 1e9 - self.state - self.context
        return max(0, int(room / (self.of_batch / batch)))


def plan_memory(
    shape: Shape,
    strategy: str,
    *,
    precision: str = "bfloat16",
    batch: int = 1,
    length: int = 512,
    checkpointing: bool = True,
    optimiser: Optimiser = "adamw",
    rank: int = 16,
    master_weights: bool = False,
    classes: int = 0,
) -> MemoryPlan:
    """Bytes that training takes, by part.

    Args:
        shape: Of the model.
        strategy: ``full_finetune``, ``lora``, ``dora``, ``qlora`` or ``linear_probe``.
        precision: Of weights, gradients and activations.
        batch: Examples of a step.
        length: Tokens of an example.
        checkpointing: Keep only the inputs of blocks and compute one block again at a time.
        optimiser: Which moments are kept.
        rank: Of adapters.
        master_weights: Keep a 32-bit copy of what trains.
        classes: Outputs of a classifier; 0 for a language model, whose head has a column for every word.

    Raises:
        SettingsError: There is no such strategy or precision, or a size is not positive.
    """
    if strategy not in STRATEGIES:
        raise SettingsError(
            f"{strategy!r} has no memory plan", place="--strategy", hint=did_you_mean(strategy, STRATEGIES)
        )
    if precision not in WIDTH:
        raise SettingsError(
            f"There is no precision {precision!r}", place="--precision", hint=did_you_mean(precision, WIDTH)
        )
    if min(batch, length, rank) < 1:
        raise SettingsError("Batch, length and rank are at least 1", place="--batch, --length, --rank")
    width = WIDTH[precision]
    added = 0
    if strategy in ("lora", "dora", "qlora"):
        added = shape.adapter(rank)
        if strategy == "dora":  # a magnitude for every output of every linear layer (DoRA, Liu et al. 2024, section 4)
            outputs = 2 * shape.width + 2 * shape.key_width + (2 if shape.gated else 1) * shape.inner + shape.width
            added += shape.layers * outputs
    trained = {"full_finetune": shape.parameters, "linear_probe": max(classes, 1) * shape.width}.get(strategy, added)
    quantised = shape.linear if strategy == "qlora" else 0
    weights = (shape.parameters - quantised) * width + quantised * nf4_bits() / 8
    frozen = strategy == "linear_probe"
    tokens = batch * length
    inside = _inside(shape, batch, length, width)
    kept = 0.0 if frozen else shape.layers * (tokens * shape.width * width if checkpointing else inside)
    outputs = batch * classes if classes else tokens * shape.vocabulary
    return MemoryPlan(
        strategy=strategy,
        parameters=shape.parameters,
        trained=trained,
        weights=weights,
        adapters=added * width,
        gradients=trained * width,
        optimiser=trained * (MOMENTS[optimiser] + (4.0 if master_weights else 0.0)),
        activations=kept,
        block=inside,
        logits=float(LOGITS * outputs * 4),
    )


def _inside(shape: Shape, batch: int, length: int, width: int) -> float:
    """Bytes that one block keeps.

    Counted as Korthikanti et al. 2022, section 4.1, but on the operations of a Llama block in transformers, and without
    the attention matrix, which fused kernels do not keep. In widths a token: two residual sums, two norms with input
    and output (6 in all), queries and the output of attention in two orders (3), keys and values; the feed-forward part
    keeps the outputs of its two branches, the activation and their product, and without a gate about five widths.
    """
    attention = 9 * shape.width + 2 * shape.key_width
    return float(batch * length * width * (attention + (4 if shape.gated else 5) * shape.inner))


def _number(config: Mapping[str, Any], *names: str, otherwise: int | None = None) -> int:
    """The first of several names that a config has."""
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    if otherwise is None:
        raise SettingsError(
            f"The config has no {names[0]}", place="config.json", hint="Give that of a text transformer"
        )
    return otherwise
