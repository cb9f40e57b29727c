"""Small generated data."""

from __future__ import annotations

from pathlib import Path

import pytest

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
