"""What every test stands on: its own cache, no hub, screens of 80 columns, and the real data where there is any."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")

CHECKOUT = Path(__file__).parent.parent

# Before any library reads them. Threads are left as the user set them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["COLUMNS"] = "80"
for name in ("NO_COLOR", "FORCE_COLOR", "HEADSTART_DEBUG"):
    os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory) -> Path:
    """No test, and no process that a test starts, reads or writes the user's cache."""
    folder = tmp_path_factory.mktemp("headstart-cache")
    before = os.environ.get("HEADSTART_CACHE")
    os.environ["HEADSTART_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["HEADSTART_CACHE"]
    else:
        os.environ["HEADSTART_CACHE"] = before


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder with pyproject.toml."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the real data sets; tests that ask for it are skipped where there is none.

    ``HEADSTART_REAL_DATA`` names it; otherwise ``shared/data`` in the checkout or beside it.
    """
    named = os.environ.get("HEADSTART_REAL_DATA")
    places = [Path(named)] if named else [CHECKOUT / "shared" / "data", CHECKOUT.parent / "shared" / "data"]
    for place in places:
        if place.is_dir():
            return place
    pytest.skip("the real data sets are not here (HEADSTART_REAL_DATA names their folder)")


@pytest.fixture
def colours(tmp_path):
    """Three classes of 14 noisy images, told apart by their colour."""
    rng = np.random.default_rng(0)
    for channel, name in enumerate(("red", "green", "blue")):
        for index in range(14):
            pixels = rng.integers(0, 120, (16, 16, 3))
            pixels[..., channel] += 100
            (tmp_path / "colours" / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "colours" / name / f"{index}.png")
    return tmp_path / "colours"


@pytest.fixture
def users_module(tmp_path, monkeypatch) -> Callable[[str, str], str]:
    """Writes a module of a user's into what becomes the working directory, and returns its name."""
    written = []

    def write(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


@pytest.fixture
def save_image():
    def save(path: Path, seed: int = 0, size: tuple[int, int] = (20, 16), **options) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path, **options)
        return path

    return save


@pytest.fixture
def class_folders(tmp_path, save_image):
    """Two classes of six PNG images each, in ``pets``."""
    root = tmp_path / "pets"
    for c, name in enumerate(("cat", "dog")):
        for i in range(6):
            save_image(root / name / f"{i:02d}.png", seed=10 * c + i)
    return root


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return path

    return write
