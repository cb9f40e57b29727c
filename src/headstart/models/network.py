"""One face for every network: logits, features, ordered stages and a head."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from headstart.core import HeadstartError, SourceError
from headstart.models.candidates import Candidate
from headstart.models.compact import CompactImageNetwork, CompactTextNetwork
from headstart.models.stages import Stage, cut, last_linear


class Network(nn.Module):
    """A classifier that the training loop can treat without knowing its kind.

    Attributes:
        module: The underlying network; takes the batch as keywords, returns logits or an output with them.
        head: The final linear layer, inside ``module``.
        head_module: The outermost submodule that belongs to the head alone (may equal ``head``).
        stages: Everything but the head, from input to output.
    """

    def __init__(self, module: nn.Module, candidate: Candidate, head_module: nn.Module | None = None) -> None:
        super().__init__()
        self.module = module
        self.candidate = candidate
        _, self_head = last_linear(head_module or module)
        self._head = [self_head]  # lists keep nn.Module from registering the same layers twice
        self._head_module = [head_module or self_head]
        self._stages = cut(module, head_module or self_head)

    @property
    def head(self) -> nn.Linear:
        """The final linear layer."""
        return self._head[0]

    @property
    def head_module(self) -> nn.Module:
        """Everything that belongs to the head alone."""
        return self._head_module[0]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The network without its head, in order."""
        return self._stages

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Return logits (B, classes)."""
        output = self.module(**batch)
        return output if isinstance(output, torch.Tensor) else output.logits

    def features(self, **batch: torch.Tensor) -> torch.Tensor:
        """Return pooled features (B, D) in fp32.

        Texts: the mean of the last hidden states over real tokens, which is what sentence encoders are
        trained for. Images: what the head's linear layer is given.
        """
        if self.candidate.modality == "text" and "attention_mask" in batch and hasattr(self.module, "base_model"):
            hidden = self.module.base_model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"][..., None].to(hidden.dtype)
            return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        seen: list[torch.Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        try:
            self.forward(**batch)
        finally:
            hook.remove()
        return seen[-1].flatten(1).float()


def build(candidate: Candidate, class_names: tuple[str, ...], *, weights: str, seed: int) -> Network:
    """Build a candidate's network with a fresh head.

    Args:
        candidate: What to build.
        class_names: Names of the outputs, in order; saved with the model.
        weights: ``pretrained`` or ``random``.
        seed: Seeds every random initial weight.

    Returns:
        The network on the CPU in fp32.

    Raises:
        SourceError: The candidate has no weights, or they do not fit its configuration.
    """
    if weights == "pretrained" and not candidate.has_weights:
        raise SourceError(f"{candidate.name} has no pretrained weights", hint="Use it with --strategy from_scratch")
    torch.manual_seed(seed)
    if candidate.family == "compact":
        kind = CompactImageNetwork if candidate.modality == "image" else CompactTextNetwork
        return Network(kind(len(class_names), candidate.input_size), candidate)
    if candidate.family == "transformers":
        return _build_transformers(candidate, class_names, weights)
    raise HeadstartError(f"{candidate.name} is not a network")


def _build_transformers(candidate: Candidate, class_names: tuple[str, ...], weights: str) -> Network:
    from transformers import AutoConfig, AutoModelForImageClassification, AutoModelForSequenceClassification

    labels = {
        "num_labels": len(class_names),
        "id2label": dict(enumerate(class_names)),
        "label2id": {name: index for index, name in enumerate(class_names)},
    }
    loader = AutoModelForImageClassification if candidate.modality == "image" else AutoModelForSequenceClassification
    folder = str(candidate.folder)
    try:
        with quiet_transformers():
            if weights == "pretrained":
                module = loader.from_pretrained(
                    folder, ignore_mismatched_sizes=True, use_safetensors=True, dtype=torch.float32,
                    local_files_only=True, **labels,
                )  # fmt: skip
            else:
                module = loader.from_config(AutoConfig.from_pretrained(folder, local_files_only=True, **labels))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise SourceError(
            f"candidate {candidate.name!r} cannot be loaded for {candidate.modality} classification: {reason}",
            place=folder, hint="Check that it is a complete transformers model of that modality",
        ) from None  # fmt: skip
    return Network(module.float(), candidate, _transformers_head(module))


def _transformers_head(module: nn.Module) -> nn.Module:
    """The part of a transformers classifier outside its base model that holds the last linear layer."""
    base = getattr(module, module.base_model_prefix, None)
    outside = [child for child in module.children() if child is not base and any(True for _ in child.parameters())]
    return outside[-1] if outside else last_linear(module)[1]


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' notices about fresh heads, which here are always intended."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()
