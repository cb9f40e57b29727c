"""Small text networks made for the task, which only ever train from scratch, on words hashed into a fixed table.

Words are hashed (the hashing trick, Weinberger 2009, arXiv 0902.2206), so that no vocabulary has to be learnt from
labels that the trial may not see. Slot 0 is padding.
"""

from __future__ import annotations

import re
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from headstart.modalities.base import Scratch

WORD = re.compile(r"\w+|[^\w\s]")
HASH_SLOTS = 2**14
PAIR_SLOTS = 2**16
PAIR_FACTOR = 31  # odd, so that (a, b) and (b, a) fall into different slots


def word_table(slots: int, width: int) -> nn.Embedding:
    """Word vectors that start small, those of the padding at zero.

    Else a text's logits would depend on the longest one of its batch.
    """
    table = nn.Embedding(slots, width, padding_idx=0)
    nn.init.normal_(table.weight, std=0.1)
    nn.init.zeros_(table.weight[0])
    return table


class CompactTextNetwork(nn.Module):
    """Convolutions over hashed words, with max pooling (Kim 2014, arXiv 1408.5882).

    Args:
        num_classes: Width of the output.
        input_size: Words of a text at most.
        width: Length of a word vector.
    """

    def __init__(self, num_classes: int, input_size: int, width: int = 64) -> None:
        super().__init__()
        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width}
        self.words = word_table(HASH_SLOTS, width)
        self.stages = nn.ModuleList([nn.Conv1d(width, width, size, padding=size // 2) for size in (1, 3, 5)])
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(3 * width, num_classes)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Map (B, L) slots and their mask to (B, num_classes) logits."""
        vectors = self.drop(self.words(input_ids)).transpose(1, 2)
        hidden = attention_mask[:, None, :] == 0
        pooled = [F.relu(stage(vectors)).masked_fill(hidden, 0).amax(-1) for stage in self.stages]
        logits: torch.Tensor = self.head(self.drop(torch.cat(pooled, 1)))
        return logits


class BagTextNetwork(nn.Module):
    """The mean of the vectors of words and of pairs of neighbours, then a linear layer (fastText).

    As in Joulin 2016 (arXiv 1607.01759): word vectors of length 100, pairs hashed into a table of their own.

    Args:
        num_classes: Width of the output.
        input_size: Words of a text at most.
        width: Length of a vector.
    """

    def __init__(self, num_classes: int, input_size: int, width: int = 100) -> None:
        super().__init__()
        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width}
        self.words = word_table(HASH_SLOTS, width)
        self.pairs = word_table(PAIR_SLOTS, width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Map (B, L) slots and their mask to (B, num_classes) logits."""
        left, right = input_ids[:, :-1], input_ids[:, 1:]
        slots = (left * HASH_SLOTS * PAIR_FACTOR + right) % (PAIR_SLOTS - 1) + 1
        slots = slots * attention_mask[:, 1:]  # a pair counts where both of its words do
        total = self.words(input_ids).sum(1) + self.pairs(slots).sum(1)
        count = attention_mask.sum(1) + attention_mask[:, 1:].sum(1)
        logits: torch.Tensor = self.head(total / count[:, None].clamp(min=1))
        return logits


class TransformerTextNetwork(nn.Module):
    """Two encoder blocks of BERT's form (Devlin 2019, arXiv 1810.04805) over hashed words, averaged over the text.

    Args:
        num_classes: Width of the output.
        input_size: Words of a text at most.
        width: Length of a word vector.
        blocks: How many.
    """

    def __init__(self, num_classes: int, input_size: int, width: int = 128, blocks: int = 2) -> None:
        super().__init__()
        from transformers import BertConfig, BertModel

        self.settings = {"num_classes": num_classes, "input_size": input_size, "width": width, "blocks": blocks}
        config = BertConfig(
            vocab_size=HASH_SLOTS,
            hidden_size=width,
            num_hidden_layers=blocks,
            num_attention_heads=4,
            intermediate_size=2 * width,
            max_position_embeddings=input_size,
            type_vocab_size=1,
        )
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.head = nn.Linear(width, num_classes)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Map (B, L) slots and their mask to (B, num_classes) logits."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask[..., None].to(hidden.dtype)
        logits: torch.Tensor = self.head((hidden * mask).sum(1) / mask.sum(1).clamp(min=1))
        return logits


def hash_words(texts: list[str], limit: int) -> tuple[list[np.ndarray], int]:
    """Turn texts into slots of the word table.

    Args:
        texts: Any strings.
        limit: Words kept of each.

    Returns:
        One int64 array a text (never empty), and how many texts were cut.
    """
    rows, cut = [], 0
    for text in texts:
        words = WORD.findall(text.lower())
        cut += len(words) > limit
        # crc32 is the same on every machine and in every process, which Python's own hash is not.
        slots = [zlib.crc32(word.encode()) % (HASH_SLOTS - 1) + 1 for word in words[:limit]] or [1]
        rows.append(np.asarray(slots, dtype=np.int64))
    return rows, cut


NETWORKS: dict[str, Scratch] = {
    "builtin:compact-text": Scratch(
        "convolutions over hashed words", "compact-text-1", CompactTextNetwork, always=True
    ),
    "builtin:bag": Scratch("the mean of hashed words and pairs, as in fastText", "bag-1", BagTextNetwork),
    "builtin:transformer": Scratch(
        "a transformer of two blocks over hashed words", "transformer-1", TransformerTextNetwork
    ),
}
