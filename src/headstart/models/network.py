"""One face for every network: logits, features, ordered stages and a head."""

from __future__ import annotations

import copy

import torch
from torch import nn

from headstart.modalities import Candidate, get_modality
from headstart.models.stages import Stage, cut, last_linear


class Network(nn.Module):
    """A classifier that the training loop can treat without knowing its kind.

    Attributes:
        module: The underlying network; takes the batch as keywords, returns logits or an output with them.
        head: The final linear layer, inside ``module``.
        head_module: Everything that starts fresh with the head, so ``head`` and any layer just before it.
        stages: Everything but the head and what was added, from input to output.
        added: Parameters that were put into or beside the stages, such as adapters.

    Args:
        module: The underlying network.
        candidate: What it was built from.
        head_module: Where the head is; found if not given.
        stages: What counts as the stages where ``module`` holds more than the candidate does.
        added: Parameters beside them that shall move.
    """

    def __init__(
        self,
        module: nn.Module,
        candidate: Candidate,
        head_module: nn.Module | None = None,
        stages: tuple[Stage, ...] | None = None,
        added: tuple[nn.Parameter, ...] = (),
    ) -> None:
        super().__init__()
        self.module = module
        self.candidate = candidate
        _, head = last_linear(module if head_module is None else head_module)
        self._head = [head]  # lists keep nn.Module from registering the same layers twice
        self._head_module = [head if head_module is None else head_module]
        self._stages = cut(module, self._head_module[0]) if stages is None else stages
        self._added = added

    @property
    def head(self) -> nn.Linear:
        """The final linear layer."""
        return self._head[0]

    @property
    def head_module(self) -> nn.Module:
        """Everything that belongs to the head alone."""
        return self._head_module[0]

    def with_own_head(self) -> Network:
        """Copy the head and share every other weight, so that many heads cost the memory of one network."""
        head = {id(parameter) for parameter in self.head_module.parameters()}
        tensors = [*self.module.parameters(), *self.module.buffers()]
        shared = {id(tensor): tensor for tensor in tensors if id(tensor) not in head}
        module, head_module = copy.deepcopy((self.module, self.head_module), shared)
        return Network(module, self.candidate, head_module)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The network without its head, in order."""
        return self._stages

    @property
    def added(self) -> tuple[nn.Parameter, ...]:
        """Parameters beside the stages and the head that move, such as adapters."""
        return self._added

    def forward(self, **batch: torch.Tensor) -> torch.Tensor:
        """Return logits (B, classes)."""
        output = self.module(**batch)
        logits: torch.Tensor = output if isinstance(output, torch.Tensor) else output.logits
        return logits

    def features(self, **batch: torch.Tensor) -> torch.Tensor:
        """Return pooled features (B, D) in fp32.

        As the modality pools them, such as the mean over a text's tokens; else what the head's linear layer is given.
        """
        pooled = get_modality(self.candidate.modality).pooled(self.module, batch)
        if pooled is not None:
            return pooled
        seen: list[torch.Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        try:
            self.forward(**batch)
        finally:
            hook.remove()
        return seen[-1].flatten(1).float()
