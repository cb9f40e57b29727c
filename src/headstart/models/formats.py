"""How each kind of model is written and read: transformers', peft's and skops' own forms, and Headstart's."""

from __future__ import annotations

import copy
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from headstart.core import BundleError, ModelFormat, Record, SourceError
from headstart.models.adapters import head_names, quiet_adapters, wrap
from headstart.models.averaged import Average, averaged, members_of
from headstart.models.candidates import Candidate, resolve
from headstart.models.compact import COMPACT
from headstart.models.inserted import BeforeHead, insert, inserted_in, without_inserted
from headstart.models.network import Network, build
from headstart.models.own import PREFIX as OWN
from headstart.models.own import source_hash
from headstart.models.readout import HEADS, Readout, ReadoutClassifier, classifier_on
from headstart.models.tokenizer import load_tokenizer

CARD = "headstart.json"
NATIVE: dict[str, ModelFormat] = {
    "transformers": "transformers",
    "compact": "headstart",
    "own": "headstart",
    "timm": "headstart",
}
SKOPS_TRUSTED: list[str] = []  # TF-IDF with logistic regression needs nothing beyond what skops trusts by itself


class Card(Record):
    """What reading a model needs beside the weights, and the key of the trial that trained them.

    Attributes:
        readout: Where the features of a head apart are taken; None if the head is the network's own.
        inserted: The module before the head, as the recipe named it; empty if there is none.
        inserted_source: Hash of the file that a user's own module comes from.
        members: Networks in an ensemble.
    """

    schema_version: int = 1
    model_format: ModelFormat
    task: str
    class_names: tuple[str, ...]
    candidate: Candidate
    arm: str
    readout: Readout | None = None
    inserted: str = ""
    inserted_source: str = ""
    members: int = 1
    trial: str = ""


def format_of(network: Network) -> ModelFormat:
    """The form that can express a trained network."""
    if isinstance(network.module, Average):
        return "ensemble"
    if isinstance(network.module, ReadoutClassifier) or inserted_in(network) is not None:
        return "headstart"
    return "peft" if hasattr(network.module, "peft_config") else NATIVE[network.candidate.family]


def _write_transformers(network: Network, card: Card, folder: Path) -> None:
    network.module.save_pretrained(folder, state_dict=_on_cpu(network.module))
    candidate = card.candidate
    if candidate.modality == "text":
        load_tokenizer(candidate).save_pretrained(folder)
        _write_truncation(folder, candidate.input_size)
    else:
        _write_processor(candidate, folder)


def _on_cpu(module: nn.Module) -> dict[str, torch.Tensor]:
    """The weights as files want them, while the module (which others may share) stays where and as it is."""
    found: dict[str, torch.Tensor] = {}
    places: set[int] = set()
    for name, value in without_inserted(module).items():
        tensor = value.detach().to("cpu").contiguous()
        found[name] = tensor.clone() if tensor.data_ptr() in places else tensor  # safetensors takes no shared memory
        places.add(tensor.data_ptr())
    return found


def _write_truncation(folder: Path, limit: int) -> None:
    """Let pipelines cut texts where training did (those that are called with ``truncation=True``)."""
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "model_max_length": limit}, indent=2) + "\n")


def _write_processor(candidate: Candidate, folder: Path) -> None:
    resize = candidate.resize
    assert resize is not None
    common = {
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "resample": resize.resample,
        "image_mean": list(candidate.mean),
        "image_std": list(candidate.std),
        "do_convert_rgb": True,
    }
    if resize.mode == "squash":
        own = {"image_processor_type": "ViTImageProcessor", "size": {"height": resize.size, "width": resize.size}}
    else:
        side = {"height": resize.size, "width": resize.size}
        own = {
            "image_processor_type": "BitImageProcessor",
            "size": {"shortest_edge": resize.shorter or resize.size},
            "do_center_crop": True,
            "crop_size": side,
        }
    (folder / "preprocessor_config.json").write_text(json.dumps({**own, **common}, indent=2) + "\n")


def _write_peft(network: Network, card: Card, folder: Path) -> None:
    """The form of peft: the adapters and the trained head, without the frozen weights."""
    network.module.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    if card.candidate.modality == "text":
        load_tokenizer(card.candidate).save_pretrained(folder)


def _read_peft(card: Card, folder: Path) -> Network:
    """Put the adapters back on the candidate's weights, which must be the same as when they were trained."""
    from peft import PeftModel

    try:
        candidate = resolve(card.candidate.name, card.task)
    except SourceError as error:
        raise BundleError(
            f"the adapters sit on {card.candidate.name}, which cannot be had here: {error.fact}",
            place=str(folder),
            hint="Put it back where it was, or save merged() models, which stand for themselves",
        ) from None
    if candidate.weights_hash != card.candidate.weights_hash:
        raise BundleError(
            f"the adapters belong to other weights of {candidate.name} than those found here",
            place=str(folder),
            hint="Restore the candidate they were trained on",
        )
    network = build(candidate, card.class_names, weights="pretrained", seed=0)
    heads = head_names(network)
    with quiet_adapters():
        module = PeftModel.from_pretrained(network.module, str(folder))
    return wrap(module, network, heads)


def _read_transformers(card: Card, folder: Path) -> Network:
    candidate = card.candidate.model_copy(update={"has_weights": True})
    return build(candidate, card.class_names, weights="pretrained", seed=0, with_head=True)


def _write_headstart(network: Network, card: Card, folder: Path) -> None:
    """Weights as safetensors; a head apart and an inserted module beside the network whose features they read."""
    body = network if card.readout is None else network.module.body
    if card.candidate.family == "transformers":
        _write_transformers(body, card, folder)
    else:
        _write_module(body.module, folder / "model.safetensors")
    if card.readout is not None:
        head = network.module.head.linear if isinstance(network.module.head, BeforeHead) else network.module.head
        _write_module(head, folder / "head.safetensors", next(name for name, of in HEADS.items() if type(head) is of))
    inserted = inserted_in(network)
    if inserted is not None:
        _write_module(inserted, folder / "inserted.safetensors")


def _read_headstart(card: Card, folder: Path) -> Network:
    network = _read_plain(card, folder)
    if card.inserted:
        if ":" in card.inserted:
            _check_source(card.inserted, card.inserted_source)
        network = insert(network, card.inserted, seed=0)
        _fill(cast(nn.Module, inserted_in(network)), folder / "inserted.safetensors")
    return network


def _read_plain(card: Card, folder: Path) -> Network:
    """What :func:`_write_headstart` wrote, without the inserted module."""
    if card.candidate.family == "transformers":
        candidate = card.candidate.model_copy(update={"has_weights": True})
        body = build(candidate, card.class_names, weights="pretrained", seed=0, with_head=True)
    elif card.candidate.family in ("own", "timm"):
        if card.candidate.family == "own":
            _check_source(card.candidate.name.removeprefix(OWN), card.candidate.weights_hash)
        body = build(card.candidate, card.class_names, weights="random", seed=0)
        _fill(body.module, folder / "model.safetensors")
    else:
        made = COMPACT[card.candidate.name]
        body = Network(_read_module(folder / "model.safetensors", {"": made.build}), card.candidate)
    if card.readout is None:
        return body
    return classifier_on(body, card.readout, _read_module(folder / "head.safetensors", HEADS))


def _check_source(path: str, saved: str) -> None:
    """Refuse code that changed since the model was saved: the same weights would then mean something else.

    Raises:
        BundleError: It changed.
    """
    if saved and source_hash(path) != saved:
        raise BundleError(
            f"the file of {path} is not as it was when the model was saved", hint="Restore it, or train the model anew"
        )


def _write_module(module: nn.Module, file: Path, kind: str = "") -> None:
    """A module's weights, with what its class must be called with."""
    from safetensors.torch import save_file

    settings = {"kind": kind, "settings": json.dumps(getattr(module, "settings", {}))}
    save_file(_on_cpu(module), file, metadata=settings)


def _read_module(file: Path, kinds: Mapping[str, Callable[..., nn.Module]]) -> nn.Module:
    """Build a module from the settings in a safetensors file, then fill it."""
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    module = kinds[metadata["kind"]](**json.loads(metadata["settings"]))
    _fill(module, file)
    return module


def _fill(module: nn.Module, file: Path) -> None:
    from safetensors.torch import load_file

    module.load_state_dict(load_file(file))


def _write_ensemble(network: Network, card: Card, folder: Path) -> None:
    """Each member as a whole model in a folder of its own; what they all read inputs with beside them."""
    if card.candidate.family == "transformers" and card.candidate.modality == "text":
        load_tokenizer(card.candidate).save_pretrained(folder)
    for number, member in enumerate(members_of(network)):
        place = folder / f"member-{number}"
        place.mkdir()
        readout = member.module.readout if isinstance(member.module, ReadoutClassifier) else None
        inserted = "" if inserted_in(member) is None else card.inserted
        own = {"model_format": format_of(member), "readout": readout, "inserted": inserted, "members": 1}
        write(member, card.model_copy(update=own), place)


def _read_ensemble(card: Card, folder: Path) -> Network:
    places = sorted(folder.glob("member-*"), key=lambda place: int(place.name.removeprefix("member-")))
    if len(places) != card.members:
        raise BundleError(
            f"{len(places)} of the {card.members} members are here", place=str(folder), hint="Save the model anew"
        )
    return averaged([read(Card.model_validate_json((place / CARD).read_text()), place) for place in places])


def _write_skops(pipeline: Any, card: Card, folder: Path) -> None:
    import skops.io

    skops.io.dump(_with_word_arrays(pipeline), folder / "model.skops", compression=zipfile.ZIP_DEFLATED)


def _with_word_arrays(pipeline: Any) -> Any:
    """A copy whose vocabularies are arrays, from which the vectorisers make their dicts again at first use.

    skops writes a dict word by word, which takes minutes for the 100,000 of them that a few thousand texts have.
    """
    slim = copy.deepcopy(pipeline)
    parts = [part for step in slim.named_steps.values() for _, part in getattr(step, "transformer_list", ())]
    for part in parts:
        if not hasattr(part, "vocabulary_"):  # just read from disk, so it holds an array already
            continue
        words = sorted(part.vocabulary_, key=part.vocabulary_.__getitem__)
        if any(word.endswith("\0") for word in words):  # an array of strings would lose it
            part.vocabulary_ = {word: int(place) for word, place in part.vocabulary_.items()}
            continue
        part.set_params(vocabulary=np.asarray(words))
        part.fixed_vocabulary_ = True
        del part.vocabulary_
    return slim


def _read_skops(card: Card, folder: Path) -> Any:
    import skops.io

    file = folder / "model.skops"
    unknown = [name for name in skops.io.get_untrusted_types(file=file) if name not in SKOPS_TRUSTED]
    if unknown:
        raise BundleError(
            f"the file holds types that are not trusted: {', '.join(unknown)}",
            place=str(file),
            hint="It was not written by Headstart; do not load it",
        )
    return skops.io.load(file, trusted=SKOPS_TRUSTED)


WRITERS = {
    "transformers": _write_transformers,
    "peft": _write_peft,
    "headstart": _write_headstart,
    "skops": _write_skops,
    "ensemble": _write_ensemble,
}
READERS = {
    "transformers": _read_transformers,
    "peft": _read_peft,
    "headstart": _read_headstart,
    "skops": _read_skops,
    "ensemble": _read_ensemble,
}


def write(model: Any, card: Card, folder: Path) -> None:
    """Write a model into an empty folder, with its card."""
    WRITERS[card.model_format](model, card, folder)
    candidate = card.candidate.model_copy(update={"folder": None})  # the bundle stands for itself
    (folder / CARD).write_text(card.model_copy(update={"candidate": candidate}).model_dump_json(indent=2) + "\n")


def read(card: Card, folder: Path) -> Any:
    """Read the model that a card describes."""
    own = card.model_copy(update={"candidate": card.candidate.model_copy(update={"folder": str(folder)})})
    return READERS[card.model_format](own, folder)
