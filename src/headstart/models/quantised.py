"""Frozen weights in four bits: NF4 with quantised constants (QLoRA, Dettmers et al. 2023, arXiv 2305.14314, section 3).

A layer is put into four bits while it is read, so that the weights of a large model never lie in memory as a whole.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from headstart.core import SourceError

if TYPE_CHECKING:
    from transformers import BitsAndBytesConfig

LIBRARY = "bitsandbytes"
MISSING = f"weights in 4 bits need {LIBRARY}, which is not installed"
INSTALL = "pip install 'headstart[llm]'"


def has_four_bits() -> bool:
    """Whether the library for it is installed."""
    return importlib.util.find_spec(LIBRARY) is not None


def four_bit_settings(kept: list[str]) -> BitsAndBytesConfig:
    """How transformers shall read weights: NF4, constants quantised again, products in the width of the machine.

    Args:
        kept: Dotted names of the modules that stay as they are, such as the head.

    Raises:
        SourceError: The library is not installed.
    """
    if not has_four_bits():
        raise SourceError(MISSING, hint=INSTALL)
    import transformers

    settings: Any = transformers.BitsAndBytesConfig
    half = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    packed: BitsAndBytesConfig = settings(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if half else torch.float32,
        llm_int8_skip_modules=kept,
    )
    return packed


def same_in_training(module: nn.Module) -> None:
    """Let every layer in four bits compute the same in training and in prediction.

    On CPUs with bf16 the library packs weights anew for prediction, in bf16 and in a form that no gradient passes; a
    network that is watched while it trains would not learn on.
    """
    for part in module.modules():
        if is_four_bit(part):
            cast(Any, part).support_avx512bf16_for_cpu = False


def is_four_bit(part: nn.Module) -> bool:
    """Whether a layer's own weights are in four bits."""
    weight = getattr(part, "weight", None)
    return isinstance(part, nn.Linear) and getattr(weight, "quant_state", None) is not None


def weights_in(parameter: nn.Parameter) -> int:
    """How many weights a parameter holds; in four bits there are two in each stored byte."""
    state: Any = getattr(parameter, "quant_state", None)
    return parameter.numel() if state is None else int(torch.Size(state.shape).numel())


def plain_layer(layer: nn.Linear, added: torch.Tensor) -> nn.Module:
    """A layer without quantisation whose weights are those of one in four bits and an addition to them.

    Args:
        layer: In four bits, ``inputs -> outputs``.
        added: What its adapters add, (outputs, inputs).
    """
    from bitsandbytes.functional import dequantize_4bit
    from transformers import pytorch_utils

    weight: Any = layer.weight
    transposed: Any = pytorch_utils.Conv1D
    values = dequantize_4bit(weight.data, weight.quant_state).float() + added.float()
    if getattr(layer, "source_cls", nn.Linear) is transposed:  # as in GPT-2, whose layers hold their weights transposed
        plain: nn.Module = transposed(layer.out_features, layer.in_features)
        values = values.t().contiguous()
    else:
        plain = nn.Linear(layer.in_features, layer.out_features, layer.bias is not None, device="meta")
    plain.weight = nn.Parameter(values, requires_grad=False)
    if layer.bias is not None:
        plain.bias = nn.Parameter(layer.bias.detach().float(), requires_grad=False)
    return plain
