"""Series of measurements as a modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from headstart.core import DataError, Recipe
from headstart.data.content import Content, Survey
from headstart.data.examples import RawExamples
from headstart.data.listing import Listing
from headstart.modalities.base import Modality, Scratch
from headstart.modalities.candidate import Candidate
from headstart.modalities.inputs import Batch, Inputs
from headstart.modalities.schedules import Regime, batch_size_for, steps_for
from headstart.modalities.series.content import LONGEST, SeriesContent, shape_of, survey_of
from headstart.modalities.series.files import read_file, read_folder
from headstart.modalities.series.inputs import encoded
from headstart.modalities.series.items import MOST_CHANNELS, as_series, series_of
from headstart.modalities.series.reading import read_any_table

if TYPE_CHECKING:
    from headstart.data.columns import ColumnChoice
    from headstart.data.table import Table

SHORTEST_INPUT = 9  # values that a network is made for at least


class SeriesModality(Modality):
    """Series of one channel or several, at even steps in time, of equal or unequal length."""

    name = "series"
    task = "series-classification"
    noun, nouns, one = "series", "series", "a series"
    suffixes = frozenset({".npy"})
    alike = "in every value"
    example = "[0.1, 0.4, 0.2, -0.3]"
    given = "new_series.parquet"
    reading = "Series of more than {size} values are averaged down to that many; none is resampled to another rate."
    mixed = ("values",)

    # read

    def survey(self, items: Sequence[Any], folder: Path) -> Survey:
        """Series without numbers, of one value, or of another number of channels than most cannot be used."""
        return survey_of([series_of(item) for item in items])

    def read_file(self, path: Path, chosen: ColumnChoice) -> RawExamples | None:
        """Files of the UCR and UEA archives, of Weka and numpy."""
        return read_file(path)

    def read_listing(self, listing: Listing, chosen: ColumnChoice) -> RawExamples | None:
        """A folder of such files, those called train and test as the parts."""
        return read_folder(listing)

    def read_table(self, table: Table, name: str, chosen: ColumnChoice, task: str | None) -> RawExamples | None:
        """A table with a list in each row, a column for each moment, or a row for each moment."""
        if task not in (None, self.task) or chosen.text or chosen.image:
            return None
        return read_any_table(table, name, chosen, task)

    def unusable(self, problems: Sequence[str]) -> tuple[str, str]:
        """Say ``series`` for one and for many."""
        code, message = super().unusable(problems)
        return code, message.replace("seriess", "series")

    def nothing_usable(self, raw: RawExamples, problems: Sequence[str]) -> DataError:
        """With a hint that fits series."""
        trouble = super().nothing_usable(raw, problems)
        return DataError(trouble.fact, place=trouble.place, hint="Give numbers: arrays are (series, channels, time)")

    # start from

    @property
    def scratch(self) -> Mapping[str, Scratch]:
        """Convolutions in time."""
        from headstart.modalities.series.networks import NETWORKS

        return NETWORKS

    def adapted(self, native_size: int) -> dict[str, Any]:
        """The series' own channels, and their length up to a limit."""
        channels, length = shape_of(native_size)
        return {"input_size": max(SHORTEST_INPUT, min(length, LONGEST)), "settings": {"channels": channels}}

    def made_with(self, candidate: Candidate) -> dict[str, Any]:
        """Networks are made for a number of channels."""
        return {"channels": channels_of(candidate)}

    def trouble(self, candidate: Candidate) -> str | None:
        """Channels that there are not."""
        return None if 1 <= channels_of(candidate) <= MOST_CHANNELS else f"{channels_of(candidate)} channels"

    # encode

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """All series, padded batch by batch."""
        return self.encode_items(candidate, cast(SeriesContent, content).load(range(len(content))))

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """New series in the same form."""
        return encoded(candidate, items, channels_of(candidate), max(SHORTEST_INPUT, candidate.input_size))

    def items(self, given: Any, columns: Sequence[str]) -> list[Any]:
        """Arrays (T,), (C, T) or (N, C, T), lists of numbers, files, cells."""
        return list(as_series(given, columns))

    def opened(self, path: Path, columns: Sequence[str]) -> list[tuple[str, Any]] | None:
        """Files of the archives, arrays of several series, and tables."""
        from headstart.modalities.series.new import new_series

        return new_series(path, columns)

    def made_up(self, candidate: Candidate, examples: int = 2, seed: int = 0) -> Batch:
        """Noise: series, or pictures for networks that see them drawn."""
        import torch

        generator = torch.Generator().manual_seed(seed)
        if candidate.resize is not None:
            side = candidate.resize.size
            return {"pixel_values": torch.randn(examples, 3, side, side, generator=generator)}
        shape = (examples, channels_of(candidate), candidate.input_size)
        mask = torch.ones(examples, candidate.input_size, dtype=torch.int64)
        return {"values": torch.randn(shape, generator=generator), "attention_mask": mask}

    def longest(self, candidate: Candidate) -> Any:
        """As many values as it reads."""
        import numpy as np

        return np.zeros((channels_of(candidate), candidate.input_size), dtype=np.float32)

    # learn

    def finetuning(self, regime: Regime) -> Recipe:
        """As for pictures, which is what pretrained networks see of series."""
        batch = batch_size_for(regime.n, 64)
        return Recipe(
            learning_rate=1e-3,
            head_rate=3.0,
            weight_decay=0.05,
            batch_size=batch,
            steps=steps_for(regime.n, batch, epochs=15, at_least=200, at_most=2000),
            warmup=0.1,
            label_smoothing=0.1,
        )

    def from_scratch(self, regime: Regime) -> Recipe:
        """AdamW 3e-3 for networks of 9,000 to 500,000 weights; scaled, jittered and shifted a little."""
        batch = batch_size_for(regime.n, 64)
        return Recipe(
            learning_rate=3e-3,
            weight_decay=0.01,
            batch_size=batch,
            warmup=0.1,
            steps=steps_for(regime.n, batch, epochs=30, at_least=500, at_most=3000),
            augmentation="shift",
            label_smoothing=0.1,
        )

    def size_words(self, size: int) -> str:
        """Values, or whole series."""
        return f"{size:,} values" if size else "whole series"


def channels_of(candidate: Candidate) -> int:
    """Channels that a candidate reads."""
    return int(candidate.settings.get("channels", 1))
