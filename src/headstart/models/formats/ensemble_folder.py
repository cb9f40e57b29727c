"""Several networks in one folder: each a whole model in a folder of its own, and what they read inputs with beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from headstart.core import BundleError, ModelFormat
from headstart.models.averaged import averaged, members_of
from headstart.models.card import Card, read_card
from headstart.models.families import get_family
from headstart.models.inserted import inserted_in
from headstart.models.network import Network
from headstart.models.readout import ReadoutClassifier


def write_ensemble(
    network: Network,
    card: Card,
    folder: Path,
    write: Callable[[Any, Card, Path], None],
    format_of: Callable[[Network], ModelFormat],
) -> None:
    """Write every member by ``write`` in the form that ``format_of`` gives it."""
    get_family(card.candidate.family).write_reader(card.candidate, folder)
    for number, member in enumerate(members_of(network)):
        place = folder / f"member-{number}"
        place.mkdir()
        readout = member.module.readout if isinstance(member.module, ReadoutClassifier) else None
        inserted = "" if inserted_in(member) is None else card.inserted
        own = {"model_format": format_of(member), "readout": readout, "inserted": inserted, "members": 1}
        write(member, card.model_copy(update=own), place)


def read_ensemble(card: Card, folder: Path, allow_code: bool, read: Callable[[Card, Path, bool], Any]) -> Network:
    """Read every member by ``read``.

    Raises:
        BundleError: One is missing, or is no single network of the same classes and inputs.
    """
    places = [folder / f"member-{number}" for number in range(card.members)]
    there = [place for place in places if place.is_dir() and not place.is_symlink()]
    if len(there) != card.members:
        raise BundleError(
            f"{len(there)} of the {card.members} members are here", place=str(folder), hint="Save the model again"
        )
    members = [read_card(place) for place in places]
    for member in members:
        if member.model_format in ("ensemble", "skops") or member.class_names != card.class_names:
            raise BundleError("a member belongs to another model", place=str(folder), hint="Save the model again")
    return averaged([read(member, place, allow_code) for member, place in zip(members, places, strict=True)])
