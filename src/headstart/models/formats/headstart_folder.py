"""Headstart's own form, for what no other library's form can express.

No file of it has a name that transformers looks for (but for the tokenizer's, which alone answer nothing): a folder
whose head sits apart must not load there as a classifier with another head.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from torch import nn

from headstart.core import BundleError
from headstart.models.card import Card
from headstart.models.code import check_code
from headstart.models.families import get_family
from headstart.models.formats.weights import fill, read_module, write_module
from headstart.models.inserted import BeforeHead, insert, inserted_in
from headstart.models.network import Network
from headstart.models.readout import HEADS, ReadoutClassifier, classifier_on

NETWORK, HEAD, INSERTED = "network.safetensors", "head.safetensors", "inserted.safetensors"


def write_headstart(network: Network, card: Card, folder: Path) -> None:
    """Write weights as safetensors; a head apart and an inserted module beside the network they read."""
    classifier = network.module if isinstance(network.module, ReadoutClassifier) else None
    body = network if classifier is None else classifier.body
    get_family(card.candidate.family).write_body(body, card.candidate, folder / NETWORK)
    if classifier is not None:
        head = classifier.head.linear if isinstance(classifier.head, BeforeHead) else classifier.head
        write_module(head, folder / HEAD, next(name for name, of in HEADS.items() if type(head) is of))
    inserted = inserted_in(network)
    if inserted is not None:
        write_module(inserted, folder / INSERTED)


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
    file = folder / NETWORK
    if not file.exists() and (folder / "model.safetensors").exists():
        raise BundleError("the model was written by an earlier version", place=str(folder), hint="Train it again")
    family = get_family(card.candidate.family)
    return family.read_body(card.candidate, card.class_names, file, allow_code)
