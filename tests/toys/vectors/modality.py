"""Vectors as a modality: how they are read, encoded and learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from headstart.core import DataError
from headstart.data import Content, Survey
from headstart.data.columns import ColumnChoice
from headstart.data.examples import RawExamples
from headstart.modalities import ArrayInputs, Batch, Candidate, Inputs, Modality, Scratch
from vectors.content import VectorContent, stacked
from vectors.networks import VectorNetwork

MANY = ".vecs"  # a file of many vectors: a label and numbers in each line


class VectorModality(Modality):
    """Vectors of one length."""

    name = "vector"
    task = "vector-classification"
    noun, nouns, one = "vector", "vectors", "a vector"
    suffixes = frozenset({".vec"})
    example = "[0.1, 0.2, 0.3]"
    given = "new_vectors/"
    reading = "Vectors have {size} numbers."

    # read

    def survey(self, items: Sequence[Any], folder: Path) -> Survey:
        """Vectors that are no numbers, or of another length than most, cannot be used."""
        values = [_numbers(item) for item in items]
        lengths = [len(value) for value in values if value is not None]
        usual = max(set(lengths), key=lengths.count, default=0)
        problems = []
        for value in values:
            if value is None or not np.isfinite(value).all():
                problems.append("it holds no finite numbers")
            else:
                problems.append("" if len(value) == usual else f"{len(value)} numbers, not {usual}")
        return Survey(np.array(problems, dtype=str), lambda rows: VectorContent(stacked([values[i] for i in rows])))

    def read_file(self, path: Path, chosen: ColumnChoice) -> RawExamples | None:
        """A file of many vectors, with their labels first."""
        if path.suffix != MANY:
            return None
        lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
        raw = RawExamples(
            source=path.name,
            ids=[f"{path.name}:{number}" for number in range(1, len(lines) + 1)],
            labels=[line[0] for line in lines],
            parts=["train"] * len(lines),
            modality=self.name,
            items=[" ".join(line[1:]) for line in lines],
        )
        raw.ledger.rows_seen = len(lines)
        return raw

    # encode

    def adapted(self, native_size: int) -> dict[str, Any]:
        """Networks have the vectors' own length."""
        return {"input_size": native_size}

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """All vectors as one array."""
        return self.encode_items(candidate, content.load(range(len(content))))

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """New vectors as one array."""
        for place, item in enumerate(items):
            if len(item) != candidate.input_size:
                fact = f"a vector has {len(item)} numbers, not {candidate.input_size}"
                raise DataError(fact, place=f"input {place + 1}", hint="Give vectors like those of the study")
        return ArrayInputs(stacked(items))

    def items(self, given: Any, columns: Sequence[str]) -> list[Any]:
        """Arrays, lists of numbers, or files."""
        single = isinstance(given, str | Path) or isinstance(given[0], int | float | np.number)
        listed = [given] if single else list(given)
        values = [_numbers(item) for item in listed]
        if not values or any(value is None for value in values):
            raise DataError("no vector of numbers", place="predict", hint="Give arrays, or files of numbers")
        return values

    def made_up(self, candidate: Candidate, examples: int = 2, seed: int = 0) -> Batch:
        """Noise."""
        generator = torch.Generator().manual_seed(seed)
        return {"values": torch.randn(examples, candidate.input_size, generator=generator)}

    # learn

    @property
    def scratch(self) -> dict[str, Scratch]:
        """A small network."""
        return {"builtin:mlp": Scratch("two hidden layers", "vector-mlp-1", VectorNetwork, always=True)}


def _numbers(item: Any) -> np.ndarray | None:
    """Numbers of a file, a line or a list; None where they are none."""
    try:
        text = item.read_text() if isinstance(item, Path) else item
        if isinstance(text, str):
            path = Path(text)
            words = path.read_text() if path.suffix == ".vec" and path.is_file() else text
            return np.array(words.split(), dtype=np.float32)
        return None if item is None else np.asarray(item, dtype=np.float32)
    except (OSError, ValueError):
        return None
