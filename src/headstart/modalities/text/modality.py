"""Texts as a modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from headstart.core import DataError, Recipe, SourceError
from headstart.data.content import Content, Survey
from headstart.data.examples import RawExamples
from headstart.data.findings import Finding, plural
from headstart.data.listing import Entry
from headstart.modalities.base import Modality, Scratch, Start
from headstart.modalities.candidate import Candidate
from headstart.modalities.inputs import Batch, Inputs
from headstart.modalities.packaged import Packaged
from headstart.modalities.schedules import Regime, batch_size_for, steps_for
from headstart.modalities.text.content import TextContent
from headstart.modalities.text.files import TEXT_SUFFIXES, read_text_entries
from headstart.modalities.text.inputs import MAX_TOKENS, TokenInputs
from headstart.modalities.text.items import as_texts
from headstart.modalities.text.starts import MINILM

if TYPE_CHECKING:
    import torch
    from torch import nn

LONGEST_TEXT = 2**20  # tokens
TOKENIZERS = ("tokenizer*", "vocab*", "*.model", "merges.txt")  # one of these says how texts become tokens


class TextModality(Modality):
    """Texts of any length, in any language."""

    name = "text"
    task = "text-classification"
    noun, nouns, one = "text", "texts", "a text"
    suffixes = TEXT_SUFFIXES
    alike = "in all but case, punctuation and spaces"
    missing = "empty"
    beside = False
    example = '"a text"'
    given = '"a new text"'
    reading = "Texts are cut at {size:,} tokens."
    typed = True
    tokens = True
    adapters = "SEQ_CLS"
    costly = "a deep text encoder trained on your labels alone costs as much as fine-tuning; name it to try"

    def survey(self, items: Sequence[Any], folder: Path) -> Survey:
        """Tell empty texts from others."""
        problems = np.array(["" if text is not None else "empty" for text in items], dtype=str)
        return Survey(problems, lambda rows: TextContent([items[row] for row in rows]))

    def read_entries(self, entries: Sequence[Entry | None]) -> tuple[list[Any], list[Finding]]:
        """Read the files, which share an encoding."""
        texts, findings = read_text_entries(entries)
        return list(texts), findings

    def unusable(self, problems: Sequence[str]) -> tuple[str, str]:
        """Empty texts."""
        return "empty-text", f"{plural(len(problems), 'empty text')} set aside"

    def nothing_usable(self, raw: RawExamples, problems: Sequence[str]) -> DataError:
        """All texts are empty: another column may be meant."""
        return DataError(
            f"None of the {len(raw):,} texts have any content",
            place=f"{raw.source}, for example {raw.ids[0]}",
            hint="Choose the column with the texts: --text-column X"
            if raw.ledger.columns
            else "Check the files themselves",
        )

    def lost(self, problems: Sequence[str], set_aside: bool) -> str:
        """Empty, or in no part."""
        return "is in a part" if set_aside else "has content"

    @property
    def scratch(self) -> Mapping[str, Scratch]:
        """Networks over hashed words."""
        from headstart.modalities.text.networks import NETWORKS

        return NETWORKS

    @property
    def starts(self) -> tuple[Start, ...]:
        """A MiniLM sentence encoder, where its package is installed."""
        return (MINILM,)

    @property
    def packaged(self) -> Mapping[str, Packaged]:
        """Static word vectors, where their package is installed."""
        from headstart.modalities.text.packaged_starts import STARTS

        return STARTS

    def adapted(self, native_size: int) -> dict[str, Any]:
        """The usual limit of words."""
        return {"input_size": MAX_TOKENS}

    def sized(self, size: int) -> dict[str, Any]:
        """The usual limit of words, whatever a network says."""
        return {"input_size": MAX_TOKENS}

    def described(self, name: str, folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
        """The limit of tokens; without a tokenizer nothing can be read.

        Raises:
            SourceError: There is no tokenizer.
        """
        if not any(True for pattern in TOKENIZERS for _ in folder.glob(pattern)):
            raise SourceError(
                f"candidate {name!r} has no tokenizer",
                place=str(folder),
                hint="Put it beside config.json with tokenizer.save_pretrained(folder)",
            )
        return {"input_size": min(MAX_TOKENS, int(config.get("max_position_embeddings") or MAX_TOKENS))}

    def trouble(self, candidate: Candidate) -> str | None:
        """An impossible number of tokens."""
        return None if candidate.input_size <= LONGEST_TEXT else f"inputs of size {candidate.input_size}"

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Hash the words of all texts."""
        return self.encode_items(candidate, cast(TextContent, content).texts)

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Hash words, for networks that have no tokenizer of their own."""
        from headstart.modalities.text.networks import hash_words

        slots, cut = hash_words(list(items), candidate.input_size)
        return TokenInputs(slots, 0, cut)

    def items(self, given: Any, columns: Sequence[str]) -> list[Any]:
        """Strings, text files, cells."""
        return as_texts(given, columns)

    def made_up(self, candidate: Candidate, examples: int = 2, seed: int = 0) -> Batch:
        """Slots of hashed words."""
        import torch

        from headstart.modalities.text.networks import HASH_SLOTS

        slots = torch.arange(6 * examples).reshape(examples, 6) % (HASH_SLOTS - 1) + 1
        return {"input_ids": slots, "attention_mask": torch.ones_like(slots)}

    def longest(self, candidate: Candidate) -> Any:
        """As many words as it reads tokens."""
        return "word " * candidate.input_size

    def pooled(self, module: nn.Module, batch: Batch) -> torch.Tensor | None:
        """The mean of the last hidden states over real tokens, which is what sentence encoders are trained for."""
        if "attention_mask" not in batch or not hasattr(module, "base_model"):
            return None
        hidden: torch.Tensor = cast("nn.Module", module.base_model)(**batch).last_hidden_state.float()
        mask = batch["attention_mask"][..., None].to(hidden.dtype)
        return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)

    def finetuning(self, regime: Regime) -> Recipe:
        """AdamW 1e-4: twice the upper end of the BERT grid (Devlin 2019, appendix A.3).

        Encoders that fit the budget are small; a third of it is inside that grid. 10 % warm-up and decay 0.01 as
        there.
        """
        batch = batch_size_for(regime.n, 16)
        return Recipe(
            learning_rate=1e-4,
            head_rate=5.0,
            weight_decay=0.01,
            batch_size=batch,
            steps=steps_for(regime.n, batch, epochs=3, at_least=60, at_most=3000),
            warmup=0.1,
        )

    def from_scratch(self, regime: Regime) -> Recipe:
        """Compact networks take large rates (their word table starts from noise); transformers smaller ones."""
        batch = batch_size_for(regime.n, 32)
        return Recipe(
            learning_rate=2e-3 if regime.family == "compact" else 5e-4,
            weight_decay=0.05,
            batch_size=batch,
            warmup=0.1,
            steps=steps_for(regime.n, batch, epochs=10, at_least=300, at_most=4000),
            label_smoothing=0.1,
        )

    def size_words(self, size: int) -> str:
        """Tokens; pipelines on whole texts have no limit."""
        return f"{size} tokens" if size else "whole texts"
