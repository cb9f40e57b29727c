"""A static encoder: the mean of its tokens' vectors stands for a text, whatever their order."""

from __future__ import annotations

import torch
from torch import Tensor, nn

VOCABULARY, WIDTH = 32_000, 256


class StaticEncoder(nn.Module):
    """Vectors of tokens, their mean, and a linear layer.

    Args:
        num_classes: Width of the output.
        vocabulary: Rows of the table of vectors.
        width: Of a vector.
    """

    def __init__(self, num_classes: int, vocabulary: int = VOCABULARY, width: int = WIDTH) -> None:
        super().__init__()
        self.settings = {"num_classes": num_classes, "vocabulary": vocabulary, "width": width}
        self.embedding = nn.Embedding(vocabulary, width)
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Map tokens (B, T) to logits (B, num_classes); what the mask (B, T) leaves out does not count."""
        mask = attention_mask[..., None].to(self.embedding.weight.dtype)
        total = (self.embedding(input_ids) * mask).sum(1)
        return torch.as_tensor(self.classifier(total / mask.sum(1).clamp(min=1)))
