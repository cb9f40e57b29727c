"""Adapters by peft: the pretrained weights stay, small additions move. Any method of peft goes by its name."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from headstart.core import Recipe, SettingsError, did_you_mean
from headstart.modalities import Candidate, get_modality
from headstart.models import Network, adapt, adaptable_layers
from headstart.strategies.base import ByModality, Regime, TransferStrategy
from headstart.strategies.phases import Moving, Phase, Train
from headstart.strategies.schedules import at_other_rates, finetuning_default, longer

if TYPE_CHECKING:
    from peft import PeftConfig

PREFIX = "peft:"
RATE_FACTOR = 10.0  # of full fine-tuning's rate, for methods that nothing better is known of


class AdapterStrategy(TransferStrategy):
    """A frozen network with trainable additions and a new head.

    Attributes:
        rate_factor: The default's rate as a multiple of full fine-tuning's, by modality.
        length_factor: Steps as a multiple of full fine-tuning's, or of 240 where that is more.
        texts_only: Whether the method works on token embeddings.
    """

    rate_factor: ByModality = ByModality(RATE_FACTOR / 3, text=RATE_FACTOR)
    length_factor = 1.0
    texts_only = False

    @abstractmethod
    def config(self, network: Network, recipe: Recipe) -> PeftConfig:
        """The description that peft wants of the method for a network."""

    def refuses(self, candidate: Candidate) -> str | None:
        """Needs pretrained weights, and a text encoder where the method adds tokens."""
        modality = get_modality(candidate.modality)
        if self.texts_only and not modality.tokens:
            return f"{self.name} adds tokens to a text; for {modality.nouns} use lora, dora or ia3"
        return super().refuses(candidate)

    def prepare(self, network: Network, recipe: Recipe, seed: int) -> Network:
        """Put the adapters in."""
        return adapt(network, self.config(network, recipe), seed)

    def phases(self, family: str) -> tuple[Phase, ...]:
        """One run in which no pretrained weight moves."""
        return (Train(Moving("none")),)

    def recipes(self, regime: Regime) -> tuple[Recipe, ...]:
        """Fine-tuning's default at the method's own rate, then three times and a third of it."""
        default = longer(finetuning_default(regime), self.length_factor)
        factor = self.rate_factor.of(regime.modality)
        update = {"learning_rate": default.learning_rate * factor, "head_rate": 1.0, "weight_decay": 0.01}
        return at_other_rates(default.model_copy(update=update), (3.0, 1 / 3))


def adapter_task(network: Network) -> str | None:
    """Peft's name of the task, for modalities that it knows one of."""
    return get_modality(network.candidate.modality).adapters


class AnyPeftMethod(AdapterStrategy):
    """A method of peft by its name, with peft's own defaults."""

    idea = "Keep the pretrained weights and train the adapters of a method that peft knows."
    wins = "when its paper's setting is yours; measured like every other option."
    loses = "when its defaults are made for networks far larger than yours."
    cost = "a forward and a backward pass a step, little optimiser state."

    def __init__(self, method: str) -> None:
        self.method = method.upper().replace("-", "_")
        self.name = f"{PREFIX}{method}"  # type: ignore[misc]
        self.paper = f"see the documentation of peft on {self.method}"  # type: ignore[misc]

    def config(self, network: Network, recipe: Recipe) -> PeftConfig:
        """The method's defaults on every layer that adapters can go to.

        Raises:
            SettingsError: peft knows no such method, or it needs settings of its own.
        """
        from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftType

        known = {kind.value: kind for kind in PeftType if kind in PEFT_TYPE_TO_CONFIG_MAPPING}
        if self.method not in known:
            names = sorted(name.lower() for name in known)
            raise SettingsError(
                f"peft knows no method {self.method.lower()!r}",
                place="--strategy",
                hint=did_you_mean(self.method.lower(), names),
            )
        kind = PEFT_TYPE_TO_CONFIG_MAPPING[known[self.method]]
        task = adapter_task(network)
        settings: dict[str, Any] = {} if task is None else {"task_type": task}
        if "target_modules" in kind.__dataclass_fields__:
            settings["target_modules"] = adaptable_layers(network, convolutions=False)
        elif "num_virtual_tokens" in kind.__dataclass_fields__:
            settings["num_virtual_tokens"] = 20
        return kind(**settings)
