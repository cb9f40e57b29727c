"""One face for every network: logits, features, ordered stages and a head."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import nn

from headstart.core import HeadstartError, SettingsError, SourceError, reason_of
from headstart.models.candidates import Candidate
from headstart.models.compact import build_compact
from headstart.models.libraries import quiet_transformers
from headstart.models.own import PREFIX, build_own, reset
from headstart.models.stages import Stage, cut, last_linear
from headstart.models.timm import make_timm
from headstart.models.tokenizer import load_tokenizer, padding_of


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

        Texts: the mean of the last hidden states over real tokens, which is what sentence encoders are
        trained for. Images: what the head's linear layer is given.
        """
        if self.candidate.modality == "text" and "attention_mask" in batch and hasattr(self.module, "base_model"):
            hidden: torch.Tensor = cast(nn.Module, self.module.base_model)(**batch).last_hidden_state.float()
            mask = batch["attention_mask"][..., None].to(hidden.dtype)
            return (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        seen: list[torch.Tensor] = []
        hook = self.head.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
        try:
            self.forward(**batch)
        finally:
            hook.remove()
        return seen[-1].flatten(1).float()


def build(
    candidate: Candidate, class_names: tuple[str, ...], *, weights: str, seed: int, with_head: bool = False
) -> Network:
    """Build a candidate's network with a fresh head.

    Args:
        candidate: What to build.
        class_names: Names of the outputs, in order; saved with the model.
        weights: ``pretrained`` or ``random``.
        seed: Seeds every random initial weight.
        with_head: The weights are those of a whole classifier for these classes; its head is kept.

    Returns:
        The network on the CPU in fp32.

    Raises:
        SourceError: The candidate has no weights, or they do not fit its configuration.
    """
    if weights == "pretrained" and not candidate.has_weights:
        reason = f": {candidate.missing}" if candidate.missing else ""
        raise SourceError(
            f"{candidate.name} has no pretrained weights{reason}", hint="Use it with --strategy from_scratch"
        )
    torch.manual_seed(seed)
    if candidate.family == "compact":
        return Network(build_compact(candidate.name, len(class_names), candidate.input_size), candidate)
    if candidate.family == "own":
        return _build_own(candidate, class_names, weights, seed)
    if candidate.family == "timm":
        module, head = make_timm(candidate, len(class_names), weights)
        return Network(module, candidate, head)
    if candidate.family == "transformers":
        return _build_transformers(candidate, class_names, weights, with_head)
    raise HeadstartError(f"{candidate.name} is not a network")


def own_network(candidate: Candidate, classes: int, *, here: bool = True) -> Network:
    """Build a user's own architecture, with the weights that its factory gives it.

    Args:
        candidate: Of the family ``own``.
        classes: Width of the output.
        here: Search the working directory for its code; never where a saved model names it.
    """
    module = build_own(candidate.name.removeprefix(PREFIX), classes, here=here)
    return Network(module, candidate, _own_head(module))


def network_by_config(candidate: Candidate, config: Mapping[str, Any]) -> Network:
    """Build a classifier of transformers from its whole configuration, on torch's default device."""
    from transformers import AutoConfig

    described = {word: value for word, value in config.items() if word not in ("model_type", "transformers_version")}
    module = _loader(candidate).from_config(
        AutoConfig.for_model(config["model_type"], **described), dtype=torch.float32, trust_remote_code=False
    )
    return Network(module, candidate, _transformers_head(module))


def check_size(candidate: Candidate, class_names: tuple[str, ...], elements: int) -> None:
    """Refuse a configuration that describes more weights than its folder holds, before there is memory for them.

    Raises:
        ValueError: It does.
    """
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(str(candidate.folder), local_files_only=True, trust_remote_code=False)
    config.num_labels = len(class_names)
    try:
        with quiet_transformers(), torch.device("meta"):
            module = _loader(candidate).from_config(config, trust_remote_code=False)
    except (RuntimeError, NotImplementedError):  # some architectures read values while they are built
        return
    described = sum(parameter.numel() for parameter in module.parameters())
    if described > elements:
        raise ValueError(f"config.json describes {described:,} weights, and there are {elements:,}")


def _loader(candidate: Candidate) -> Any:
    from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification

    return AutoModelForImageClassification if candidate.modality == "image" else AutoModelForSequenceClassification


def _build_transformers(candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
    from transformers import AutoConfig

    labels: dict[str, Any] = {
        "num_labels": len(class_names),
        "id2label": dict(enumerate(class_names)),
        "label2id": {name: index for index, name in enumerate(class_names)},
    }
    loader = _loader(candidate)
    folder = str(candidate.folder)
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **labels)
            if candidate.modality == "text":
                config.pad_token_id = padding_of(load_tokenizer(candidate))  # by it decoders find where a text ends
            if weights == "pretrained":
                module, loading = loader.from_pretrained(
                    folder,
                    config=config,
                    ignore_mismatched_sizes=True,
                    use_safetensors=True,
                    dtype=torch.float32,
                    local_files_only=True,
                    trust_remote_code=False,
                    output_loading_info=True,
                )
                _check_loading(module, loading, with_head)
                if not with_head:
                    _renew_head(module)
            else:
                module = loader.from_config(config, dtype=torch.float32, trust_remote_code=False)
    except SourceError:
        raise
    except Exception as error:  # transformers and safetensors raise a dozen unrelated kinds
        reason = reason_of(error)
        raise SourceError(
            f"candidate {candidate.name!r} cannot be loaded for {candidate.modality} classification: {reason}",
            place=folder,
            hint="Check that it is a complete transformers model of that modality",
        ) from None
    return Network(module.float(), candidate, _transformers_head(module))


def _build_own(candidate: Candidate, class_names: tuple[str, ...], weights: str, seed: int) -> Network:
    """Whatever the factory brings, the head starts fresh, and from scratch so does all the rest."""
    network = own_network(candidate, len(class_names))
    if candidate.has_weights:
        torch.manual_seed(seed)
        reset(network.head if weights == "pretrained" else network.module, candidate.name)
    return network


def _own_head(module: nn.Module) -> nn.Module:
    try:
        return last_linear(module)[1]
    except ValueError as error:
        raise SettingsError(str(error), place="--arch", hint="Let the architecture end in a torch.nn.Linear") from None


def _transformers_head(module: nn.Module) -> nn.Module:
    """What a transformers classifier has outside its base model: one or more layers that start fresh."""
    base = getattr(module, str(module.base_model_prefix), None)
    outside = [child for child in module.children() if child is not base and any(True for _ in child.parameters())]
    if base is None or not outside:
        return last_linear(module)[1]
    return outside[0] if len(outside) == 1 else nn.ModuleList(outside)


def _check_loading(module: nn.Module, loading: dict[str, Any], with_head: bool) -> None:
    """Refuse weights that leave most of the network (or, with its head, any of it) at random values.

    Raises:
        ValueError: They do not fit.
    """
    fresh = {*loading["missing_keys"], *(entry[0] for entry in loading["mismatched_keys"])}
    if with_head and fresh:
        raise ValueError(f"the weights lack {', '.join(sorted(fresh)[:3])}")
    head = {id(parameter) for parameter in _transformers_head(module).parameters()}
    body = {name: p.numel() for name, p in module.named_parameters() if id(p) not in head}
    if 2 * sum(body.get(name, 0) for name in fresh) > sum(body.values()):
        raise ValueError("most of the weights that its config.json describes are missing or of another size")


def _renew_head(module: nn.Module) -> None:
    """Reinitialise the last layer where the checkpoint brought one for as many other classes."""
    head = last_linear(_transformers_head(module))[1]
    with torch.no_grad():
        head.weight.normal_(std=getattr(module.config, "initializer_range", None) or 0.02)
        if head.bias is not None:
            head.bias.zero_()
