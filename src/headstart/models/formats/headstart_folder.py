"""Headstart's own form, for what no other library's form can express.

No file of it has a name that transformers looks for (but for the tokenizer's, which alone answer nothing): a folder
whose head sits apart must not load there as a classifier with another head.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from headstart.core import BundleError
from headstart.models.card import Card
from headstart.models.code import check_code
from headstart.models.compact import COMPACT
from headstart.models.formats.configuration import read_configuration
from headstart.models.formats.transformers_folder import write_tokenizer
from headstart.models.formats.weights import check_shapes, fill, held_in, read_module, write_module
from headstart.models.inserted import BeforeHead, insert, inserted_in
from headstart.models.libraries import quiet_transformers
from headstart.models.network import Network, build, network_by_config, own_network
from headstart.models.own import PREFIX as OWN
from headstart.models.readout import HEADS, ReadoutClassifier, classifier_on

CONFIG, NETWORK, HEAD, INSERTED = "network.json", "network.safetensors", "head.safetensors", "inserted.safetensors"


def write_headstart(network: Network, card: Card, folder: Path) -> None:
    """Write weights as safetensors; a head apart and an inserted module beside the network they read."""
    classifier = network.module if isinstance(network.module, ReadoutClassifier) else None
    body = network if classifier is None else classifier.body
    write_module(body.module, folder / NETWORK)
    if card.candidate.family == "transformers":
        _write_config(body.module, folder)
        if card.candidate.modality == "text":
            write_tokenizer(card.candidate, folder)
    if classifier is not None:
        head = classifier.head.linear if isinstance(classifier.head, BeforeHead) else classifier.head
        write_module(head, folder / HEAD, next(name for name, of in HEADS.items() if type(head) is of))
    inserted = inserted_in(network)
    if inserted is not None:
        write_module(inserted, folder / INSERTED)


def _write_config(module: nn.Module, folder: Path) -> None:
    """Every value, so that another version's defaults do not change what the network computes."""
    config = json.loads(cast(Any, module).config.to_json_string(use_diff=False))
    config = {word: value for word, value in config.items() if word not in ("_name_or_path", "architectures")}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")


def read_headstart(card: Card, folder: Path, allow_code: bool = False) -> Network:
    """Read what :func:`write_headstart` wrote.

    Raises:
        BundleError: It needs code that is not allowed, or that changed.
    """
    if ":" in card.inserted:
        check_code(card.inserted, card.inserted_source, allow_code=allow_code)
    network = _read_body(card, folder, allow_code)
    if card.readout is not None:
        network = classifier_on(network, card.readout, read_module(folder / HEAD, HEADS))
    if card.inserted:
        network = insert(network, card.inserted, seed=0, here=False)
        fill(cast(nn.Module, inserted_in(network)), folder / INSERTED)
    return network


def _read_body(card: Card, folder: Path, allow_code: bool) -> Network:
    """The network alone."""
    candidate, file = card.candidate, folder / NETWORK
    if not file.exists() and (folder / "model.safetensors").exists():
        raise BundleError("the model was written by an earlier version", place=str(folder), hint="Train it again")
    if candidate.family == "transformers":
        return _read_transformers_body(card, folder)
    if candidate.family == "own":
        path = candidate.name.removeprefix(OWN)
        check_code(path, candidate.weights_hash, allow_code=allow_code)
        network = own_network(candidate, len(card.class_names), here=False)
    elif candidate.family == "timm":
        network = build(candidate, card.class_names, weights="random", seed=0)
    else:
        return Network(read_module(file, {"": COMPACT[candidate.name].build}), candidate)
    fill(network.module, file)
    return network


def _read_transformers_body(card: Card, folder: Path) -> Network:
    held = held_in(folder / NETWORK)
    config = read_configuration(folder / CONFIG, held)
    with quiet_transformers():
        with torch.device("meta"):
            check_shapes(network_by_config(card.candidate, config).module, held, NETWORK)
        network = network_by_config(card.candidate, config)
    fill(network.module, folder / NETWORK)
    return network
