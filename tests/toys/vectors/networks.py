"""A small network for vectors."""

from __future__ import annotations

import torch
from torch import nn


class VectorNetwork(nn.Module):
    """Two hidden layers.

    Args:
        num_classes: Width of the output.
        input_size: Length of a vector.
        width: Of the hidden layers.
    """

    def __init__(self, num_classes: int, input_size: int, width: int = 32) -> None:
        super().__init__()
        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width}
        first = nn.Sequential(nn.Linear(input_size, width), nn.ReLU())
        second = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.blocks = nn.ModuleList([first, second])
        self.head = nn.Linear(width, num_classes)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Map vectors (B, D) to logits (B, num_classes)."""
        for block in self.blocks:
            values = block(values)
        logits: torch.Tensor = self.head(values)
        return logits
