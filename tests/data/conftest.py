"""Small generated data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headstart.data import LabelledData, load


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("HEADSTART_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("real-cache")


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


@pytest.fixture
def make_texts():
    """Texts with given labels, and optionally groups or a test part."""
    import pandas as pd

    def make(labels, groups=None, parts=None, texts=None) -> LabelledData:
        names = [f"c{label}" for label in labels]
        frame = pd.DataFrame({"text": texts or [f"text number {i}" for i in range(len(names))], "label": names})
        options = {}
        if groups is not None:
            frame["group"] = [f"g{group}" for group in groups]
            options["group_column"] = "group"
        if parts is not None:
            frame["split"] = parts
        return load(frame, **options)

    return make
