"""The page "Add a modality", followed word for word."""

import re

import numpy as np
import pytest

from headstart.modalities import forget


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The file that the page reads, in the working directory."""
    rng = np.random.default_rng(0)
    lines = [f"{'ab'[k % 2]} {' '.join(map(str, rng.normal(k % 2, 1, 5)))}" for k in range(40)]
    (tmp_path / "set.vecs").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADSTART_CACHE", str(tmp_path / "cache"))
    yield
    forget("vector")


def test_the_page_shows_the_folder_and_its_checks_pass(checkout, source):
    page = (checkout / "docs" / "add-a-modality.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    folder = checkout / "tests" / "toys" / "vectors"
    shown = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in _FILES}
    assert [name for name, text in shown.items() if text in blocks] == list(_FILES)
    names = {"__name__": "followed"}
    rest = [block for block in blocks if block not in shown.values()]
    assert len(rest) == 2
    for number, block in enumerate(rest):
        exec(compile(block, f"docs/add-a-modality.md, check {number + 1}", "exec"), names)


_FILES = ("content", "networks", "modality", "family")
