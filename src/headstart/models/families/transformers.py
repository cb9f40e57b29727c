"""Networks of transformers: a folder with ``config.json`` and safetensors, the hub, or a start inside a package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from headstart.core import SourceError, reason_of
from headstart.data import Content
from headstart.data.hub import looks_like_hub_id
from headstart.modalities import Candidate, Inputs, Modality, get_modality
from headstart.modalities.settings_files import read_json
from headstart.models.families.base import Family
from headstart.models.families.processor import write_processor
from headstart.models.families.tokenizer import encode_tokens, load_tokenizer, padding_of, write_tokenizer
from headstart.models.files import hash_files, licence_in
from headstart.models.hub import fetch
from headstart.models.libraries import quiet_transformers
from headstart.models.network import Network
from headstart.models.quantised import four_bit_settings, same_in_training, weights_in
from headstart.models.stages import last_linear

LOADERS = {
    "image": "AutoModelForImageClassification",
    "text": "AutoModelForSequenceClassification",
    "sound": "AutoModelForAudioClassification",
}
CONFIG = "network.json"  # of a network in Headstart's own form; transformers looks for no such name
EXTRACTOR = "preprocessor_config.json"  # of sounds
NOT_ARCHITECTURE = {
    "id2label",
    "label2id",
    "num_labels",
    "problem_type",
    "dtype",
    "torch_dtype",
    "transformers_version",
    "_name_or_path",
    "architectures",
    "use_cache",
}
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


class TransformersFamily(Family):
    """Everything that transformers builds for classification."""

    name = "transformers"
    pretrained = True
    native = "transformers"
    quantises = True

    def names(self, modality: Modality, *, every: bool = False) -> tuple[str, ...]:
        """Starts of the modality that are here."""
        return tuple(start.name for start in modality.starts if start.find() is not None)

    def absent(self, modality: Modality) -> tuple[tuple[str, str], ...]:
        """Starts whose package is not installed."""
        return tuple((start.name, start.missing) for start in modality.starts if start.find() is None)

    def resolve(self, name: str, modality: Modality, native_size: int) -> Candidate | None:
        """A start, a folder, or a hub id."""
        for start in modality.starts:
            if name == start.name:
                place = start.find()
                if place is None:
                    raise SourceError(start.fact, hint=start.hint)
                start.check(place)
                return read_folder(name, place, modality)
        if name.startswith("builtin:"):
            return None
        folder = Path(name).expanduser()
        if folder.is_dir():
            return read_folder(name, folder, modality)
        return read_folder(name, fetch(name), modality) if looks_like_hub_id(name) else None

    def encode(self, candidate: Candidate, content: Content) -> Inputs:
        """Tokens by the candidate's tokenizer; anything else as the modality does."""
        if get_modality(candidate.modality).tokens:
            return encode_tokens(candidate, content.load(range(len(content))))
        return super().encode(candidate, content)

    def encode_items(self, candidate: Candidate, items: Sequence[Any]) -> Inputs:
        """The same for new examples."""
        if get_modality(candidate.modality).tokens:
            return encode_tokens(candidate, items)
        return super().encode_items(candidate, items)

    def build(self, candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool) -> Network:
        """A classifier of transformers, all of whose files are local."""
        return _build(candidate, class_names, weights, with_head)

    def build_quantised(self, candidate: Candidate, class_names: tuple[str, ...]) -> Network:
        """The same, packed while it is read."""
        return _build(candidate, class_names, "pretrained", False, quantised=True)

    def renew(self, network: Network, stages: Sequence[int], seed: int) -> None:
        """From another network, because the library has its own rules of initialisation."""
        self.renew_from_another(network, stages, seed)

    def write_reader(self, candidate: Candidate, folder: Path) -> None:
        """The tokenizer, for what reads tokens; a feature extractor's file as it is."""
        if get_modality(candidate.modality).tokens:
            write_tokenizer(candidate, folder)
        extractor = Path(str(candidate.folder)) / EXTRACTOR
        if candidate.resize is None and extractor.exists():
            (folder / EXTRACTOR).write_bytes(extractor.read_bytes())

    def write_native(self, network: Network, candidate: Candidate, folder: Path) -> None:
        """A folder that ``transformers.pipeline`` reads."""
        from headstart.models.formats.weights import on_cpu

        cast(Any, network.module).save_pretrained(folder, state_dict=on_cpu(network.module))
        self.write_reader(candidate, folder)
        if candidate.resize is not None:
            write_processor(candidate, folder)

    def write_body(self, network: Network, candidate: Candidate, file: Path) -> None:
        """With every value of the configuration: another version's defaults then change nothing."""
        super().write_body(network, candidate, file)
        config = json.loads(cast(Any, network.module).config.to_json_string(use_diff=False))
        config = {word: value for word, value in config.items() if word not in ("_name_or_path", "architectures")}
        file.with_name(CONFIG).write_text(json.dumps(config, indent=2) + "\n")
        self.write_reader(candidate, file.parent)

    def read_body(self, candidate: Candidate, class_names: tuple[str, ...], file: Path, allow_code: bool) -> Network:
        """By the whole configuration beside the weights, whose sizes are compared before there is memory for them."""
        from headstart.models.formats.configuration import read_configuration
        from headstart.models.formats.weights import check_shapes, fill, held_in

        held = held_in(file)
        config = read_configuration(file.with_name(CONFIG), held)
        with quiet_transformers():
            with torch.device("meta"):
                check_shapes(network_by_config(candidate, config).module, held, file.name)
            network = network_by_config(candidate, config)
        fill(network.module, file)
        return network


def read_folder(name: str, folder: Path, modality: Modality) -> Candidate:
    """A candidate from a folder; its weights are hashed but not loaded.

    Raises:
        SourceError: The folder is none of transformers, or not safe to load.
    """
    config_file = folder / "config.json"
    if not config_file.exists():
        raise SourceError(f"no config.json for candidate {name!r}", place=str(folder), hint="Give a model folder")
    config = read_json(config_file)
    if config.get("auto_map"):
        raise SourceError(
            f"candidate {name!r} needs code of its own",
            place=str(folder),
            hint="Headstart does not run code that comes with weights; choose another candidate",
        )
    weights = sorted(folder.glob("*.safetensors"))
    pickles = [file for pattern in PICKLES for file in folder.glob(pattern)]
    if not weights and pickles:
        raise SourceError(
            f"candidate {name!r} has its weights as pickle ({pickles[0].name})",
            place=str(folder),
            hint="Convert them with model.save_pretrained(folder), which writes safetensors",
        )
    # whatever changes what the network computes from an input is part of its identity
    described = sorted(file for pattern in ("*.json", "*.txt", "*.model") for file in folder.glob(pattern))
    try:
        fields = modality.described(name, folder, config)
        return Candidate(
            name=name,
            modality=modality.name,
            family="transformers",
            has_weights=bool(weights),
            weights_hash=hash_files((*described, *weights)),
            folder=str(folder),
            architecture=_architecture(config, {word: value for word, value in fields.items() if word != "input_size"}),
            licence=licence_in(folder),
            **fields,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = reason_of(error)
        raise SourceError(
            f"candidate {name!r} describes its inputs in a form that is not known ({reason})",
            place=str(folder),
            hint="Choose another candidate",
        ) from None


def _architecture(config: dict[str, Any], fields: Mapping[str, Any]) -> str:
    """Hash of what a network is built from and how it sees images, without what only weights or labels decide."""
    built = {word: value for word, value in config.items() if word not in NOT_ARCHITECTURE}
    described = json.dumps([built, fields], sort_keys=True, default=lambda record: record.model_dump()).encode()
    return hashlib.blake2b(described, digest_size=12).hexdigest()


def network_by_config(candidate: Candidate, config: Mapping[str, Any]) -> Network:
    """Build a classifier of transformers from its whole configuration, on torch's default device."""
    from transformers import AutoConfig

    described = {word: value for word, value in config.items() if word not in ("model_type", "transformers_version")}
    module = loader_of(candidate).from_config(
        AutoConfig.for_model(config["model_type"], **described), dtype=torch.float32, trust_remote_code=False
    )
    return Network(module, candidate, transformers_head(module))


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
            module = loader_of(candidate).from_config(config, trust_remote_code=False)
    except (RuntimeError, NotImplementedError):  # some architectures read values while they are built
        return
    described = sum(parameter.numel() for parameter in module.parameters())
    if described > elements:
        raise ValueError(f"config.json describes {described:,} weights, and there are {elements:,}")


def loader_of(candidate: Candidate) -> Any:
    """The class of transformers that builds classifiers of a candidate's modality.

    Raises:
        SourceError: Nothing here says which.
    """
    import transformers

    if candidate.modality not in LOADERS:
        raise SourceError(
            f"transformers is not used for {get_modality(candidate.modality).nouns} here",
            place=candidate.name,
            hint="Choose a candidate of another family: headstart models",
        )
    return getattr(transformers, LOADERS[candidate.modality])


def _build(
    candidate: Candidate, class_names: tuple[str, ...], weights: str, with_head: bool, *, quantised: bool = False
) -> Network:
    from transformers import AutoConfig

    labels: dict[str, Any] = {
        "num_labels": len(class_names),
        "id2label": dict(enumerate(class_names)),
        "label2id": {name: index for index, name in enumerate(class_names)},
    }
    loader = loader_of(candidate)
    folder = str(candidate.folder)
    try:
        with quiet_transformers():
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **labels)
            if get_modality(candidate.modality).tokens:
                config.pad_token_id = padding_of(load_tokenizer(candidate))  # by it decoders find where a text ends
            if weights == "pretrained":
                packed = {"quantization_config": four_bit_settings(_outside(loader, config))} if quantised else {}
                module, loading = loader.from_pretrained(
                    folder,
                    config=config,
                    **packed,
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
    if quantised:
        same_in_training(module)
    return Network(module if quantised else module.float(), candidate, transformers_head(module))


def _outside(loader: Any, config: Any) -> list[str]:
    """Names of the layers outside the base model, found without memory for any weight."""
    with torch.device("meta"):
        module = loader.from_config(config, trust_remote_code=False)
    head = {id(part) for part in transformers_head(module).modules()}
    return [name for name, part in module.named_modules() if id(part) in head]


def transformers_head(module: nn.Module) -> nn.Module:
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
    head = {id(parameter) for parameter in transformers_head(module).parameters()}
    body = {name: weights_in(p) for name, p in module.named_parameters() if id(p) not in head}
    if 2 * sum(body.get(name, 0) for name in fresh) > sum(body.values()):
        raise ValueError("most of the weights that its config.json describes are missing or of another size")


def _renew_head(module: nn.Module) -> None:
    """Reinitialise the last layer where the checkpoint brought one for as many other classes."""
    head = last_linear(transformers_head(module))[1]
    with torch.no_grad():
        head.weight.normal_(std=getattr(module.config, "initializer_range", None) or 0.02)
        if head.bias is not None:
            head.bias.zero_()
