"""The contract of a model family: everything that depends on the library that a model comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from headstart.core import HeadstartError, ModelFormat, Recipe, SettingsError
from headstart.data import Content
from headstart.modalities import Candidate, Inputs, Modality, Regime, get_modality
from headstart.models.network import Network
from headstart.models.own import reset


class Family(ABC):
    """One library of models.

    Attributes:
        name: As candidates record it.
        network: Whether its models are networks trained by the loop; otherwise they are pipelines, which compute
            features in closed form and fit a head (see :class:`Pipeline`).
        pretrained: Whether the names that it lists have weights; a study leaves these out where others are asked for.
        native: The form in which a trained model is saved where nothing was put into it.
        runs_code: Whether a saved model needs code that is neither in its folder nor in an installed library.
        quantises: Whether :meth:`build_quantised` builds anything.
    """

    name: ClassVar[str]
    network: ClassVar[bool] = True
    pretrained: ClassVar[bool] = False
    native: ClassVar[ModelFormat] = "headstart"
    runs_code: ClassVar[bool] = False
    quantises: ClassVar[bool] = False

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """Names that work here without a download.

        Args:
            modality: What the examples are.
            every: Also those that a study compares only when asked to.
        """
        return ()

    def absent(self, modality: Modality) -> tuple[tuple[str, str], ...]:
        """(name, why) of what would be among :meth:`names` if more were installed."""
        return ()

    def about(self, candidate: Candidate) -> dict[str, str]:
        """What a list of models says besides: ``source`` of the weights, and ``card``, what to know of them."""
        return {}

    @abstractmethod
    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """Find a candidate by its name; None where the name is not of this family or does not fit the modality.

        Args:
            name: As the user wrote it.
            modality: What the examples are.
            native_size: Of the data set, see :class:`~headstart.data.Content`.

        Raises:
            SourceError: It is of this family and cannot be had here, or is not safe to load.
        """

    def check(self, candidate: Candidate, classes: int) -> None:  # noqa: B027 - most have nothing to check
        """Find out before any training whether a candidate works.

        Raises:
            SettingsError: It does not.
        """

    def require(self) -> None:  # noqa: B027 - most libraries are always here
        """Import the library.

        Raises:
            SourceError: It is not installed.
        """

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Put a whole data set into the form a candidate reads: the modality's own, unless overridden."""
        return get_modality(candidate.modality).encode(candidate, content)

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """Put new examples into the same form."""
        return get_modality(candidate.modality).encode_items(candidate, items)

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """Build a network with a fresh head, on the CPU in fp32, drawing from torch's generator as it stands.

        Args:
            candidate: Of this family.
            class_names: Names of the outputs, in order.
            weights: ``pretrained`` or ``random``.
            with_head: The weights are those of a whole classifier for these classes; its head is kept.

        Raises:
            SourceError: The weights do not fit.
        """
        raise HeadstartError(f"{candidate.name} is not a network")

    def build_quantised(self, candidate: Candidate, class_names: tuple[str, ...]) -> Network:
        """Build a pretrained network with a fresh head, the weights of its linear layers in four bits.

        Raises:
            SettingsError: Models of this family cannot be held so.
            SourceError: The weights do not fit, or what packs them is not installed.
        """
        raise SettingsError(
            f"{candidate.name} cannot be held in four bits", place="--strategy", hint="lora needs no quantised weights"
        )

    def renew(self, network: Network, stages: Sequence[int], seed: int) -> None:
        """Give stages the random weights with which training from scratch would begin.

        Unless overridden each layer draws them as its class does when it is made.

        Raises:
            SettingsError: A layer does not say how its weights begin.
        """
        torch.manual_seed(seed)
        for index in stages:
            for module in network.stages[index].modules:
                reset(module, network.candidate.name)

    def renew_from_another(self, network: Network, stages: Sequence[int], seed: int) -> None:
        """The same by copying from another network of the candidate, built at random: for libraries with rules."""
        names = tuple(str(index) for index in range(network.head.out_features))
        torch.manual_seed(seed)
        other = self.build(network.candidate, names, "random", False)
        with torch.no_grad():
            for index in stages:
                for new, old in zip(other.stages[index].modules, network.stages[index].modules, strict=True):
                    old.load_state_dict(new.state_dict())

    def write_reader(self, candidate: Candidate, folder: Path) -> None:  # noqa: B027 - most need nothing
        """Write what inputs are read with beside the weights, such as a tokenizer; nothing unless overridden."""

    def write_body(self, network: Network, candidate: Candidate, file: Path) -> None:
        """Write a network's weights to a file, and whatever :meth:`read_body` needs besides into its folder."""
        from headstart.models.formats.weights import write_module

        write_module(network.module, file)

    def read_body(self, candidate: Candidate, class_names: tuple[str, ...], file: Path, allow_code: bool) -> Network:
        """Read what :meth:`write_body` wrote: the network without weights, which are then filled in.

        Raises:
            BundleError: It needs code that is not allowed, or that changed.
        """
        from headstart.models.formats.weights import fill

        network = self.build(candidate, class_names, "random", False)
        fill(network.module, file)
        return network

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Recipes of a pipeline, the default first."""
        raise HeadstartError(f"models of {self.name} are networks")


class Pipeline(Family):
    """A family whose features are computed in closed form and whose head is fitted, as TF-IDF with a linear head.

    What :meth:`fit` returns predicts like scikit-learn's classifiers: ``classes_`` (class numbers) and
    ``predict_proba(items)`` from a list of items. It is saved by skops.

    Attributes:
        trusted: Types in a saved file, beyond those that skops trusts by itself.
    """

    network = False
    native = "skops"
    trusted: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def fit(
        self,
        items: list[Any],
        targets: np.ndarray,
        recipe: Recipe,
        seed: int,
        check_time: Callable[[], None] = lambda: None,
    ) -> Any:
        """Fit features and head.

        Args:
            items: The n examples the trial may see, as :meth:`encode` holds them.
            targets: Their classes (n,).
            recipe: One of :meth:`recipes`.
            seed: Of whatever is drawn.
            check_time: Called between the parts of the fit; raises when the time is over.
        """

    @abstractmethod
    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Recipes by expected gain, the default first."""

    @abstractmethod
    def check_pipeline(self, pipeline: Any, classes: int) -> None:
        """Refuse anything but what :meth:`fit` makes, for these classes; the file may come from anywhere.

        Raises:
            ValueError: It is something else.
        """

    def weights(self, pipeline: Any) -> int:
        """How many weights the fitted head has."""
        return int(pipeline.named_steps["head"].coef_.size)

    def packed(self, pipeline: Any) -> Any:
        """The pipeline in the form that is saved."""
        return pipeline
