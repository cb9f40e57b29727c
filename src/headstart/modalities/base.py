"""The contract of a modality: everything that depends on what an example is.

Reading comes from :class:`~headstart.data.kinds.Kind`; this class adds encoding, networks, recipes and words. Most
members have a default that fits examples of fixed shape; six have none.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from headstart.core import Recipe
from headstart.data.content import Content
from headstart.data.kinds import Kind
from headstart.modalities.candidate import Candidate
from headstart.modalities.inputs import Batch, Inputs
from headstart.modalities.packaged import Packaged
from headstart.modalities.schedules import Regime, batch_size_for, steps_for

if TYPE_CHECKING:  # reading data does not need torch, whose import takes seconds
    import torch
    from torch import nn


@dataclass(frozen=True)
class Scratch:
    """A network without pretraining, built from the number of classes and the input size alone.

    It ends in a linear layer, and keeps its constructor's arguments as ``settings`` to be saved with it.

    Attributes:
        idea: In a line.
        identity: Stands in for a hash of weights; changes when the architecture does.
        build: Called with the number of classes and the input size.
        always: Whether it stands in every study of its modality.
    """

    idea: str
    identity: str
    build: Callable[..., nn.Module]
    always: bool = False


@dataclass(frozen=True)
class Start:
    """A pretrained network in the form of transformers that works without any download.

    Attributes:
        name: As people write it, ``builtin:`` first.
        find: Its folder; None where it is not installed.
        check: Refuses a folder that holds other weights than the known ones.
        missing: Why it is left out of a study where it is not installed.
        fact, hint: What to say, and to do, where a user asks for it by name then.
    """

    name: str
    find: Callable[[], Path | None]
    check: Callable[[Path], None] = lambda folder: None
    missing: str = "not installed"
    fact: str = "it is not installed"
    hint: str = ""


class Modality(Kind):
    """One kind of example.

    Attributes:
        example: An example in Python source, for the page about a saved model.
        given: New examples as words on the command line.
        reading: What a saved model reads, in words, with ``{size}`` for the input size.
        typed: Whether what stands on a command line may be an example itself, not the name of a file.
        tokens: Whether networks read tokens with a mask: some adapters and pairs of examples need that, and features
            are means over real tokens.
        channels_last: Whether networks compute faster with channels last in memory.
        mixed: Keywords of a batch that mixup may mix.
        adapters: peft's name of the task, where it has one.
        costly: Why pretrained architectures are not trained from scratch unless asked for; empty where they are.
    """

    example: ClassVar[str] = '"example"'
    given: ClassVar[str] = "new_examples/"
    reading: ClassVar[str] = ""
    typed: ClassVar[bool] = False
    tokens: ClassVar[bool] = False
    channels_last: ClassVar[bool] = False
    mixed: ClassVar[tuple[str, ...]] = ()
    adapters: ClassVar[str | None] = None
    costly: ClassVar[str] = ""

    # what there is to start from

    @property
    @abstractmethod
    def scratch(self) -> Mapping[str, Scratch]:
        """Networks without pretraining by name, ``builtin:`` first; at least one with ``always``."""

    @property
    def starts(self) -> tuple[Start, ...]:
        """Pretrained starts that work without a download."""
        return ()

    @property
    def packaged(self) -> Mapping[str, Packaged]:
        """Pretrained networks whose weights come inside packages, by name."""
        return {}

    @abstractmethod
    def adapted(self, native_size: int) -> dict[str, Any]:
        """Fields of a candidate without weights that is made for the data: at least ``input_size``.

        Args:
            native_size: See :class:`~headstart.data.content.Content`.
        """

    def sized(self, size: int) -> dict[str, Any]:
        """The same fields for a network that says its own input size."""
        return {"input_size": size}

    def described(self, name: str, folder: Path, config: Mapping[str, Any]) -> dict[str, Any]:
        """Fields of a candidate from a folder of transformers: how it reads examples, at least ``input_size``.

        Args:
            name: Of the candidate, for messages.
            folder: Holds ``config.json`` and what else the library writes.
            config: What ``config.json`` says.

        Raises:
            SourceError: The folder does not say how examples are read.
        """
        return self.adapted(0)

    def fitted(self, candidate: Candidate, content: Content) -> Candidate:
        """The candidate as it is saved: new examples are then read as those of the data set."""
        return candidate

    def trouble(self, candidate: Candidate) -> str | None:
        """What makes a saved candidate impossible, so that nothing is allocated by its word; None if nothing."""
        return None

    # from examples to tensors

    @abstractmethod
    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Put a whole data set (N examples) into the form a candidate reads."""

    @abstractmethod
    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Put new examples, as :meth:`items` gives them, into the same form."""

    def items(self, given: Any, columns: Sequence[str]) -> list[Any]:
        """The examples in whatever a user gave to a model in Python: one or many, in the forms people have them.

        Args:
            given: One item, or several.
            columns: Of the study's table that held the examples; empty if it was no table.

        Raises:
            DataError: There are none, or not in a form that is known.
        """
        return list(given) if isinstance(given, list | tuple) else [given]

    @abstractmethod
    def made_up(self, candidate: Candidate, examples: int = 2, seed: int = 0) -> Batch:
        """A batch of noise (``examples``, ...) in the form that a candidate's network reads."""

    def pooled(self, module: nn.Module, batch: Batch) -> torch.Tensor | None:
        """Features (B, D) in fp32 of a pretrained network; None for what its head is given."""
        return None

    def mirrored(self, batch: Batch) -> Batch | None:
        """The mirror images of a batch, where augmentation may flip examples; None where nothing is flipped.

        A study asks frozen features whether labels survive it; see ``Regime.mirrored``.
        """
        return None

    def made_with(self, candidate: Candidate) -> dict[str, Any]:
        """Further arguments of :attr:`scratch` networks, such as a number of channels."""
        return {}

    def opened(self, path: Path, columns: Sequence[str]) -> list[tuple[str, Any]] | None:
        """New examples in a file that holds many, each with its place; None where the file is read otherwise.

        Args:
            path: An existing file.
            columns: Of the study's table, or those that the user named.
        """
        return None

    def longest(self, candidate: Candidate) -> Any:
        """An item that fills what a candidate reads, to count operations on; None where all are alike."""
        return None

    # recipes

    def finetuning(self, regime: Regime) -> Recipe:
        """The default of full fine-tuning, from which the other ways to fine-tune differ in rate and length.

        AdamW at 3e-4, between what suits small convolutional networks and transformers.
        """
        batch = batch_size_for(regime.n, 32)
        return Recipe(
            learning_rate=3e-4,
            head_rate=3.0,
            weight_decay=0.01,
            batch_size=batch,
            steps=steps_for(regime.n, batch, epochs=10, at_least=100, at_most=2000),
            warmup=0.1,
        )

    def from_scratch(self, regime: Regime) -> Recipe:
        """The default of training from random weights: AdamW at 1e-3, with more passes than fine-tuning."""
        batch = batch_size_for(regime.n, 32)
        return Recipe(
            learning_rate=1e-3,
            weight_decay=0.05,
            batch_size=batch,
            warmup=0.1,
            steps=steps_for(regime.n, batch, epochs=30, at_least=400, at_most=4000),
            label_smoothing=0.1,
        )

    # words

    def size_words(self, size: int) -> str:
        """An input size in words, as in ``64 px``."""
        return f"{size:,} values"
