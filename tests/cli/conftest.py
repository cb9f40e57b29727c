"""The command line inside this process, small data, and a saved model that costs no training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as JSON; fails unless it is exactly one document."""
        return json.loads(self.out)

    def failed_well(self, *words: str) -> None:
        """One message of the agreed form, exit code 1, nothing on standard output, no traceback."""
        assert self.code == 1, (self.code, self.out, self.err)
        assert self.out == ""
        assert "Traceback" not in self.err
        lines = self.err.splitlines()
        start = [number for number, line in enumerate(lines) if line.startswith("error: ")]
        assert len(start) == 1, self.err
        message = lines[start[0] :]
        assert [line.split(":")[0].strip() for line in message] in (
            ["error", "in", "hint"],
            ["error", "hint"],
            ["error", "in"],
            ["error"],
        ), self.err
        for word in words:
            assert word in "\n".join(message), self.err


@pytest.fixture
def headstart(monkeypatch, capsys, tmp_path) -> Callable[..., Done]:
    """Run a command in an empty folder, as the installed script would."""
    from headstart.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADSTART_DEBUG", "")

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["headstart", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        code = end.value.code
        return Done(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return run


@pytest.fixture
def process(tmp_path) -> Callable[..., subprocess.Popen[str]]:
    """Start a command as a process of its own, in the test's folder; whatever is left is ended afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: object) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", "from headstart.cli import main; main()", *map(str, words)],
            cwd=tmp_path,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ),
        )
        started.append(child)
        return child

    yield start
    for child in started:
        if child.poll() is None:
            child.kill()
        child.communicate()


@pytest.fixture(scope="session")
def digit_folders(tmp_path_factory) -> Path:
    """Class folders ``0`` to ``2`` with twenty real pictures of digits each."""
    from PIL import Image
    from sklearn.datasets import load_digits

    root = tmp_path_factory.mktemp("data") / "digits"
    digits = load_digits()
    for name in range(3):
        folder = root / str(name)
        folder.mkdir(parents=True)
        for number, picture in enumerate(digits.images[digits.target == name][:20]):
            Image.fromarray((255 - picture * 255 / 16).astype("uint8")).save(folder / f"{number:02d}.png")
    return root


@pytest.fixture(scope="session")
def image_model(tmp_path_factory) -> Path:
    """A saved classifier of images with random weights."""
    from headstart.models import Card, FittedModel, build, resolve

    task, names = "image-classification", ("cat", "dog")
    candidate = resolve("builtin:compact-image", task, native_size=32)
    network = build(candidate, names, weights="random", seed=0)
    card = Card(model_format="headstart", task=task, class_names=names, candidate=candidate, arm="from_scratch@x")
    return FittedModel(network, card).save(tmp_path_factory.mktemp("models") / "image")


@pytest.fixture(scope="session")
def text_model(tmp_path_factory) -> Path:
    """A saved classifier of texts with random weights."""
    from headstart.models import Card, FittedModel, build, resolve

    task, names = "text-classification", ("calm", "cross")
    candidate = resolve("builtin:compact-text", task)
    network = build(candidate, names, weights="random", seed=0)
    card = Card(model_format="headstart", task=task, class_names=names, candidate=candidate, arm="from_scratch@x")
    return FittedModel(network, card).save(tmp_path_factory.mktemp("models") / "text")
